//! Whether a document is built as ours are: of so few parts that every reader draws the same.
//!
//! ```text
//! catalog ── pages ── one page ── content
//!                             └── fonts, stencils
//! ```
//! A printer shows what a screen does not, and the other way round: what lies outside the page's crop box, layers and annotations for print alone,
//! another image for print, transfer functions, fonts that are not in the document (ISO 32000-1, 14.11.2, 8.11, 12.5, 8.9.5.4, 10.5, 9.9). Of what
//! is named here nothing can be such a part; and whatever else there may be is none of ours, whether or not it would be harmless.
//! A stream is inflated to a bound, before anything draws it.

use hayro::hayro_syntax::Pdf;
use hayro::hayro_syntax::object::{Array, Dict, Name, Rect, Stream};
use hayro::hayro_syntax::page::Page;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;
use zeroize::Zeroizing;

use super::WIDEST;
use super::content::{self, Named};

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
const STREAM: Keys = &[b"Length", b"Filter"];
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
const FONT: Keys = &[
    b"Type",
    b"Subtype",
    b"BaseFont",
    b"Encoding",
    b"DescendantFonts",
    b"ToUnicode",
];
const CID_FONT: Keys = &[
    b"Type",
    b"Subtype",
    b"BaseFont",
    b"CIDSystemInfo",
    b"FontDescriptor",
    b"DW",
    b"W",
    b"CIDToGIDMap",
];
const DESCRIPTOR: Keys = &[
    b"Type",
    b"FontName",
    b"Flags",
    b"FontBBox",
    b"ItalicAngle",
    b"Ascent",
    b"Descent",
    b"CapHeight",
    b"StemV",
    b"FontFile2",
];

/// Longest stream that is read, once it is inflated.
const LONGEST: usize = 8 << 20;
/// Most parts of content, fonts, and stencils: twice those of a page of ours.
const MOST_PARTS: usize = 4;
const MOST_FONTS: usize = 12;
const MOST_STENCILS: usize = 4;
/// Widest glyph, in thousandths of its size.
const WIDEST_GLYPH: f64 = 10_000.0;
/// How a font file with TrueType outlines begins.
const TRUE_TYPE: &[u8] = &[0, 1, 0, 0];

/// Whether the document is of such parts alone, and this is its page.
pub(super) fn is_ours(pdf: &Pdf, page: &Page<'_>) -> bool {
    is_only_page(pdf, page).is_some() && is_plain(page.raw()).is_some()
}

fn has_only(dict: &Dict<'_>, keys: Keys) -> Option<()> {
    dict.keys().all(|key| keys.contains(&&*key)).then_some(())
}

fn names(dict: &Dict<'_>, key: &[u8], name: &[u8]) -> Option<()> {
    let named: Name<'_> = dict.get(key)?;
    (*named == *name).then_some(())
}

/// The dictionary that is all that an array holds.
fn only<'a>(array: &Array<'a>) -> Option<Dict<'a>> {
    let only = array.iter().next()?;
    (array.raw_iter().count() == 1).then_some(only)
}

/// The page is the only one and inherits nothing.
fn is_only_page(pdf: &Pdf, page: &Page<'_>) -> Option<()> {
    let catalog: Dict<'_> = pdf.xref().get(pdf.xref().root_id())?;
    let pages: Dict<'_> = catalog.get(b"Pages")?;
    let kid = only(&pages.get(b"Kids")?)?;
    let page = page.raw();
    has_only(&catalog, CATALOG)?;
    has_only(&pages, PAGES)?;
    has_only(page, PAGE)?;
    let id = page.obj_id()?;
    let is_it = kid.obj_id() == Some(id)
        && pages.get::<i32>(b"Count") == Some(1)
        && page.get_ref(b"Parent") == catalog.get_ref(b"Pages");
    is_it.then_some(())
}

