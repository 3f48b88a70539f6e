//! What every page has: its frame, and 地紋, fine interlaced waves in a pale tint over the sheet, as on paper for certificates. A
//! copier loses or smears them; a reader of the QR does not meet them, since the symbol stands on white.

use super::pen::{ACCENT, Ink, MM, Pen, Place};

const BORDER: Place = Place::mm(12.0, 12.0, 186.0, 273.0);

const PALE: Ink = (222, 230, 241);
/// Between two neighbouring waves.
const PITCH: f32 = 3.2 * MM;
/// Half of a wave's length.
const HALF_WAVE: f32 = 11.0 * MM;
/// How far a wave's control points lie from its middle.
const SWING: f32 = 3.6 * MM;

/// The content stream.
pub(super) fn stream() -> Vec<u8> {
    let mut pen = Pen::new();
    waves(&mut pen, BORDER.inset(1.6 * MM, 1.6 * MM));
    pen.frame(BORDER, 1.2, ACCENT);
    pen.frame(BORDER.inset(1.2 * MM, 1.2 * MM), 0.4, ACCENT);
    pen.finish()
}

/// Fills a place with pairs of waves in opposite phase.
fn waves(pen: &mut Pen, place: Place) {
    pen.strokes(0.3, PALE, |pen| {
        let bottom = place.y + place.height;
        let mut y = place.y + PITCH;
        while y < bottom - SWING / 2.0 {
            for phase in [1.0, -1.0] {
                wave(pen, place, y, phase);
            }
            y += PITCH;
        }
    });
}

fn wave(pen: &mut Pen, place: Place, y: f32, phase: f32) {
    let right = place.x + place.width;
    let mut x = place.x;
    let mut side = phase;
    pen.content.move_to(x, y);
    while x < right - 0.01 {
        let end = (x + HALF_WAVE).min(right);
        let third = (end - x) / 3.0;
        let swing = y - side * SWING;
        pen.content
            .cubic_to(x + third, swing, end - third, swing, end, y);
        x = end;
        side = -side;
    }
}
