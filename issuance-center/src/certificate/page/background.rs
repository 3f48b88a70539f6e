//! 地紋: fine interlaced waves in a pale tint over the sheet, as on paper for certificates. A copier loses or smears them; a reader
//! of the QR does not meet them, since the symbol stands on white.

use krilla::geom::PathBuilder;

use super::sheet::{Ink, MM, Place, Sheet};

const PALE: Ink = (222, 230, 241);
/// Between two neighbouring waves.
const PITCH: f32 = 3.2 * MM;
/// Half of a wave's length.
const HALF_WAVE: f32 = 11.0 * MM;
/// How far a wave's control points lie from its middle.
const SWING: f32 = 3.6 * MM;

/// Fills a place with pairs of waves in opposite phase.
pub(super) fn draw(sheet: &mut Sheet<'_, '_>, place: Place) {
    let mut path = PathBuilder::new();
    let bottom = place.y + place.height;
    let mut y = place.y + PITCH;
    while y < bottom - SWING / 2.0 {
        for phase in [1.0, -1.0] {
            wave(&mut path, place, y, phase);
        }
        y += PITCH;
    }
    sheet.strokes(path, 0.3, PALE);
}

fn wave(path: &mut PathBuilder, place: Place, y: f32, phase: f32) {
    let right = place.x + place.width;
    let mut x = place.x;
    let mut side = phase;
    path.move_to(x, y);
    while x < right - 0.01 {
        let end = (x + HALF_WAVE).min(right);
        let third = (end - x) / 3.0;
        let swing = y - side * SWING;
        path.cubic_to(x + third, swing, end - third, swing, end, y);
        x = end;
        side = -side;
    }
}
