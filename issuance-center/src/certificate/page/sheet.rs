//! A page on which everything drawn is tagged: text as spans with a language, symbols as figures, the rest as artifacts.

use std::{mem, sync::Arc};

use pdf_writer::{Finish, Name, Rect, Str, TextStr};

use super::{
    PageError,
    document::{font_name, symbol_name},
    embed::Subset,
    fonts::{Cluster, Face},
    layout::A4,
    pen::{DOT, Ink, MM, Pen, Place, RULE, WHITE},
    stock::Stock,
    tags::{Element, Mark, Role},
    text::{Block, Piece, advance},
};
use crate::certificate::qr::Symbol;

/// Least side of a health card's symbol in points: 40 mm.
pub(super) const HEALTH_CARD: f32 = 40.0 * MM;

/// Least side of a seal's symbol: so that a module of the widest, of 137, is six dots wide as every other's is at least.
pub(super) const SEAL: f32 = 58.2 * MM;

/// 日本語 and English, as BCP 47 names them.
#[derive(Clone, Copy)]
pub(super) enum Lang {
    Ja,
    En,
}

/// How a block stands to its place.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Centre,
}

/// A page being drawn.
pub(super) struct Sheet<'s> {
    pub(super) pen: Pen,
    stock: &'s Stock,
    /// Fonts of what is not in stock.
    own: Vec<Subset>,
    marks: i32,
    frames: Vec<Frame>,
}

/// Where a symbol is to stand.
struct Frame {
    mark: Mark,
    panel: Place,
    least: f32,
}

impl<'s> Sheet<'s> {
    pub(super) fn new(stock: &'s Stock) -> Self {
        Self {
            pen: Pen::new(),
            stock,
            own: Vec::new(),
            marks: 0,
            frames: Vec::new(),
        }
    }

    /// How many marks there are.
    pub(super) const fn marks(&self) -> i32 {
        self.marks
    }

    /// The fonts it needs besides those in stock.
    pub(super) fn own(&self) -> &[Subset] {
        &self.own
    }

    /// How many symbols are to come.
    pub(super) const fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The content stream.
    pub(super) fn finish(self) -> Vec<u8> {
        self.pen.finish()
    }

    /// Draws blocks one under the other, centred as a whole in the height of their place.
    pub(super) fn stack(
        &mut self,
        place: Place,
        align: Align,
        blocks: &[(&Block, Ink, Lang)],
    ) -> Vec<Mark> {
        let height: f32 = blocks.iter().map(|(block, ..)| block.height()).sum();
        let mut y = place.y + (place.height - height) / 2.0;
        let mut marks = Vec::new();
        for (block, ink, lang) in blocks {
            self.pen.ink(*ink);
            marks.push(self.block(place, y, align, block, *lang));
            y += block.height();
        }
        marks
    }

    fn block(&mut self, place: Place, top: f32, align: Align, block: &Block, lang: Lang) -> Mark {
        let lang = match lang {
            Lang::Ja => "ja-JP",
            Lang::En => "en",
        };
        let mark = self.mark();
        self.begin(mark, Name(b"Span"), Some(lang));
        self.pen.content.begin_text();
        let shown = block.shown.get();
        for (index, line) in block.lines.iter().enumerate() {
            let x = match align {
                Align::Left => place.x,
                Align::Centre => place.x + (place.width - advance(line) * block.size) / 2.0,
            };
            // The baseline lies so that a line's letters stand in the middle of its leading.
            let line_top = top + (0..index).map(|_| block.leading()).sum::<f32>();
            let baseline = line_top + block.leading() / 2.0 + block.size * 0.37;
            // Letters stand upright in coordinates that run downwards.
            let matrix = [1.0, 0.0, 0.0, -1.0, x, baseline];
            self.pen.content.set_text_matrix(matrix);
            match shown.and_then(|lines| lines.get(index)) {
                Some(pieces) => {
                    for (font, cids) in pieces {
                        self.show(block.size, *font, cids);
                    }
                }
                None => self.line(block, line),
            }
        }
        self.pen.content.end_text();
        self.pen.content.end_marked_content();
        mark
    }

    /// Shows clusters, in as few pieces as their fonts allow.
    fn line(&mut self, block: &Block, line: &[Cluster]) {
        let mut piece: Piece = (0, Vec::with_capacity(2 * line.len()));
        for cluster in line {
            let (font, cid) =
                self.character(&block.face, &block.text[cluster.range.clone()], cluster);
            if font != piece.0 {
                self.show(block.size, piece.0, &piece.1);
                piece = (font, Vec::with_capacity(2 * line.len()));
            }
            piece.1.extend(cid.to_be_bytes());
        }
        self.show(block.size, piece.0, &piece.1);
    }

