//! One permit settles one execution.

fn settle_twice(rt: &kiff::Blocking, permit: kiff::Permit) {
    let _ = rt.settle(permit, Ok(kiff::Outcome::new("paid")));
    let _ = rt.settle(permit, Ok(kiff::Outcome::new("paid again")));
}

fn main() {
    let _ = settle_twice;
}
