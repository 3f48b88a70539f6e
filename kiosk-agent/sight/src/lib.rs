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

use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};

pub mod page;
pub mod passport;
pub mod sheet;

/// What was drawn, on white paper.
fn on_paper(mut context: RenderContext, width: u16, height: u16) -> Pixmap {
    context.flush();
    let mut pixmap = Pixmap::new(width, height);
    let settings = RasterizerSettings {
        target_init: TargetInit::Clear(WHITE),
        ..RasterizerSettings::default()
    };
    context.render_with(&mut pixmap, &mut Resources::default(), settings);
    pixmap
}
