//! One permit records one outcome.

fn record_twice(rt: &kiff::Blocking, permit: kiff::Permit) {
    let _ = rt.record_outcome(permit, Ok(kiff::Outcome::new("paid")));
    let _ = rt.record_outcome(permit, Ok(kiff::Outcome::new("paid again")));
}

fn main() {
    let _ = record_twice;
}
