//! What a page of ours draws, read once: outlines, each filled with one colour.
//!
//! ```text
//! PDF ── interpreter ── outlines in points, in their order ── a raster of any part, at any resolution
//! ```
//! A page of ours consists of filled and stroked paths, of text and of stencils, and of nothing that could hide, cut off or let shine through:
//! a page with anything else is none of ours. Most of that content and structure have refused before; it is refused here as well.

use std::collections::HashMap;
use std::sync::Arc;

use hayro::hayro_interpret::font::{Glyph, GlyphRun};
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, FillRule, Image, ImageDrawProps,
    InterpreterCache, InterpreterSettings, LumaData, Paint, SoftMask, StrokeProps, interpret_page,
};
use hayro::hayro_syntax::object::Dict;
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, BezPath, PathEl, Rect, Shape, Stroke, StrokeOpts, stroke};
use hayro::vello_cpu::color::{AlphaColor, Srgb};
use hayro::vello_cpu::peniko::Fill;
use hayro::vello_cpu::{Pixmap, RenderContext};

use super::WIDEST;
use super::raster::{INK, Painter, luma};
use crate::on_paper;

/// How far a stroke's edge may lie from where it should, in points: a tenth of a dot at 600 dots an inch.
const TOLERANCE: f64 = 0.012;

/// From this luma on nobody reads a symbol from white paper: it takes away less than a quarter of the light, if it takes as little of each
/// colour. Where ink is told by [`INK`], one between the two would not be seen.
const FAINT: u8 = 226;
const FAINT_OF_EACH: u8 = 220;

/// No thinner than this, in points, may a line be, or what is filled but a letter: of less a printer makes a whole dot, and we nothing.
const THINNEST: f64 = 0.2;
/// Most elements of outlines, how long all of them are in points, and how often they cover the page: a multiple of what a page of ours has.
const MOST_ELEMENTS: usize = 1 << 20;
const LONGEST: f64 = 1e7;
const MOST_COVERED: f64 = 100.0;

/// There is more on a page than is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

/// A page's drawing.
pub(super) struct Drawing(Vec<Filled>);

/// An outline, filled.
struct Filled {
    outline: Arc<BezPath>,
    /// To points from the page's upper left corner.
    transform: Affine,
    /// On the page.
    bounds: Rect,
    rule: Fill,
    colour: AlphaColor<Srgb>,
}

impl Drawing {
    /// Reads a page, if it is as ours are.
    ///
    /// # Errors
    /// [`TooMuch`], however it is.
    pub(super) fn of(page: &Page<'_>) -> Result<Option<Self>, TooMuch> {
        let (width, height) = page.render_dimensions();
        let cache = InterpreterCache::new();
        let mut context = Context::new(
            page.initial_transform(true).to_kurbo(),
            Rect::new(0.0, 0.0, width.into(), height.into()),
            &cache,
            page.xref(),
            InterpreterSettings::default(),
        );
        let mut reader = Reader {
            drawn: Vec::new(),
            outlines: HashMap::new(),
            elements: 0,
            length: 0.0,
            covered: 0.0,
            whole: f64::from(width) * f64::from(height),
            is_ours: true,
        };
        interpret_page(page, &mut context, &mut reader);
        reader.ensure_bounded()?;
        Ok(reader.is_ours.then_some(Self(reader.drawn)))
    }
}

impl Painter for Drawing {
    fn strip(&self, width: u16, height: u16, view: Affine) -> Pixmap {
        let mut context = RenderContext::new(width, height);
        // What lies beside it by less than a dot may touch it.
        let seen = Rect::new(-1.0, -1.0, f64::from(width) + 1.0, f64::from(height) + 1.0);
        for filled in &self.0 {
            if !view.transform_rect_bbox(filled.bounds).overlaps(seen) {
                continue;
            }
            context.set_transform(view * filled.transform);
            context.set_fill_rule(filled.rule);
            context.set_paint(filled.colour);
            context.fill_path(&filled.outline);
        }
        on_paper(context, width, height)
    }
}

