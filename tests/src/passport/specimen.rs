//! The photo page of a passport that does not exist, as ICAO Doc 9303 part 4 lays it out: photo, text for the eye, and the zone.

use std::sync::Arc;

use dev_pages::photograph::Photograph;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::Pdf;
use hayro::{RenderCache, RenderSettings};
use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Rect};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

/// Points in a millimetre.
const MM: f32 = 72.0 / 25.4;
/// A TD3 page: 125 × 88 mm.
const PAGE: (f32, f32) = (125.0, 88.0);
/// OCR-B, size 1: of ten points, ten characters to the inch.
const ZONE_SIZE: f32 = 10.0;
/// From the lower edge of the page to the centres of the zone's lines (Doc 9303, part 4, appendix A).
const LINES: [f32; 2] = [15.75, 9.4];
/// From the left edge of the page to the first character.
const ZONE_LEFT: f32 = 6.0;
const OCR_B: &str = "/usr/share/fonts/opentype/ocr-b/OCRB.otf";
/// The same face with sharp corners.
const OCR_B_SHARP: &str = "/usr/share/fonts/opentype/ocr-b/OCRBS.otf";
const VISUAL: &str = "/usr/share/fonts/truetype/bizud-gothic/BIZUDPGothic-Regular.ttf";

/// What a specimen is printed like.
#[derive(Clone, Debug)]
pub struct Specimen {
    /// The zone's lines: two of a passport, or what another document has.
    pub zone: Vec<String>,
    /// What stands above it, each with its label.
    pub visual: Vec<(&'static str, String)>,
    /// Whether the zone has sharp corners.
    pub sharp: bool,
    /// Grey of the paper, and of the zone's ink.
    pub paper: u8,
    /// Grey of the ink.
    pub ink: u8,
}

impl Specimen {
    /// With these lines.
    #[must_use]
    pub fn new(zone: &[String]) -> Self {
        let line = |at: usize| zone.get(at).map_or("", String::as_str);
        let part = |at: usize, from: usize, to: usize| {
            line(at).get(from..to).unwrap_or("").replace('<', " ")
        };
        let visual = vec![
            ("Type", part(0, 0, 2)),
            ("Issuing country", part(0, 2, 5)),
            ("Passport No.", part(1, 0, 9)),
            ("Surname / Given name", part(0, 5, 44)),
            ("Nationality", part(1, 10, 13)),
            ("Date of birth", part(1, 13, 19)),
            ("Sex", part(1, 20, 21)),
            ("Date of expiry", part(1, 21, 27)),
        ];
        Self {
            zone: zone.to_vec(),
            visual,
            sharp: false,
            paper: 232,
            ink: 28,
        }
    }

    /// Its picture, straight and whole, with so many dots to a millimetre.
    ///
    /// # Panics
    /// Without the fonts of Debian's fonts-ocr-b and fonts-morisawa-bizud-gothic.
    #[must_use]
    pub fn picture(&self, dots: f32) -> Photograph {
        let pdf = Pdf::new(Arc::new(self.page())).expect("just written");
        let page = pdf.pages().first().expect("it has one");
        let settings = RenderSettings {
            ..RenderSettings::default()
        };
        let scale = dots / MM;
        let (width, height) = page.render_dimensions();
        let mut context =
            hayro::vello_cpu::RenderContext::new(side(width * scale), side(height * scale));
        let transform = hayro::kurbo::Affine::scale(f64::from(scale))
            * hayro::hayro_interpret::util::TransformExt::to_kurbo(&page.initial_transform(true));
        hayro::render_into(
            page,
            &RenderCache::new(),
            &InterpreterSettings::default(),
            &settings,
            &mut context,
            transform,
        );
        context.flush();
        let mut pixmap = hayro::vello_cpu::Pixmap::new(side(width * scale), side(height * scale));
        context.render_with(
            &mut pixmap,
            &mut hayro::vello_cpu::Resources::default(),
            hayro::vello_cpu::RasterizerSettings {
                target_init: hayro::vello_cpu::TargetInit::Clear(
                    hayro::vello_cpu::color::palette::css::WHITE,
                ),
                ..Default::default()
            },
        );
        let luma = |pixel: &hayro::vello_cpu::color::PremulRgba8| {
            0.299 * f32::from(pixel.r) + 0.587 * f32::from(pixel.g) + 0.114 * f32::from(pixel.b)
        };
        Photograph::new(
            usize::from(side(width * scale)),
            pixmap.data().iter().map(luma).collect(),
        )
    }

