//! The browser front end: a page, served on loopback to the kiosk's own browser, that shows what the core pushes.
//!
//! | module | what |
//! |---|---|
//! | [`desk`] | what stands on the screen: the core's views, and the small steps between them that no core has to know |
//! | [`attendant`] | what lets the attendant in, and what one sees |
//! | [`intent`] | what the page may say |
//! | [`screen`] | what the page is told, as JSON |
//! | `door` | HTTP on loopback; who is let in |
//! | [`server`] | what is behind it: the page's files, a stream of screens, intents |
//! | [`assets`] | the page's files, part of the program |
//! | [`front`] | all of it as the core's [`FrontEnd`](crate::ports::FrontEnd) |
//! | [`browser`] | the browser's processes, on an empty profile in memory |
//! | [`keeper`] | a browser at work at all times: one that is lost is replaced |
//!
//! The page decides nothing and keeps nothing. It is told digits of a PIN only as their number: each press goes to the core at once.

pub mod assets;
pub mod attendant;
pub mod browser;
pub mod desk;
pub(crate) mod door;
pub mod front;
pub mod intent;
pub mod keeper;
pub mod screen;
pub mod server;
