//! hw-sim
