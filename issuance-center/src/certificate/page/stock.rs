//! What is made once for all pages: the stream behind every page, what the programmes say, fitted to its places, and fonts with the
//! characters of that.
//!
//! A certificate then takes only its own text, and the characters it needs besides: those of a name, a municipality, a lot. Nothing
//! is ever added: what comes from a request is not kept.

use std::{collections::HashMap, sync::Arc};

use pdf_writer::{Chunk, Ref};

use super::{
    PageError, background,
    embed::{Packing, Subset, stream},
    fonts::{Cluster, Face},
    text::{Block, Ladder, Piece},
};

/// Ids of a page's own objects.
pub(super) const CATALOG: Ref = Ref::new(1);
pub(super) const PAGES: Ref = Ref::new(2);
pub(super) const PAGE: Ref = Ref::new(3);
pub(super) const CONTENT: Ref = Ref::new(4);
pub(super) const STRUCTURE: Ref = Ref::new(5);
pub(super) const METADATA: Ref = Ref::new(6);
pub(super) const INFORMATION: Ref = Ref::new(7);
pub(super) const OUTLINE: Ref = Ref::new(8);
pub(super) const OUTLINE_ITEM: Ref = Ref::new(9);
/// Of the stream behind it.
pub(super) const BACKGROUND: Ref = Ref::new(10);
const FIRST: Ref = Ref::new(11);

/// Texts fitted to their places, by what they say.
#[derive(Default)]
struct Fitted(HashMap<String, Vec<Fit>>);

struct Fit {
    width: f32,
    ladder: Ladder,
    block: Arc<Block>,
}

impl Fitted {
    fn find(
        &self,
        face: &Arc<Face>,
        text: &str,
        width: f32,
        ladder: Ladder,
    ) -> Option<&Arc<Block>> {
        let mut fits = self.0.get(text)?.iter();
        let fit = fits.find(|fit| {
            Arc::ptr_eq(&fit.block.face, face) && fit.width == width && fit.ladder == ladder
        });
        fit.map(|fit| &fit.block)
    }
}

/// What every page may say: characters, face by face, and texts.
#[derive(Default)]
pub(super) struct Taken {
    subsets: Vec<Subset>,
    fitted: Fitted,
}

impl Taken {
    /// Takes in a text fitted to its place.
    pub(super) fn take(&mut self, block: &Arc<Block>, width: f32, ladder: Ladder) {
        let subsets = &mut self.subsets;
        let known = subsets
            .iter()
            .position(|subset| Arc::ptr_eq(&subset.face, &block.face));
        let at = known.unwrap_or_else(|| {
            subsets.push(Subset::of(Arc::clone(&block.face)));
            subsets.len() - 1
        });
        for cluster in block.lines.iter().flatten() {
            subsets[at].cid(&block.text[cluster.range.clone()], cluster);
        }
        let found = self.fitted.find(&block.face, &block.text, width, ladder);
        if found.is_none() {
            let fits = self.fitted.0.entry(block.text.clone()).or_default();
            fits.push(Fit {
                width,
                ladder,
                block: Arc::clone(block),
            });
        }
    }
}

/// One font in stock.
struct Font {
    face: Arc<Face>,
    cids: HashMap<String, u16>,
    id: Ref,
}

/// Objects that are in every document.
pub(super) struct Stock {
    fonts: Vec<Font>,
    fitted: Fitted,
    objects: Chunk,
    /// The first id that is free.
    free: Ref,
}

impl Stock {
    pub(super) fn of(taken: Taken) -> Result<Self, PageError> {
        let (mut objects, mut free) = (Chunk::new(), FIRST);
        stream(
            &mut objects,
            BACKGROUND,
            &background::stream(),
            Packing::Small,
        );
        let fonts = taken.subsets.iter().map(|subset| {
            let id = subset.write(&mut objects, &mut free, Packing::Small)?;
            let cids = subset.cids().map(|(text, cid)| (text.to_owned(), cid));
            Ok(Font {
                face: Arc::clone(&subset.face),
                cids: cids.collect(),
                id,
            })
        });
        let stock = Self {
            fonts: fonts.collect::<Result<_, _>>()?,
            fitted: taken.fitted,
            objects,
            free,
        };
        for Fit { block, .. } in stock.fitted.0.values().flatten() {
            if let Some(shown) = stock.show(block) {
                block.shown.get_or_init(|| shown);
            }
        }
        Ok(stock)
    }

    /// A text fitted to its place, if it is in stock.
    pub(super) fn fitted(
        &self,
        face: &Arc<Face>,
        text: &str,
        width: f32,
        ladder: Ladder,
    ) -> Option<Arc<Block>> {
        self.fitted.find(face, text, width, ladder).cloned()
    }

    /// The lines of a text, if its characters are all in stock.
    fn show(&self, block: &Block) -> Option<Vec<Vec<Piece>>> {
        let line = |line: &Vec<Cluster>| {
            let mut pieces: Vec<Piece> = Vec::new();
            for cluster in line {
                let text = &block.text[cluster.range.clone()];
                let (font, cid) = self.find(&block.face, text)?;
                match pieces.last_mut() {
                    Some((last, cids)) if *last == font => cids.extend(cid.to_be_bytes()),
                    _ => pieces.push((font, cid.to_be_bytes().to_vec())),
                }
            }
            Some(pieces)
        };
        block.lines.iter().map(line).collect()
    }

    pub(super) const fn objects(&self) -> &Chunk {
        &self.objects
    }

    pub(super) const fn free(&self) -> Ref {
        self.free
    }

    /// The ids of the fonts.
    pub(super) fn fonts(&self) -> impl Iterator<Item = Ref> {
        self.fonts.iter().map(|font| font.id)
    }

    /// Which font in stock has a text, and its CID.
    pub(super) fn find(&self, face: &Arc<Face>, text: &str) -> Option<(usize, u16)> {
        let mut fonts = self.fonts.iter();
        let at = fonts.position(|font| Arc::ptr_eq(&font.face, face))?;
        Some((at, *self.fonts[at].cids.get(text)?))
    }
}