fn is_plain(page: &Dict<'_>) -> Option<()> {
    let resources: Dict<'_> = page.get(b"Resources")?;
    let media_box: Rect = page.get(b"MediaBox")?;
    has_only(&resources, RESOURCES)?;
    let fonts: Dict<'_> = resources.get(b"Font").unwrap_or_default();
    let stencils: Dict<'_> = resources.get(b"XObject").unwrap_or_default();
    if fonts.len() > MOST_FONTS || stencils.len() > MOST_STENCILS {
        return None;
    }
    let fonts: Option<Vec<_>> = fonts
        .keys()
        .map(|name| Some((name.to_vec(), glyphs(&fonts.get(&*name)?)?)))
        .collect();
    let fonts = fonts?;
    let named = Named {
        glyphs: |name: &[u8]| {
            let font = fonts.iter().find(|(it, _)| it == name);
            font.map(|(_, glyphs)| *glyphs)
        },
        is_stencil: |name: &[u8]| stencils.contains_key(name),
    };
    let mut images = stencils.keys().map(|name| stencils.get(&*name));
    let is_so = images.all(|it| it.is_some_and(|it| is_stencil(&it).is_some()))
        && contents(page)?
            .iter()
            .all(|it| content::is_ours(it, &named))
        && (media_box.x0, media_box.y0) == (0.0, 0.0);
    is_so.then_some(())
}

fn contents(page: &Dict<'_>) -> Option<Vec<Zeroizing<Vec<u8>>>> {
    if let Some(content) = page.get(b"Contents") {
        return Some(vec![plain(&content)?]);
    }
    let contents: Array<'_> = page.get(b"Contents")?;
    if contents.raw_iter().count() > MOST_PARTS {
        return None;
    }
    let all: Option<Vec<_>> = contents.iter().map(|it| plain(&it)).collect();
    all.filter(|all| all.len() == contents.raw_iter().count())
}

/// Not larger than a symbol: a bit for each module.
fn is_stencil(image: &Stream<'_>) -> Option<()> {
    let dict = image.dict();
    has_only(dict, STENCIL)?;
    names(dict, b"Subtype", b"Image")?;
    let side = |key: &[u8]| {
        let side = usize::try_from(dict.get::<i32>(key)?).ok()?;
        (1..=WIDEST).contains(&side).then_some(side)
    };
    let (width, height) = (side(b"Width")?, side(b"Height")?);
    let is_one = dict.get(b"ImageMask") == Some(true)
        && dict.get::<i32>(b"BitsPerComponent") == Some(1)
        && unpacked(image)?.len() == width.div_ceil(8) * height;
    is_one.then_some(())
}

/// Of a font whose outlines are all in the document, and are named by their numbers: how many there are.
fn glyphs(font: &Dict<'_>) -> Option<usize> {
    has_only(font, FONT)?;
    names(font, b"Subtype", b"Type0")?;
    names(font, b"Encoding", b"Identity-H")?;
    let descendant = only(&font.get(b"DescendantFonts")?)?;
    has_only(&descendant, CID_FONT)?;
    names(&descendant, b"Subtype", b"CIDFontType2")?;
    let descriptor: Dict<'_> = descendant.get(b"FontDescriptor")?;
    has_only(&descriptor, DESCRIPTOR)?;
    plain(&font.get(b"ToUnicode")?)?;
    let file = plain(&descriptor.get(b"FontFile2")?)?;
    let glyphs = plain(&descendant.get(b"CIDToGIDMap")?)?.len() / 2;
    let is_so = file.starts_with(TRUE_TYPE)
        && descendant.get::<i32>(b"DW") == Some(0)
        && has_widths(&descendant, glyphs).is_some();
    is_so.then_some(glyphs)
}

/// One width for each glyph but the first, in their order.
fn has_widths(font: &Dict<'_>, glyphs: usize) -> Option<()> {
    let all: Array<'_> = font.get(b"W")?;
    let mut parts = all.flex_iter();
    let first: i32 = parts.next()?;
    let widths: Array<'_> = parts.next()?;
    let count = widths.raw_iter().count();
    let numbers = widths
        .iter::<f64>()
        .filter(|it| (0.0..=WIDEST_GLYPH).contains(it));
    let is_so = first == 1
        && all.raw_iter().count() == 2
        && count + 1 == glyphs
        && numbers.count() == count;
    is_so.then_some(())
}

/// What a stream holds that says nothing else of itself.
fn plain(stream: &Stream<'_>) -> Option<Zeroizing<Vec<u8>>> {
    has_only(stream.dict(), STREAM)?;
    unpacked(stream)
}

