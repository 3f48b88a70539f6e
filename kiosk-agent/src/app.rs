//! The app: the same terminal at home, on a resident's own device, that keeps the certificates it was issued (`docs/app.md`).
//!
//! | module | what |
//! |---|---|
//! | [`screen`] | what the page is told, as JSON |
//! | [`intent`] | what the page may say |
//! | [`wallet`] | certificates kept on the device, encrypted |
//! | [`export`] | a certificate's page as a picture |
//! | [`verifying`] | somebody's certificate, looked at |
//!
//! As at a kiosk, the page decides nothing and keeps nothing. Nothing of an application is kept (requirement A3): when it ends, whatever
//! ends it, there are the issued certificates and nothing else.

pub mod export;
pub mod intent;
pub mod screen;
pub mod verifying;
pub mod wallet;