struct Reader {
    drawn: Vec<Filled>,
    /// Of glyphs, by what names them.
    outlines: HashMap<u128, Arc<BezPath>>,
    /// Of all outlines.
    elements: usize,
    length: f64,
    /// By the bounds of all outlines, in square points; and the page's.
    covered: f64,
    whole: f64,
    /// Whether all that was read is.
    is_ours: bool,
}

impl Reader {
    fn fill(
        &mut self,
        outline: Arc<BezPath>,
        transform: Affine,
        rule: Fill,
        props: &DrawProps<'_>,
    ) {
        let bounds = transform.transform_rect_bbox(outline.control_box());
        self.count(&outline, transform, bounds);
        if !self.is_ours || self.ensure_bounded().is_err() {
            return self.is_ours = false;
        }
        let colour = match &props.paint {
            Paint::Color(colour) => colour.to_rgba().to_rgba8(),
            Paint::Pattern(_) => return self.is_ours = false,
        };
        let [red, green, blue, alpha] = colour;
        let luma = luma(red, green, blue);
        if (INK..FAINT).contains(&luma) || luma >= FAINT && red.min(green).min(blue) < FAINT_OF_EACH
        {
            return self.is_ours = false;
        }
        if alpha != u8::MAX || props.soft_mask.is_some() || props.blend_mode != BlendMode::Normal {
            return self.is_ours = false;
        }
        self.drawn.push(Filled {
            bounds,
            outline,
            transform,
            rule,
            colour: AlphaColor::from_rgba8(red, green, blue, alpha),
        });
    }

    fn count(&mut self, outline: &BezPath, transform: Affine, bounds: Rect) {
        self.elements += outline.elements().len();
        self.covered += bounds.area();
        let ends = outline.elements().iter().filter_map(PathEl::end_point);
        let ends = ends.map(|end| transform * end);
        let sides = ends.clone().zip(ends.skip(1));
        self.length += sides.map(|(from, to)| from.distance(to)).sum::<f64>();
    }

    /// What is no number is no bound.
    fn ensure_bounded(&self) -> Result<(), TooMuch> {
        let is_bounded = self.elements <= MOST_ELEMENTS
            && self.length <= LONGEST
            && self.covered <= MOST_COVERED * self.whole;
        if is_bounded { Ok(()) } else { Err(TooMuch) }
    }

    /// Each line by itself, so that only those are drawn that can be seen.
    fn stroke(&mut self, path: &BezPath, props: &DrawProps<'_>, how: &StrokeProps) {
        if !how.dash_array.is_empty() {
            return self.is_ours = false;
        }
        let style = Stroke {
            width: how.line_width.into(),
            join: how.line_join,
            miter_limit: how.miter_limit.into(),
            start_cap: how.line_cap,
            end_cap: how.line_cap,
            ..Stroke::default()
        };
        let [a, b, c, d, ..] = props.transform.as_coeffs();
        // The smaller of the two scales.
        let (sum, area) = (a * a + b * b + c * c + d * d, a * d - b * c);
        let scale = ((sum - (sum * sum - 4.0 * area * area).max(0.0).sqrt()) / 2.0).sqrt();
        let is_seen = style.width * scale >= THINNEST;
        if !is_seen {
            return self.is_ours = false;
        }
        for line in lines(path) {
            let outline = stroke(
                line.iter().copied(),
                &style,
                &StrokeOpts::default(),
                TOLERANCE / scale,
            );
            self.fill(Arc::new(outline), props.transform, Fill::NonZero, props);
        }
    }
}

/// Whether it is one that stands upright on the page, and is not too thin.
fn is_rectangle(line: &[PathEl], transform: Affine) -> bool {
    use PathEl::{ClosePath, LineTo, MoveTo};
    let ([MoveTo(first), LineTo(second), LineTo(third), LineTo(fourth)]
    | [
        MoveTo(first),
        LineTo(second),
        LineTo(third),
        LineTo(fourth),
        ClosePath,
    ]) = line
    else {
        return false;
    };
    let [first, second, third, fourth] = [first, second, third, fourth].map(|it| transform * *it);
    let one_way =
        first.y == second.y && second.x == third.x && third.y == fourth.y && fourth.x == first.x;
    let other_way =
        first.x == second.x && second.y == third.y && third.x == fourth.x && fourth.y == first.y;
    let (width, height) = ((first.x - third.x).abs(), (first.y - third.y).abs());
    (one_way || other_way) && width.min(height) >= THINNEST
}

