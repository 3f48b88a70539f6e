//! The real processes, driven from outside.

fn main() {}
