//! A certificate taken out of the app: its page as it was issued, and as a picture.

use std::io::Cursor;
use std::sync::Arc;

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_syntax::Pdf;
use hayro::kurbo::Affine;
use hayro::vello_cpu::RenderContext;
use hayro::{RenderCache, RenderSettings, render_into};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use zeroize::Zeroizing;

use crate::on_paper;

/// Dots an inch. A module of the largest code on a page is 3.2 dots wide: it reads from the screen of a phone, and the page can
/// be printed.
pub const RESOLUTION: f32 = 200.0;
const POINTS_PER_INCH: f32 = 72.0;
/// No side longer than that of A4, in points, with some room.
const LONGEST_SIDE: f32 = 850.0;

/// There is no picture of this document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one page of A4 at most")]
pub struct NotAPage;

/// A page (PDF) as a PNG of the whole sheet at [`RESOLUTION`]. Takes some hundred milliseconds: call it where a thread may block.
///
/// # Errors
/// [`NotAPage`]
pub fn picture(page: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotAPage> {
    let pdf = Pdf::new(Arc::new(Zeroizing::new(page.to_vec()))).map_err(|_| NotAPage)?;
    let [page] = &pdf.pages()[..] else {
        return Err(NotAPage);
    };
    let (width, height) = page.render_dimensions();
    if !(width.max(height) <= LONGEST_SIDE && width.min(height) > 0.0) {
        return Err(NotAPage);
    }
    let scale = RESOLUTION / POINTS_PER_INCH;
    let (width, height) = (dots(width * scale), dots(height * scale));
    let mut context = RenderContext::new(width, height);
    render_into(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &mut context,
        Affine::scale(f64::from(scale)) * page.initial_transform(true).to_kurbo(),
    );
    let pixmap = on_paper(context, width, height);
    // On white paper nothing is transparent.
    let dots = pixmap.data().iter().flat_map(|dot| [dot.r, dot.g, dot.b]);
    let dots = Zeroizing::new(dots.collect::<Vec<u8>>());
    let mut picture = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut picture, CompressionType::Default, FilterType::Adaptive)
        .write_image(&dots, width.into(), height.into(), ExtendedColorType::Rgb8)
        .map_err(|_| NotAPage)?;
    Ok(Zeroizing::new(picture.into_inner()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side is positive and bounded"
)]
fn dots(length: f32) -> u16 {
    length.ceil() as u16
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use dev_pages::page;

    #[test]
    fn a_picture_of_a_page_reads_with_a_decoder_that_is_not_ours() {
        // As large as a certificate's.
        let texts = [
            format!("shc:/{}", "5676290952432060346029243740446031222959532654603460292540772804336028702864716745222809286133314564376531415906402203064504590856435503414245413640370636654171372412363803043756220467374075323239254334433260573601064137".repeat(4)),
            "another code".to_owned(),
        ];
        let texts = texts.each_ref().map(String::as_str);
        let picture = picture(&page(&texts)).unwrap();
        let read = image::load_from_memory(&picture).unwrap();
        assert_eq!((read.width(), read.height()), (1653, 2339));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.png");
        std::fs::write(&path, &*picture).unwrap();
        let zbar = Command::new("zbarimg")
            .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
            .arg(&path)
            .output()
            .unwrap();
        let said = String::from_utf8(zbar.stdout).unwrap();
        let mut said: Vec<_> = said.lines().collect();
        said.sort_unstable();
        let mut expected = texts.to_vec();
        expected.sort_unstable();
        assert_eq!(said, expected);
    }

    #[test]
    fn what_is_not_one_page_has_no_picture() {
        for document in [&b""[..], b"%PDF-1.7", b"no document at all"] {
            assert_eq!(picture(document).map(drop), Err(NotAPage));
        }
        let mut document = krilla::Document::new();
        for _ in 0..2 {
            document.start_page().finish();
        }
        assert_eq!(
            picture(&document.finish().unwrap()).map(drop),
            Err(NotAPage)
        );
        let huge = krilla::page::PageSettings::from_wh(2000.0, 2000.0).unwrap();
        let mut document = krilla::Document::new();
        document.start_page_with(huge).finish();
        assert_eq!(
            picture(&document.finish().unwrap()).map(drop),
            Err(NotAPage)
        );
    }
}
