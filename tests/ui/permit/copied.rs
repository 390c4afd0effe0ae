//! A permit is not copied.

fn copy(permit: &kiff::Permit) -> kiff::Permit {
    permit.clone()
}

fn main() {
    let _ = copy;
}
