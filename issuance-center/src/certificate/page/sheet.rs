//! A surface on which everything drawn is tagged: text as spans with a language, the rest as artifacts.

use krilla::{
    color::rgb,
    geom::{Path, PathBuilder, Point, Rect},
    num::NormalizedF32,
    paint::{Fill, FillRule, LineCap, LineJoin, Stroke},
    surface::Surface,
    tagging::{Artifact, ArtifactType, ContentTag, Identifier, SpanTag},
    text::KrillaGlyph,
};

use super::text::{Block, advance};
use crate::certificate::qr::Symbol;

/// Points in a millimetre.
pub(super) const MM: f32 = 72.0 / 25.4;

/// A dot at 300 dots an inch, in points.
pub(super) const DOT: f32 = 72.0 / 300.0;

/// Least side of a health card's symbol in points: 40 mm.
pub(super) const HEALTH_CARD: f32 = 40.0 * MM;

/// Least side of a seal's symbol: so that a module of the widest, of 137, is six dots wide as every other's is at least.
pub(super) const SEAL: f32 = 58.2 * MM;

/// Red, green, blue.
pub(super) type Ink = (u8, u8, u8);

pub(super) const BLACK: Ink = (22, 26, 32);
pub(super) const GREY: Ink = (88, 96, 108);
pub(super) const ACCENT: Ink = (23, 55, 94);
pub(super) const RULE: Ink = (150, 163, 180);
pub(super) const TINT: Ink = (232, 238, 246);
pub(super) const WHITE: Ink = (255, 255, 255);

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

/// A place on the page, in points from its upper left corner.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Place {
    /// From millimetres.
    pub(super) const fn mm(x: f32, y: f32, width: f32, height: f32) -> Self {
        Self {
            x: x * MM,
            y: y * MM,
            width: width * MM,
            height: height * MM,
        }
    }

    /// Smaller by so many points on each side.
    pub(super) const fn inset(self, horizontal: f32, vertical: f32) -> Self {
        Self {
            x: self.x + horizontal,
            y: self.y + vertical,
            width: self.width - 2.0 * horizontal,
            height: self.height - 2.0 * vertical,
        }
    }

    pub(super) fn rect(self) -> Rect {
        Rect::from_xywh(self.x, self.y, self.width, self.height)
            .expect("places have a size above zero")
    }
}

pub(super) struct Sheet<'a, 's> {
    pub(super) surface: &'a mut Surface<'s>,
}

impl Sheet<'_, '_> {
    /// Draws blocks one under the other, centred as a whole in the height of their place.
    pub(super) fn stack(
        &mut self,
        place: Place,
        align: Align,
        blocks: &[(&Block, Ink, Lang)],
    ) -> Vec<Identifier> {
        let height: f32 = blocks.iter().map(|(block, ..)| block.height()).sum();
        let mut y = place.y + (place.height - height) / 2.0;
        let mut identifiers = Vec::new();
        for (block, ink, lang) in blocks {
            self.ink(*ink);
            identifiers.push(self.block(place, y, align, block, *lang));
            y += block.height();
        }
        identifiers
    }

    fn block(
        &mut self,
        place: Place,
        top: f32,
        align: Align,
        block: &Block,
        lang: Lang,
    ) -> Identifier {
        let lang = match lang {
            Lang::Ja => "ja-JP",
            Lang::En => "en",
        };
        let span = SpanTag::empty().with_lang(Some(lang));
        let identifier = self.surface.start_tagged(ContentTag::Span(span));
        for (index, line) in block.lines.iter().enumerate() {
            let x = match align {
                Align::Left => place.x,
                Align::Centre => place.x + (place.width - advance(line) * block.size) / 2.0,
            };
            // The baseline lies so that a line's letters stand in the middle of its leading.
            let line_top = top + (0..index).map(|_| block.leading()).sum::<f32>();
            let baseline = line_top + block.leading() / 2.0 + block.size * 0.37;
            let glyphs: Vec<KrillaGlyph> = line.iter().map(KrillaGlyph::from).collect();
            let font = block.face.font.clone();
            let start = Point::from_xy(x, baseline);
            self.surface
                .draw_glyphs(start, &glyphs, font, &block.text, block.size, false);
        }
        self.surface.end_tagged();
        identifier
    }

