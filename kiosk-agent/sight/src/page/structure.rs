//! Whether a document is built as ours are: of so few parts that every reader draws the same.
//!
//! ```text
//! catalog ── pages ── one page ── content
//!                             └── fonts, stencils
//! ```
//! A printer shows what a screen does not, and the other way round: what lies outside the page's crop box, layers and annotations for print alone,
//! another image for print, transfer functions, changes behind the end (ISO 32000-1, 14.11.2, 8.11, 12.5, 8.9.5.4, 10.5, 7.5.6). Of what
//! is named here nothing can be such a part; and whatever else there may be is none of ours, whether or not it would be harmless.

use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Array, Dict, Name, Rect, Stream};
use hayro::hayro_syntax::page::Page;

/// Keys that a dictionary may have.
type Keys = &'static [&'static [u8]];

const CATALOG: Keys = &[
    b"Type",
    b"Pages",
    b"Metadata",
    b"Outlines",
    b"Lang",
    b"StructTreeRoot",
    b"MarkInfo",
    b"ViewerPreferences",
];
const PAGES: Keys = &[b"Type", b"Kids", b"Count"];
const PAGE: Keys = &[
    b"Type",
    b"Parent",
    b"MediaBox",
    b"Resources",
    b"Contents",
    b"StructParents",
    b"Tabs",
];
const RESOURCES: Keys = &[b"Font", b"XObject", b"ProcSet"];
const CONTENT: Keys = &[b"Length", b"Filter"];
const STENCIL: Keys = &[
    b"Type",
    b"Subtype",
    b"Width",
    b"Height",
    b"ImageMask",
    b"BitsPerComponent",
    b"Length",
    b"Filter",
];

/// Stands at a document's end, once for each time that it was changed.
const START: &[u8] = b"startxref";

/// Whether the document is of such parts alone, and this is its page.
pub(super) fn is_ours(pdf: &Pdf, page: &Page<'_>) -> bool {
    is_of_one_piece(pdf.data().as_ref()) && is_only_page(pdf, page).is_some() && is_plain(page)
}

fn is_of_one_piece(pdf: &[u8]) -> bool {
    pdf.windows(START.len()).filter(|it| *it == START).count() == 1
}

fn has_only(dict: &Dict<'_>, keys: Keys) -> bool {
    dict.keys().all(|key| keys.contains(&&*key))
}

/// The page is the only one and inherits nothing.
fn is_only_page(pdf: &Pdf, page: &Page<'_>) -> Option<()> {
    let catalog: Dict<'_> = pdf.xref().get(pdf.xref().root_id())?;
    let pages: Dict<'_> = catalog.get(b"Pages")?;
    let kids: Array<'_> = pages.get(b"Kids")?;
    let mut kids = kids.iter::<Dict<'_>>();
    let page = page.raw();
    let is_it = kids.next()?.obj_id() == Some(page.obj_id()?) && kids.next().is_none();
    let has_no_more =
        has_only(&catalog, CATALOG) && has_only(&pages, PAGES) && has_only(page, PAGE);
    (is_it && has_no_more).then_some(())
}

fn is_plain(page: &Page<'_>) -> bool {
    let Some(resources) = page.raw().get::<Dict<'_>>(b"Resources") else {
        return false;
    };
    let at_origin = page.raw().get::<Rect>(b"MediaBox");
    let stencils = resources.get::<Dict<'_>>(b"XObject").unwrap_or_default();
    at_origin.is_some_and(|it| (it.x0, it.y0) == (0.0, 0.0))
        && has_only(&resources, RESOURCES)
        && has_plain_content(page.raw())
        && stencils
            .keys()
            .all(|name| stencils.get::<Stream<'_>>(&*name).is_some_and(is_stencil))
}

fn has_plain_content(page: &Dict<'_>) -> bool {
    let is_plain = |content: Stream<'_>| has_only(content.dict(), CONTENT) && is_packed(&content);
    if let Some(content) = page.get::<Stream<'_>>(b"Contents") {
        return is_plain(content);
    }
    let Some(contents) = page.get::<Array<'_>>(b"Contents") else {
        return false;
    };
    contents.iter::<Stream<'_>>().count() == contents.raw_iter().count()
        && contents.iter::<Stream<'_>>().all(is_plain)
}

fn is_stencil(image: Stream<'_>) -> bool {
    let dict = image.dict();
    has_only(dict, STENCIL)
        && is_packed(&image)
        && dict.get::<bool>(b"ImageMask") == Some(true)
        && dict
            .get::<Name<'_>>(b"Subtype")
            .is_some_and(|it| *it == *b"Image")
}

/// Packed as nothing but DEFLATE packs, or not at all.
fn is_packed(stream: &Stream<'_>) -> bool {
    let dict = stream.dict();
    !dict.contains_key(b"Filter")
        || dict
            .get::<Name<'_>>(b"Filter")
            .is_some_and(|it| *it == *b"FlateDecode")
}

#[cfg(test)]
mod tests {
    use dev_pages::{document, stream};
    use qrcode::{Color, EcLevel, QrCode};

    use crate::page::{PageError, check};

    const TEXT: &str = "what is expected, and long enough for modules as fine as a certificate's: \
        what is expected, and long enough for modules as fine as a certificate's";