    fn show(&mut self, size: f32, font: usize, cids: &[u8]) {
        if !cids.is_empty() {
            let name = font_name(font);
            self.pen.content.set_font(Name(name.as_bytes()), size);
            self.pen.content.show(Str(cids));
        }
    }

    /// The number of the font that has a character, those in stock first, and its CID.
    fn character(&mut self, face: &Arc<Face>, text: &str, cluster: &Cluster) -> (usize, u16) {
        if let Some(found) = self.stock.find(face, text) {
            return found;
        }
        let known = self
            .own
            .iter()
            .position(|subset| Arc::ptr_eq(&subset.face, face));
        let at = known.unwrap_or_else(|| {
            self.own.push(Subset::of(Arc::clone(face)));
            self.own.len() - 1
        });
        let cid = self.own[at].cid(text, cluster);
        (self.stock.fonts().count() + at, cid)
    }

    /// A white square for a symbol ([`fill`](Self::fill)), its sides at least so long, and what to say of it.
    pub(super) fn frame<'t>(&mut self, panel: Place, least: f32, alt: &'t str) -> Element<'t> {
        self.pen.fill(panel, WHITE);
        self.pen.frame(panel, 0.4, RULE);
        let mark = self.mark();
        let number = self.frames.len();
        self.frames.push(Frame { mark, panel, least });
        Element::new(Role::Figure(alt, number), [mark])
    }

    /// Draws the symbols into their frames; returns where they are, in points from the lower left corner.
    pub(super) fn fill(&mut self, symbols: &[&Symbol]) -> Result<Vec<Rect>, PageError> {
        let frames = mem::take(&mut self.frames);
        if frames.len() != symbols.len() {
            return Err(PageError::Invalid);
        }
        let filled = frames.iter().zip(symbols).enumerate();
        Ok(filled
            .map(|(number, (frame, symbol))| self.symbol(number, frame, symbol))
            .collect())
    }

    /// The symbol in the middle of its frame, its quiet zone of four modules around it.
    ///
    /// A module is a whole number of printer's dots, and begins on one: nothing is rounded when it is printed or rasterised at
    /// 300 or 600 dots an inch. One stencil, so that no hairline opens between modules; and black alone, without other inks.
    fn symbol(&mut self, number: usize, frame: &Frame, symbol: &Symbol) -> Rect {
        let Frame { mark, panel, least } = *frame;
        let modules = f32::from(u8::try_from(symbol.width()).expect("at most 137 modules"));
        let on_dot = |at: f32| (at / DOT).round() * DOT;
        let side = modules * module(modules, least);
        let x = on_dot(panel.x + (panel.width - side) / 2.0);
        let y = on_dot(panel.y + (panel.height - side) / 2.0);
        self.begin(mark, Name(b"Figure"), None);
        let content = &mut self.pen.content;
        content.save_state();
        content.set_fill_gray(0.0);
        // An image fills the unit square, and stands upright in coordinates that run upwards.
        content.transform([side, 0.0, 0.0, -side, x, y + side]);
        content.x_object(Name(symbol_name(number).as_bytes()));
        content.restore_state();
        content.end_marked_content();
        Rect::new(x, A4.1 - y - side, x + side, A4.1 - y)
    }

    const fn mark(&mut self) -> Mark {
        let mark = Mark(self.marks);
        self.marks += 1;
        mark
    }

    fn begin(&mut self, mark: Mark, tag: Name<'_>, lang: Option<&str>) {
        let mut marked = self.pen.content.begin_marked_content_with_properties(tag);
        let mut properties = marked.properties();
        properties.identify(mark.0);
        if let Some(lang) = lang {
            properties.pair(Name(b"Lang"), TextStr(lang));
        }
        properties.finish();
        marked.finish();
    }
}

/// Side of a module in points: whole dots, so that every module is as large as the next.
fn module(modules: f32, least: f32) -> f32 {
    (least / modules / DOT).ceil() * DOT
}

/// The largest side that symbols of these versions can have.
#[cfg(test)]
pub(super) fn largest(versions: std::ops::RangeInclusive<u8>, least: f32) -> f32 {
    let sides = versions.map(|version| {
        let modules = f32::from(version * 4 + 17);
        modules * module(modules, least)
    });
    sides.fold(0.0, f32::max)
}