    /// A filled rectangle without meaning of its own.
    pub(super) fn fill(&mut self, place: Place, ink: Ink) {
        let mut path = PathBuilder::new();
        path.push_rect(place.rect());
        self.artifact(ArtifactType::Layout, |sheet| {
            sheet.ink(ink);
            sheet.draw(path);
        });
    }

    /// A rectangle's outline.
    pub(super) fn frame(&mut self, place: Place, width: f32, ink: Ink) {
        let mut path = PathBuilder::new();
        path.push_rect(place.rect());
        self.strokes(path, width, ink);
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, ink: Ink) {
        let mut path = PathBuilder::new();
        path.move_to(from.0, from.1);
        path.line_to(to.0, to.1);
        self.strokes(path, width, ink);
    }

    /// Lines of any form, without meaning.
    pub(super) fn strokes(&mut self, path: PathBuilder, width: f32, ink: Ink) {
        self.artifact(ArtifactType::Layout, |sheet| {
            sheet.surface.set_fill(None);
            sheet.surface.set_stroke(Some(Stroke {
                paint: color(ink).into(),
                width,
                line_cap: LineCap::Butt,
                line_join: LineJoin::Round,
                ..Stroke::default()
            }));
            sheet.draw(path);
            sheet.surface.set_stroke(None);
        });
    }

    /// The symbol in the middle of a white square, its quiet zone of four modules around it.
    ///
    /// A module is a whole number of printer's dots, and begins on one: nothing is rounded when it is printed or rasterised at
    /// 300 or 600 dots an inch. One path, so that no hairline opens between modules.
    pub(super) fn symbol(&mut self, panel: Place, symbol: &Symbol, least: f32) -> Identifier {
        let count = |n: usize| f32::from(u8::try_from(n).expect("at most 137 modules"));
        let modules = count(symbol.width());
        let module = module(modules, least);
        let on_dot = |at: f32| (at / DOT).round() * DOT;
        let x = on_dot(panel.x + (panel.width - modules * module) / 2.0);
        let y = on_dot(panel.y + (panel.height - modules * module) / 2.0);
        self.fill(panel, WHITE);
        self.frame(panel, 0.4, RULE);
        let mut path = PathBuilder::new();
        let at = |n: usize| count(n) * module;
        for row in 0..symbol.width() {
            let mut column = 0;
            while column < symbol.width() {
                let dark = (column..).take_while(|n| symbol.is_dark(*n, row)).count();
                if dark > 0 {
                    let place = Place {
                        x: x + at(column),
                        y: y + at(row),
                        width: at(dark),
                        height: module,
                    };
                    path.push_rect(place.rect());
                }
                column += dark + 1;
            }
        }
        let identifier = self.surface.start_tagged(ContentTag::Other);
        self.ink((0, 0, 0));
        self.draw(path);
        self.surface.end_tagged();
        identifier
    }

    fn artifact(&mut self, kind: ArtifactType, draw: impl FnOnce(&mut Self)) {
        let artifact = ContentTag::Artifact(Artifact::with_kind(kind));
        self.surface.start_tagged(artifact);
        draw(self);
        self.surface.end_tagged();
    }

    fn ink(&mut self, ink: Ink) {
        self.surface.set_stroke(None);
        self.surface.set_fill(Some(Fill {
            paint: color(ink).into(),
            opacity: NormalizedF32::ONE,
            rule: FillRule::NonZero,
        }));
    }

    fn draw(&mut self, path: PathBuilder) {
        let path: Option<Path> = path.finish();
        self.surface
            .draw_path(&path.expect("every path here has at least one line"));
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

fn color((red, green, blue): Ink) -> rgb::Color {
    rgb::Color::new(red, green, blue)
}
