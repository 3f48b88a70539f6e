//! What the terminal sees: pages of certificates, and pictures of passports. It knows nothing of cards, centers and residents, opens no file and
//! logs nothing; what it keeps of a picture meanwhile is wiped.
//!
//! | module | what |
//! |---|---|
//! | [`page`] | the QR codes of a page (PDF) read back and compared |
//! | [`sheet`] | a page as a picture |
//! | [`passport`] | a passport's lines read from a picture |
//!
//! A crate of its own, so that it is optimised in development builds too: it looks at millions of dots.

pub mod page;
pub mod passport;
pub mod sheet;
