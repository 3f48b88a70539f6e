//! The app: a person at home, with a reader of their own.
//!
//! | module | what |
//! |---|---|
//! | [`wallet`] | certificates kept on the device, encrypted |

pub mod wallet;
