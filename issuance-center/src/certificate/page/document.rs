//! One page and what goes with it, as a PDF 1.7 that is PDF/UA-1: tagged, titled, in a language, every character with its text.

use pdf_writer::writers::StructTreeRoot;
use pdf_writer::{Finish, Name, Pdf, Rect, Ref, Settings, TextStr, types::TabOrder};
use zeroize::Zeroizing;

use super::{
    PageError,
    embed::{Packing, stream},
    layout::A4,
    sheet::Sheet,
    stock::{
        BACKGROUND, CATALOG, CONTENT, INFORMATION, METADATA, OUTLINE, OUTLINE_ITEM, PAGE, PAGES,
        STRUCTURE, Stock,
    },
    tags::{self, Element},
};
use crate::{certificate::qr::Symbol, programme::Bilingual};

/// Bytes of a page's own objects, about: no buffer grows on the way.
const OWN: usize = 96 << 10;

const LANGUAGE: TextStr<'static> = TextStr("ja-JP");
const CREATOR: TextStr<'static> = TextStr("Shomei");

/// A document that lacks what depends on its symbols: these, the content stream and the elements.
pub(super) struct Begun {
    pdf: Pdf,
    /// Of the symbols.
    symbols: Vec<Ref>,
    /// The first id that is free.
    next: Ref,
}

/// Writes what of a sheet's document is known before its symbols are.
pub(super) fn begin(
    sheet: &Sheet<'_>,
    title: &Bilingual,
    stock: &Stock,
) -> Result<Begun, PageError> {
    let settings = Settings { pretty: false };
    let mut pdf = Pdf::with_settings_and_capacity(settings, stock.objects().len() + OWN);
    pdf.set_version(1, 7);
    pdf.extend(stock.objects());
    let mut next = stock.free();
    let mut fonts: Vec<Ref> = stock.fonts().collect();
    for subset in sheet.own() {
        fonts.push(subset.write(&mut pdf, &mut next, Packing::Fast)?);
    }
    let symbols: Vec<Ref> = (0..sheet.frames()).map(|_| next.bump()).collect();
    page(&mut pdf, &fonts, &symbols);
    about(&mut pdf, title);
    Ok(Begun { pdf, symbols, next })
}

impl Begun {
    /// Writes the rest. The same gives the same bytes.
    pub(super) fn finish(
        self,
        mut sheet: Sheet<'_>,
        symbols: &[&Symbol],
        elements: &[Element<'_>],
    ) -> Result<Vec<u8>, PageError> {
        let Self {
            mut pdf,
            symbols: ids,
            mut next,
        } = self;
        let figures = sheet.fill(symbols)?;
        for (id, symbol) in ids.iter().zip(symbols) {
            stencil(&mut pdf, *id, symbol);
        }
        let marks = sheet.marks();
        let mut content = Zeroizing::new(sheet.finish());
        stream(&mut pdf, CONTENT, &content, Packing::Fast);
        // A vector's room is wiped at once, its content byte by byte.
        content.clear();
        let [document, parents] = tags::write(&mut pdf, elements, (marks, &figures), &mut next);
        let mut structure = pdf.indirect(STRUCTURE).start::<StructTreeRoot<'_>>();
        structure.child(document).parent_tree_next_key(1);
        structure.parent_tree().nums().insert(0, parents);
        structure.finish();
        Ok(pdf.finish())
    }
}

/// A symbol, one sample a module: where it is 0, the colour at hand is painted.
fn stencil(pdf: &mut Pdf, id: Ref, symbol: &Symbol) {
    let width = symbol.width();
    let mut samples = Zeroizing::new(Vec::with_capacity(width * width.div_ceil(8)));
    for row in 0..width {
        for first in (0..width).step_by(8) {
            let dark = (first..first + 8).fold(0_u8, |byte, column| {
                byte << 1 | u8::from(symbol.is_dark(column, row))
            });
            samples.push(!dark);
        }
    }
    let side = i32::try_from(width).expect("at most 137 modules");
    let mut image = pdf.image_xobject(id, &samples);
    image.width(side).height(side).image_mask(true);
    image.bits_per_component(1);
}

fn page(pdf: &mut Pdf, fonts: &[Ref], symbols: &[Ref]) {
    pdf.pages(PAGES).kids([PAGE]).count(1);
    let mut page = pdf.page(PAGE);
    page.parent(PAGES)
        .media_box(Rect::new(0.0, 0.0, A4.0, A4.1))
        .contents_array([BACKGROUND, CONTENT])
        .struct_parents(0)
        .tab_order(TabOrder::StructureOrder);
    let mut resources = page.resources();
    let mut named = resources.fonts();
    for (number, font) in fonts.iter().enumerate() {
        named.pair(Name(font_name(number).as_bytes()), *font);
    }
    named.finish();
    let mut named = resources.x_objects();
    for (number, symbol) in symbols.iter().enumerate() {
        named.pair(Name(symbol_name(number).as_bytes()), *symbol);
    }
}

/// What the content stream calls a font.
pub(super) fn font_name(number: usize) -> String {
    format!("F{number}")
}

/// What it calls a symbol.
pub(super) fn symbol_name(number: usize) -> String {
    format!("S{number}")
}

/// What the document says of itself. No time: it would tell when somebody was at a kiosk, and make every copy another.
fn about(pdf: &mut Pdf, title: &Bilingual) {
    let full = format!("{} {}", title.ja, title.en);
    let mut catalog = pdf.catalog(CATALOG);
    catalog
        .pages(PAGES)
        .metadata(METADATA)
        .outlines(OUTLINE)
        .lang(LANGUAGE)
        .pair(Name(b"StructTreeRoot"), STRUCTURE);
    catalog.mark_info().marked(true);
    catalog.viewer_preferences().display_doc_title(true);
    catalog.finish();

    let mut outline = pdf.outline(OUTLINE);
    outline.first(OUTLINE_ITEM).last(OUTLINE_ITEM).count(1);
    outline.finish();
    let mut item = pdf.outline_item(OUTLINE_ITEM);
    item.title(TextStr(&title.ja)).parent(OUTLINE);
    item.dest().page(PAGE).xyz(0.0, A4.1, None);
    item.finish();

    let mut information = pdf.document_info(INFORMATION);
    information.title(TextStr(&full)).creator(CREATOR);
    information.finish();
    let metadata = format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
         <rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
         xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\" xmlns:pdfuaid=\"http://www.aiim.org/pdfua/ns/id/\">\
         <dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">{}</rdf:li></rdf:Alt></dc:title>\
         <dc:language><rdf:Bag><rdf:li>{}</rdf:li></rdf:Bag></dc:language>\
         <xmp:CreatorTool>{}</xmp:CreatorTool><pdfuaid:part>1</pdfuaid:part>\
         </rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>",
        escaped(&full),
        LANGUAGE.0,
        CREATOR.0,
    );
    pdf.metadata(METADATA, metadata.as_bytes());
}

/// Text within XML.
fn escaped(text: &str) -> String {
    let escaped = text.replace('&', "&amp;");
    escaped.replace('<', "&lt;").replace('>', "&gt;")
}
