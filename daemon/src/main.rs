//! Backhaul.
fn main() {}