    /// What the parts of a document say besides, each for itself.
    #[derive(Default)]
    struct Besides {
        catalog: &'static str,
        pages: &'static str,
        page: &'static str,
        media_box: Option<&'static str>,
        resources: &'static str,
        content: &'static str,
        stencil: &'static str,
        /// Behind the end.
        end: &'static str,
    }

    /// A page with one symbol, and what may be named by it: a form, an annotation, a picture, each without anything in it.
    fn page(besides: &Besides) -> Vec<u8> {
        let code = QrCode::with_error_correction_level(TEXT, EcLevel::L).unwrap();
        let width = code.width();
        let samples: Vec<u8> = (0..width)
            .flat_map(|y| (0..width).step_by(8).map(move |x| (x, y)))
            .map(|(first, y)| {
                let is_light = |x| x >= width || code[(x, y)] == Color::Light;
                (first..first + 8).fold(0, |byte, x| byte << 1 | u8::from(is_light(x)))
            })
            .collect();
        let Besides {
            catalog,
            pages,
            page,
            media_box,
            resources,
            content,
            stencil,
            end,
        } = besides;
        let media_box = media_box.unwrap_or("0 0 300 300");
        let objects = [
            format!("<</Type/Catalog/Pages 2 0 R{catalog}>>").into_bytes(),
            format!("<</Type/Pages/Kids[3 0 R]/Count 1{pages}>>").into_bytes(),
            format!("<</Type/Page/Parent 2 0 R/MediaBox[{media_box}]/Resources<</XObject<</S 5 0 R>>{resources}>>/Contents 4 0 R{page}>>").into_bytes(),
            stream(content, b"q 96 0 0 96 48 48 cm /S Do Q"),
            stream(
                &format!("/Type/XObject/Subtype/Image/Width {width}/Height {width}/ImageMask true/BitsPerComponent 1{stencil}"),
                &samples,
            ),
            stream("/Type/XObject/Subtype/Form/BBox[0 0 1 1]", b""),
            b"<</Type/Annot/Subtype/Square/Rect[0 0 1 1]/F 36/AP<</N 6 0 R>>>>".to_vec(),
            b"<</Type/OCG/Name(L)>>".to_vec(),
        ];
        let mut pdf = document(&objects);
        pdf.extend(end.as_bytes());
        pdf
    }

    #[test]
    fn what_readers_differ_in_is_on_no_page_of_ours() {
        let none = Besides::default;
        assert_eq!(check(&page(&none()), &[TEXT]), Ok(()), "the control");
        let of_page = |page| Besides { page, ..none() };
        let of_catalog = |catalog| Besides { catalog, ..none() };
        let of_pages = |pages| Besides { pages, ..none() };
        let of_stencil = |stencil| Besides { stencil, ..none() };
        let of_resources = |resources| Besides {
            resources,
            ..none()
        };
        let others = [
            of_page("/CropBox[0 0 200 200]"),
            of_page("/TrimBox[0 0 200 200]"),
            of_page("/Rotate 180"),
            of_page("/UserUnit 2"),
            of_page("/Annots[7 0 R]"),
            of_page("/Group<</S/Transparency>>"),
            of_pages("/CropBox[0 0 200 200]"),
            of_pages("/Rotate 180"),
            of_catalog("/OCProperties<</OCGs[8 0 R]/D<</OFF[8 0 R]>>>>"),
            of_catalog("/AcroForm<</Fields[]>>"),
            of_catalog("/OpenAction[3 0 R/Fit]"),
            of_resources("/ExtGState<</G<</TR/Identity>>>>"),
            of_resources("/ColorSpace<</DefaultGray/DeviceGray>>"),
            of_resources("/Properties<</L 8 0 R>>"),
            of_stencil("/OC 8 0 R"),
            of_stencil("/Alternates[<</Image 5 0 R/DefaultForPrinting true>>]"),
            of_stencil("/Interpolate true"),
            Besides {
                media_box: Some("0 -20 300 300"),
                ..none()
            },
            Besides {
                content: "/DecodeParms null",
                ..none()
            },
            Besides {
                content: "/Filter[/ASCIIHexDecode]",
                ..none()
            },
            Besides {
                end: "\nstartxref\n0\n%%EOF",
                ..none()
            },
        ];
        for (number, besides) in others.iter().enumerate() {
            let checked = check(&page(besides), &[TEXT]);
            assert_eq!(checked, Err(PageError::Other), "{number}");
        }
    }

    #[test]
    fn only_stencils_are_named() {
        let named = page(&Besides::default());
        let find = |needle: &[u8]| named.windows(needle.len()).position(|it| it == needle);
        let at = find(b"/S 5 0 R>>").unwrap();
        let mut form = named.clone();
        form[at..][..8].copy_from_slice(b"/S 6 0 R");
        assert_eq!(check(&form, &[TEXT]), Err(PageError::Other));
        let at = find(b"/ImageMask true").unwrap();
        let mut grey = named.clone();
        grey[at..][..15].copy_from_slice(b"/ImageMask null");
        assert_eq!(check(&grey, &[TEXT]), Err(PageError::Other));
    }
}
