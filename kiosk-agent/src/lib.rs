//! The terminal: what a resident's application goes through between card, issuance center and paper.
//!
//! | module | what |
//! |---|---|
//! | [`session`] | an application as a chain of consumed states: the rules |
//! | [`conduct`] | leads one application along that chain, pushing views and taking intents |
//! | [`ports`] | card, center and front end as traits |
//! | [`reader`], [`channel`] | a real card over PC/SC; a real center over mutual TLS |
//! | [`app`] | the app: a resident's own device, and the certificates it keeps |
//! | [`keystore`], [`enrolment`] | an app: the device's keystore, and how it gets a certificate from the center |
//! | [`output`] | folder and IPP printer |
//! | [`web`] | the browser front end: page, loopback server, browser |
//! | [`beside`] | processes beside the confined core: what starts the browser, what looks names up |
//! | [`kiosk`] | the program `kiosk` |
//! | [`cabinet`] | payment unit, card slot sensor, output tray sensor |
//! | [`handover`] | the check that everything passes before it is shown, written or printed |
//! | [`hours`] | when applications are taken |
//! | [`latch`] | out of service, once that check failed |
//! | [`program`] | what the programs share |
//! | [`config`], [`text`] | `kiosk.toml`; what a front end says, by language |
//!
//! Nothing about a resident is logged, stored or kept past the application: every state wipes what it holds when it is
//! dropped. Nothing here knows keys of the center.

pub mod app;
pub mod beside;
pub mod cabinet;
pub mod channel;
pub mod conduct;
pub mod config;
pub mod enrolment;
pub mod event;
pub mod handover;
pub mod hours;
pub mod key;
pub mod keystore;
pub mod kiosk;
pub mod latch;
mod money;
pub mod output;
pub mod ports;
pub mod program;
pub mod reader;
pub mod session;
pub mod text;
pub mod web;
