//! The right to run an effect cannot be made outside the runtime.

fn main() {
    let _ = kiff::Permit { cleared: unimplemented!() };
}
