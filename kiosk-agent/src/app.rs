//! The app: the same terminal at home, on a resident's own device, that keeps the certificates it was issued (`docs/app.md`).
//!
//! | module | what |
//! |---|---|
//! | [`screen`] | what the page is told, as JSON |
//! | [`intent`] | what the page may say |
//! | [`desk`] | what stands on the screen |
//! | [`front`] | the desk behind a lock, screens out, intents in |
//! | [`conduct`] | leads from screen to screen, through an application or to a certificate |
//! | [`server`] | HTTP on loopback: the page's files, screens, presses, pictures |
//! | [`config`], [`opening`] | `app.toml`; how the page comes to the browser |
//! | [`porter`] | who opens the wallet, and when it locks |
//! | [`kinds`], [`picture`] | which kinds; a picture on its way |
//! | [`shelf`] | certificates as they are shown |
//! | [`wallet`] | certificates kept on the device, encrypted |
//! | [`scanner`], [`passports`] | codes and passports, read in programs of their own |
//! | [`verifying`] | somebody's certificate, looked at |
//!
//! As at a kiosk, the page decides nothing and keeps nothing. Nothing of an application is kept (requirement A3): when it ends, whatever
//! ends it, there are the issued certificates and nothing else.

mod apart;
pub mod conduct;
pub mod config;
pub mod desk;
pub mod front;
pub mod intent;
pub mod kinds;
pub mod opening;
pub mod passports;
pub mod picture;
pub mod porter;
pub mod scanner;
pub mod screen;
pub mod server;
pub mod shelf;
pub mod verifying;
pub mod wallet;