    fn page(&self) -> Vec<u8> {
        let font = |path: &str| {
            let data = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            Font::new(data.into(), 0).expect("a font")
        };
        let zone = font(if self.sharp { OCR_B_SHARP } else { OCR_B });
        let visual = font(VISUAL);
        let mut document = krilla::Document::new();
        let settings = PageSettings::from_wh(PAGE.0 * MM, PAGE.1 * MM).expect("a size");
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        self.background(&mut surface);
        portrait(&mut surface);
        fill(&mut surface, self.ink);
        let mut write = |font: &Font, size: f32, x: f32, y: f32, text: &str| {
            let start = Point::from_xy(x * MM, y * MM);
            surface.draw_text(
                start,
                font.clone(),
                size,
                text,
                false,
                TextDirection::LeftToRight,
            );
        };
        write(
            &visual,
            9.0,
            44.0,
            8.0,
            "日本国 JAPAN  旅券 PASSPORT  見本 SPECIMEN",
        );
        for (row, (label, value)) in self.visual.iter().enumerate() {
            let (x, y) = (
                44.0 + 40.0 * (row % 2) as f32,
                15.0 + 12.0 * (row / 2) as f32,
            );
            write(&visual, 5.0, x, y, label);
            write(&visual, 8.5, x, y + 4.5, value.get(..18).unwrap_or(value));
        }
        // Capitals of the face are 0.72 of its size; the centre of a line is that of its capitals.
        let to_baseline = ZONE_SIZE * CAPITALS / 2.0 / MM;
        let mut below = LINES.to_vec();
        // Cards of three lines stand between those of two.
        if self.zone.len() == 3 {
            below = vec![18.3, 14.06, 9.82];
        }
        for (line, below) in self.zone.iter().zip(below) {
            write(
                &zone,
                ZONE_SIZE,
                ZONE_LEFT,
                PAGE.1 - below + to_baseline,
                line,
            );
        }
        surface.finish();
        page.finish();
        document.finish().expect("a document")
    }

    /// Paper with fine waves over it.
    fn background(&self, surface: &mut Surface<'_>) {
        fill(surface, self.paper);
        let (width, height) = (PAGE.0 * MM, PAGE.1 * MM);
        let whole = PathBuilder::new();
        surface.draw_path(&rectangle(whole, 0.0, 0.0, width, height));
        surface.set_fill(None);
        let grey = self.paper.saturating_sub(14);
        surface.set_stroke(Some(Stroke {
            paint: rgb::Color::new(grey, self.paper, grey).into(),
            width: 0.3,
            ..Stroke::default()
        }));
        for wave in 0..44 {
            let mut path = PathBuilder::new();
            for step in 0..=125 {
                let x = step as f32;
                let y = 2.0 * wave as f32 + 1.5 * (x / 7.0 + wave as f32 / 5.0).sin();
                let (x, y) = (x * MM, y * MM);
                if step == 0 {
                    path.move_to(x, y);
                } else {
                    path.line_to(x, y);
                }
            }
            surface.draw_path(&path.finish().expect("a path"));
        }
        surface.set_stroke(None);
    }
}

/// Height of the face's capitals, of its size.
const CAPITALS: f32 = 0.72;

fn side(points: f32) -> u16 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a page has a few thousand dots"
    )]
    let side = points.round() as u16;
    side
}

fn fill(surface: &mut Surface<'_>, grey: u8) {
    surface.set_fill(Some(Fill {
        paint: rgb::Color::new(grey, grey, grey).into(),
        ..Fill::default()
    }));
}

fn rectangle(mut path: PathBuilder, x: f32, y: f32, width: f32, height: f32) -> Path {
    path.push_rect(Rect::from_xywh(x, y, width, height).expect("a rectangle"));
    path.finish().expect("a path")
}

/// Where the photo is: nobody's head and shoulders.
fn portrait(surface: &mut Surface<'_>) {
    let (x, y, width, height) = (5.0 * MM, 14.0 * MM, 35.0 * MM, 45.0 * MM);
    fill(surface, 205);
    surface.draw_path(&rectangle(PathBuilder::new(), x, y, width, height));
    fill(surface, 120);
    let oval = |centre: (f32, f32), half: (f32, f32)| {
        let mut path = PathBuilder::new();
        for step in 0..60 {
            let angle = step as f32 / 60.0 * std::f32::consts::TAU;
            let at = (
                centre.0 + half.0 * angle.cos(),
                centre.1 + half.1 * angle.sin(),
            );
            if step == 0 {
                path.move_to(at.0, at.1);
            } else {
                path.line_to(at.0, at.1);
            }
        }
        path.close();
        path.finish().expect("a path")
    };
    let middle = x + width / 2.0;
    surface.draw_path(&oval((middle, y + 19.0 * MM), (9.0 * MM, 12.0 * MM)));
    surface.draw_path(&oval((middle, y + 41.0 * MM), (15.0 * MM, 4.0 * MM)));
    fill(surface, 60);
    surface.draw_path(&oval((middle, y + 9.5 * MM), (9.5 * MM, 5.0 * MM)));
}
