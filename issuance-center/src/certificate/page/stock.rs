//! What is made once for all pages: the stream behind every page, and fonts with the characters of what every page says.
//!
//! A certificate then takes only the characters its own text needs besides: those of a name, a municipality, a lot.

use std::{collections::HashMap, sync::Arc};

use pdf_writer::{Chunk, Ref};

use super::{
    PageError, background,
    embed::{Packing, Subset, stream},
    fonts::Face,
    text::Block,
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

/// Characters that every page may show, face by face.
#[derive(Default)]
pub(super) struct Taken(Vec<Subset>);

impl Taken {
    /// Takes in the characters of a text.
    pub(super) fn take(&mut self, block: &Block) {
        let known = self
            .0
            .iter()
            .position(|subset| Arc::ptr_eq(&subset.face, &block.face));
        let at = known.unwrap_or_else(|| {
            self.0.push(Subset::of(Arc::clone(&block.face)));
            self.0.len() - 1
        });
        for cluster in block.lines.iter().flatten() {
            self.0[at].cid(&block.text[cluster.range.clone()], cluster);
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
    objects: Chunk,
    /// The first id that is free.
    free: Ref,
}

impl Stock {
    pub(super) fn of(taken: &Taken) -> Result<Self, PageError> {
        let (mut objects, mut free) = (Chunk::new(), FIRST);
        stream(
            &mut objects,
            BACKGROUND,
            &background::stream(),
            Packing::Small,
        );
        let fonts = taken.0.iter().map(|subset| {
            let id = subset.write(&mut objects, &mut free, Packing::Small)?;
            let cids = subset.cids().map(|(text, cid)| (text.to_owned(), cid));
            Ok(Font {
                face: Arc::clone(&subset.face),
                cids: cids.collect(),
                id,
            })
        });
        Ok(Self {
            fonts: fonts.collect::<Result<_, _>>()?,
            objects,
            free,
        })
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
