//! Checks of the repository on itself.
fn main() {}
