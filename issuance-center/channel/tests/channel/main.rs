//! The channel over real sockets on loopback.

mod stage;

mod exchange;
