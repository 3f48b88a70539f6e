//! Whether a page that is not ours, or not this application's, shows somebody else's code: for nothing but what is said of it, since it is not
//! handed over either way.
//!
//! The whole page is looked at once at 200 dots an inch; then, more finely, wherever ink lies as evenly and as close together as in a
//! symbol. Every code that reads, at any resolution, is compared with those expected.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_interpret::util::TransformExt;
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::Affine;
use hayro::vello_cpu::{Pixmap, RenderContext};
use hayro::{RenderCache, RenderSettings, render_into};
use symbols::Work;

use super::raster::{Area, CELL, COARSE, Painter, Raster, clusters, scaled};
use crate::on_paper;

/// Resolutions of the looks at what could be a symbol. At 300 a module of a version 22 symbol printed 40 mm wide is 4.5 dots. The decoder's
/// grid detection misses some symbols at some resolutions, as a person with a phone moves it until it reads; at the finest a printer's
/// smallest modules are seen.
const FINER: [f32; 4] = [300.0, 360.0, 450.0, 600.0];
/// From this many percent of ink on, a cell could be part of a symbol, half of which is ink. Three by three such cells are: text has gaps
/// between its lines. Any symbol of 8 mm has them; one that holds a certificate has 97 modules a side, and is not readable below that size.
const DENSE: usize = 20;
/// For each look at a part of a page, in millions ([`Work`]): some five of the largest symbols there are.
const FOR_A_LOOK: u64 = 64;
/// How many look at the same time: each takes memory.
const MOST_AT_WORK: usize = 2;
/// No look is begun later than this; a page of the center's that is another application's takes a fraction of a second.
const LONGEST: Duration = Duration::from_secs(5);

/// Glyphs as they are drawn, as on paper: fitting them to dots would cost most of the time. Nor are their pictures kept, one for
/// each size.
const RENDERING: RenderSettings = RenderSettings {
    force_image_interpolation: false,
    aliasing_threshold: None,
    hinting: false,
    glyph_caching: false,
};

/// Whether a code reads that is none of those expected.
pub(super) fn are_on(page: &Page<'_>, expected: &[&str], whole: Area) -> bool {
    let began = Instant::now();
    let sheet = Sheet::new(page);
    let raster = sheet.rasterise(whole, COARSE);
    let dense = clusters(&raster, CELL, DENSE).into_iter();
    let areas = dense.flat_map(|cells| cells.area(whole, CELL, 1.0).parts());
    let mut looks: Vec<_> = areas
        .flat_map(|area| FINER.map(|resolution| (area, resolution)))
        .collect();
    // The longest first, so that nobody waits for it in the end.
    looks.sort_by_key(|(area, resolution)| {
        std::cmp::Reverse(scaled(area.width * area.height, resolution * resolution))
    });
    let looks = Mutex::new(looks.into_iter());
    let next = || looks.lock().unwrap_or_else(PoisonError::into_inner).next();
    let look = |sheet: &Sheet<'_>| {
        std::iter::from_fn(next)
            .take_while(|_| began.elapsed() < LONGEST)
            .any(|(area, resolution)| has_other(sheet.rasterise(area, resolution), expected))
    };
    thread::scope(|scope| {
        let helpers = thread::available_parallelism().map_or(1, usize::from);
        let helpers: Vec<_> = (1..helpers.min(MOST_AT_WORK))
            .map(|_| scope.spawn(|| look(&Sheet::new(page))))
            .collect();
        let own = has_other(raster, expected) || look(&sheet);
        helpers.into_iter().fold(own, |any, helper| {
            helper.join().unwrap_or_else(|panic| resume_unwind(panic)) || any
        })
    })
}

/// Where only finder patterns seem to be, printed lines among them, nothing reads; nor where the decoder breaks.
fn has_other(mut raster: Raster, expected: &[&str]) -> bool {
    let grey = std::mem::take(&mut *raster.grey);
    let codes = symbols::codes(raster.width, grey, &mut Work::millions(FOR_A_LOOK));
    let mut texts = codes.iter().flatten().filter_map(|code| code.text.as_ref());
    texts.any(|text| !expected.contains(&text.as_str()))
}

/// A page under examination, by one of those at work on it.
struct Sheet<'a> {
    page: &'a Page<'a>,
    /// Fonts and their outlines, for all looks.
    cache: RenderCache<'a>,
}

impl<'a> Sheet<'a> {
    fn new(page: &'a Page<'a>) -> Self {
        Self {
            page,
            cache: RenderCache::new(),
        }
    }
}

impl Painter for Sheet<'_> {
    fn strip(&self, width: u16, height: u16, view: Affine) -> Pixmap {
        let mut context = RenderContext::new(width, height);
        render_into(
            self.page,
            &self.cache,
            &InterpreterSettings::default(),
            &RENDERING,
            &mut context,
            view * self.page.initial_transform(true).to_kurbo(),
        );
        on_paper(context, width, height)
    }
}
