//! Lines and areas: what stands on a page without meaning of its own, each tagged as an artifact.

use pdf_writer::{
    Content, Finish, Name,
    types::{ArtifactType, LineCapStyle, LineJoinStyle},
};

use super::layout::A4;

/// Points in a millimetre.
pub(super) const MM: f32 = 72.0 / 25.4;

/// A dot at 300 dots an inch, in points.
pub(super) const DOT: f32 = 72.0 / 300.0;

/// Red, green, blue.
pub(super) type Ink = (u8, u8, u8);

pub(super) const BLACK: Ink = (22, 26, 32);
pub(super) const GREY: Ink = (88, 96, 108);
pub(super) const ACCENT: Ink = (23, 55, 94);
pub(super) const RULE: Ink = (150, 163, 180);
pub(super) const TINT: Ink = (232, 238, 246);
pub(super) const WHITE: Ink = (255, 255, 255);

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
}

/// A content stream whose coordinates run from the upper left corner of the page.
pub(super) struct Pen {
    pub(super) content: Content,
}

impl Pen {
    pub(super) fn new() -> Self {
        let mut content = Content::new();
        content.save_state();
        content.transform([1.0, 0.0, 0.0, -1.0, 0.0, A4.1]);
        Self { content }
    }

    /// The finished stream.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.content.restore_state();
        self.content.finish().into_vec()
    }

    pub(super) fn ink(&mut self, ink: Ink) {
        let [r, g, b] = components(ink);
        self.content.set_fill_rgb(r, g, b);
    }

    /// A filled rectangle.
    pub(super) fn fill(&mut self, place: Place, ink: Ink) {
        self.artifact(|pen| {
            pen.ink(ink);
            pen.rect(place);
            pen.content.fill_nonzero();
        });
    }

    /// A rectangle's outline.
    pub(super) fn frame(&mut self, place: Place, width: f32, ink: Ink) {
        self.strokes(width, ink, |pen| pen.rect(place));
    }

    /// A straight line.
    pub(super) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, ink: Ink) {
        self.strokes(width, ink, |pen| {
            pen.content.move_to(from.0, from.1);
            pen.content.line_to(to.0, to.1);
        });
    }

    /// Lines of any form.
    pub(super) fn strokes(&mut self, width: f32, ink: Ink, path: impl FnOnce(&mut Self)) {
        self.artifact(|pen| {
            let [r, g, b] = components(ink);
            pen.content.set_stroke_rgb(r, g, b);
            pen.content.set_line_width(width);
            pen.content.set_line_cap(LineCapStyle::ButtCap);
            pen.content.set_line_join(LineJoinStyle::RoundJoin);
            path(pen);
            pen.content.stroke();
        });
    }

    fn rect(&mut self, place: Place) {
        let Place {
            x,
            y,
            width,
            height,
        } = place;
        self.content.rect(x, y, width, height);
    }

    fn artifact(&mut self, draw: impl FnOnce(&mut Self)) {
        let mut mark = self
            .content
            .begin_marked_content_with_properties(Name(b"Artifact"));
        mark.properties().artifact().kind(ArtifactType::Layout);
        mark.finish();
        draw(self);
        self.content.end_marked_content();
    }
}

fn components((red, green, blue): Ink) -> [f32; 3] {
    [red, green, blue].map(|component| f32::from(component) / 255.0)
}
