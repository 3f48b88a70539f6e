//! vrs