/// The parts of a path, each from one beginning to the next.
fn lines(path: &BezPath) -> impl Iterator<Item = &[PathEl]> {
    path.elements()
        .chunk_by(|_, next| !matches!(next, PathEl::MoveTo(_)))
}

/// What a stencil lets through, each sample a square of side 1; nothing for one that is smoothed, or larger than a symbol is.
fn outline(stencil: &LumaData) -> Option<BezPath> {
    let LumaData {
        data,
        width,
        height,
        interpolate: false,
        scale_factors: (1.0, 1.0),
    } = stencil
    else {
        return None;
    };
    if usize::try_from(*width.max(height)).ok()? > WIDEST {
        return None;
    }
    let mut outline = BezPath::new();
    for (row, y) in data
        .chunks_exact(usize::try_from(*width).ok()?)
        .zip(0_u32..)
    {
        let mut x = 0;
        for run in row.chunk_by(|one, next| one == next) {
            let end = x + u32::try_from(run.len()).ok()?;
            if run.first() != Some(&0) {
                let [x, y, end] = [x, y, end].map(f64::from);
                outline.extend(Rect::new(x, y, end, y + 1.0).path_elements(TOLERANCE));
            }
            x = end;
        }
    }
    Some(outline)
}

impl<'a> Device<'a> for Reader {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, mode: &DrawMode) {
        let (rule, how) = match mode {
            DrawMode::Fill(rule) => (Some(*rule), None),
            DrawMode::Stroke(how) => (None, Some(how)),
            DrawMode::FillAndStroke(rule, how) => (Some(*rule), Some(how)),
            DrawMode::Invisible => (None, None),
        };
        if let Some(rule) = rule {
            if !lines(path).all(|line| is_rectangle(line, props.transform)) {
                self.is_ours = false;
            }
            let rule = match rule {
                FillRule::NonZero => Fill::NonZero,
                FillRule::EvenOdd => Fill::EvenOdd,
            };
            self.fill(Arc::new(path.clone()), props.transform, rule, &props);
        }
        if let Some(how) = how {
            self.stroke(path, &props, how);
        }
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, mode: &DrawMode) {
        if !matches!(mode, DrawMode::Fill(_)) {
            return self.is_ours = false;
        }
        for placed in run.glyphs() {
            let Glyph::Outline(glyph) = &**placed else {
                return self.is_ours = false;
            };
            let key = glyph.identifier().cache_key();
            let outline = self.outlines.entry(key);
            let outline = Arc::clone(outline.or_insert_with(|| Arc::new(glyph.outline())));
            let transform = props.transform * placed.transform();
            self.fill(outline, transform, Fill::NonZero, &props);
        }
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.is_ours = false;
    }

    /// Every image has one of its own.
    fn push_transparency_group(
        &mut self,
        opacity: f32,
        mask: Option<SoftMask<'a>>,
        blend: BlendMode,
    ) {
        self.is_ours &= opacity == 1.0 && mask.is_none() && blend == BlendMode::Normal;
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        let mut read = None;
        if let Image::Stencil(stencil) = image {
            stencil.with_stencil(
                |samples, paint| read = outline(&samples).zip(Some(paint.clone())),
                None,
            );
        }
        let Some((outline, paint)) = read else {
            return self.is_ours = false;
        };
        let ImageDrawProps {
            transform,
            soft_mask,
            blend_mode,
        } = props;
        let props = DrawProps {
            transform,
            paint,
            soft_mask,
            blend_mode,
        };
        self.fill(Arc::new(outline), transform, Fill::NonZero, &props);
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}

    fn begin_marked_content(&mut self, tag: &[u8], _: Option<&Dict<'_>>) {
        // Optional content: what one reader hides another may show.
        if tag == b"OC" {
            self.is_ours = false;
        }
    }
}
