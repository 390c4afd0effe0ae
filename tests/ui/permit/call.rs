//! An executor is called by the runtime alone: nobody else can make what it is given.

fn main() {
    let _ = kiff::domain::Call { attempt: 1, ..unimplemented!() };
}