/// Packed as nothing but DEFLATE packs, or not at all, and not in part.
fn unpacked(stream: &Stream<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let raw = stream.raw_data();
    let data = if stream.dict().contains_key(b"Filter") {
        names(stream.dict(), b"Filter", b"FlateDecode")?;
        decompress_to_vec_zlib_with_limit(&raw, LONGEST).ok()?
    } else {
        raw.into_owned()
    };
    Some(Zeroizing::new(data))
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
    }

    /// A page with one symbol, and what may be named by it: a form, an annotation, a picture, each without anything in it.
    fn page(besides: &Besides) -> Vec<u8> {
        document(&objects(besides))
    }

    fn objects(besides: &Besides) -> Vec<Vec<u8>> {
        let code = QrCode::with_error_correction_level(TEXT, EcLevel::L).unwrap();
        let Besides {
            catalog,
            pages,
            page,
            media_box,
            resources,
            content,
            stencil,
        } = besides;
        let media_box = media_box.unwrap_or("0 0 300 300");
        vec![
            format!("<</Type/Catalog/Pages 2 0 R{catalog}>>").into_bytes(),
            format!("<</Type/Pages/Kids[3 0 R]/Count 1{pages}>>").into_bytes(),
            format!("<</Type/Page/Parent 2 0 R/MediaBox[{media_box}]/Resources<</XObject<</S 5 0 R>>{resources}>>/Contents 4 0 R{page}>>").into_bytes(),
            stream(content, b"q 96 0 0 96 48 48 cm /S Do Q"),
            dev_pages::stencil(code.width(), |x, y| code[(x, y)] == Color::Dark, stencil),
            stream("/Type/XObject/Subtype/Form/BBox[0 0 1 1]", b""),
            b"<</Type/Annot/Subtype/Square/Rect[0 0 1 1]/F 36/AP<</N 6 0 R>>>>".to_vec(),
            b"<</Type/OCG/Name(L)>>".to_vec(),
        ]
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
        ];
        for (number, besides) in others.iter().enumerate() {
            let checked = check(&page(besides), &[TEXT]);
            assert_eq!(checked, Err(PageError::Other), "{number}");
        }
    }

    /// A page of which one object is another.
    fn with(number: usize, object: &[u8]) -> Vec<u8> {
        let mut objects = objects(&Besides::default());
        objects[number - 1] = object.to_vec();
        document(&objects)
    }

    #[test]
    fn only_one_page_and_only_stencils_are_named() {
        let image = "/Type/XObject/Subtype/Image/Width 8/Height 2";
        for (number, object) in [
            (2, b"<</Type/Pages/Kids[3 0 R 3 0 R]/Count 1>>".to_vec()),
            (2, b"<</Type/Pages/Kids[3 0 R 9 1 R]/Count 1>>".to_vec()),
            (2, b"<</Type/Pages/Kids[3 0 R]/Count 2>>".to_vec()),
            (3, b"<</Type/Page/Parent 6 0 R/MediaBox[0 0 300 300]/Resources<<>>/Contents 4 0 R>>".to_vec()),
            (3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<>>/Contents[4 0 R null]>>".to_vec()),
            (3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<<>>>>".to_vec()),
            (5, stream("/Type/XObject/Subtype/Form/BBox[0 0 1 1]", b"")),
            (5, stream(&format!("{image}/ImageMask false/BitsPerComponent 1"), b"\0\0")),
            (5, stream(&format!("{image}/ImageMask true/BitsPerComponent 8"), b"\0\0")),
            (5, stream(&format!("{image}/ImageMask true/BitsPerComponent 1"), b"\0")),
            (5, stream("/Type/XObject/Subtype/Image/Width 178/Height 1/ImageMask true/BitsPerComponent 1", &[0; 23])),
        ] {
            let checked = check(&with(number, &object), &[TEXT]);
            assert_eq!(checked, Err(PageError::Other), "{number}");
        }
        // The controls: such a stencil, and content in parts, are none of these.
        let small = stream(
            &format!("{image}/ImageMask true/BitsPerComponent 1"),
            b"\0\0",
        );
        assert_eq!(check(&with(5, &small), &[TEXT]), Err(PageError::Unread));
        let parts = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Resources<</XObject<</S 5 0 R>>>>/Contents[4 0 R]>>";
        assert_eq!(check(&with(3, parts), &[TEXT]), Ok(()));
    }

    #[test]
    fn streams_are_packed_as_deflate_packs() {
        let content = b"q 96 0 0 96 48 48 cm /S Do Q";
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(content, 6);
        let page = |data: &[u8]| with(4, &stream("/Filter/FlateDecode", data));
        assert_eq!(check(&page(&packed), &[TEXT]), Ok(()), "the control");
        let mut wrong = packed.clone();
        // Its checksum.
        *wrong.last_mut().unwrap() ^= 1;
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; super::LONGEST + 1], 1);
        for other in [&packed[..packed.len() - 5], &wrong, &bomb, content] {
            assert_eq!(check(&page(other), &[TEXT]), Err(PageError::Other));
        }
    }

    #[test]
    fn fonts_are_in_the_document() {
        let page = |font: &str, cid_font: &str, descriptor: &str, stream_of: (&str, &[u8])| {
            let mut objects = objects(&Besides {
                resources: "/Font<</F 9 0 R>>",
                ..Besides::default()
            });
            let font = format!("<</Type/Font/BaseFont/A/DescendantFonts[10 0 R]{font}>>");
            let cid_font = format!("<</Type/Font/BaseFont/A/FontDescriptor 11 0 R{cid_font}>>");
            let descriptor = format!("<</Type/FontDescriptor/FontName/A/Flags 4{descriptor}>>");
            objects.extend([font, cid_font, descriptor].map(String::into_bytes));
            objects.push(stream(stream_of.0, stream_of.1));
            objects.push(stream("", &[0; 6]));
            check(&document(&objects), &[TEXT])
        };
        let type_0 = "/Subtype/Type0/Encoding/Identity-H/ToUnicode 13 0 R";
        let cid_font = "/Subtype/CIDFontType2/CIDToGIDMap 13 0 R/DW 0/W[1[500 600.5]]";
        let in_it = "/FontFile2 12 0 R";
        let file = ("", &[0, 1, 0, 0][..]);
        assert_eq!(page(type_0, cid_font, in_it, file), Ok(()), "the control");
        for (font, cid_font, descriptor, file) in [
            ("/Subtype/Type1", cid_font, in_it, file),
            (
                "/Subtype/Type3/Encoding/Identity-H/ToUnicode 13 0 R",
                cid_font,
                in_it,
                file,
            ),
            (
                "/Subtype/Type0/Encoding/UniJIS-UCS2-H/ToUnicode 13 0 R",
                cid_font,
                in_it,
                file,
            ),
            ("/Subtype/Type0/Encoding/Identity-H", cid_font, in_it, file),
            (
                type_0,
                "/Subtype/CIDFontType0/CIDToGIDMap 13 0 R/DW 0/W[1[500 600.5]]",
                in_it,
                file,
            ),
            (
                type_0,
                "/Subtype/CIDFontType2/CIDToGIDMap/Identity/DW 0/W[1[500 600.5]]",
                in_it,
                file,
            ),
            (
                type_0,
                "/Subtype/CIDFontType2/CIDToGIDMap 13 0 R/DW 1/W[1[500 600.5]]",
                in_it,
                file,
            ),
            (
                type_0,
                "/Subtype/CIDFontType2/CIDToGIDMap 13 0 R/DW 0/W[0[500 600.5]]",
                in_it,
                file,
            ),
            (
                type_0,
                "/Subtype/CIDFontType2/CIDToGIDMap 13 0 R/DW 0/W[1[500]]",
                in_it,
                file,
            ),
            (
                type_0,
                "/Subtype/CIDFontType2/CIDToGIDMap 13 0 R/DW 0/W[1[500 90000]]",
                in_it,
                file,
            ),
            (
                type_0,
                "/Subtype/CIDFontType2/CIDToGIDMap 13 0 R/DW 0/W[1[500 600]1[0]]",
                in_it,
                file,
            ),
            (
                type_0,
                "/Subtype/CIDFontType2/CIDToGIDMap 13 0 R/DW 0/W[0 4294967295 0]",
                in_it,
                file,
            ),
            (type_0, cid_font, "", file),
            (type_0, cid_font, "/FontFile 12 0 R", file),
            (type_0, cid_font, in_it, ("/F(x)", file.1)),
            (type_0, cid_font, in_it, ("", b"")),
            (type_0, cid_font, in_it, ("", &[0, 2, 0, 0])),
        ] {
            let checked = page(font, cid_font, descriptor, file);
            assert_eq!(
                checked,
                Err(PageError::Other),
                "{font} {cid_font} {descriptor} {file:?}"
            );
        }
    }
}
