//! Characters of one font, as a PDF carries them: a CID font with the outlines of these alone.
//!
//! ```text
//! Type 0 font (Identity-H: two bytes are a CID) ┬ CID font, TrueType ┬ descriptor ─ font file (subset)
//!                                               │                    └ CID → glyph of the subset
//!                                               └ ToUnicode: CID → text
//! ```
//! A CID stands for a text, not for a glyph: か and U+3099 have the glyph of が, and are read out as they were written.

use pdf_writer::{
    Chunk, Filter, Finish, Name, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use sha2::{Digest, Sha256};
use subsetter::GlyphRemapper;
use zeroize::Zeroizing;

use super::{
    PageError,
    fonts::{Cluster, Face},
};

const SYSTEM_INFO: SystemInfo<'static> = SystemInfo {
    registry: Str(b"Adobe"),
    ordering: Str(b"Identity"),
    supplement: 0,
};
/// What a font's measures are relative to in PDF.
const UNITS: f32 = 1000.0;

/// Whether streams are worth the time to compress them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// For what is made once.
    Small,
    /// For what is made for each page.
    Fast,
}

/// Texts of one face, each a CID: that of the first is 1.
pub(super) struct Subset {
    pub(super) face: std::sync::Arc<Face>,
    characters: Vec<Character>,
}

struct Character {
    text: Zeroizing<String>,
    glyph: u16,
    /// In ems.
    advance: f32,
}

impl Subset {
    pub(super) fn of(face: std::sync::Arc<Face>) -> Self {
        Self {
            face,
            characters: Vec::new(),
        }
    }

    /// Every text with its CID.
    pub(super) fn cids(&self) -> impl Iterator<Item = (&str, u16)> {
        self.characters.iter().map(|c| c.text.as_str()).zip(1..)
    }

    /// The CID of a cluster, which is taken in if it is not there yet.
    pub(super) fn cid(&mut self, text: &str, cluster: &Cluster) -> u16 {
        if let Some((_, cid)) = self.cids().find(|(known, _)| *known == text) {
            return cid;
        }
        self.characters.push(Character {
            text: Zeroizing::new(text.to_owned()),
            glyph: cluster.glyph,
            advance: cluster.advance,
        });
        u16::try_from(self.characters.len()).expect("a page has fewer characters")
    }

    /// Writes the font. Ids are taken from `next` on; the first is the font's.
    pub(super) fn write(
        &self,
        chunk: &mut Chunk,
        next: &mut Ref,
        packing: Packing,
    ) -> Result<Ref, PageError> {
        let [font, cid_font, descriptor, file, map, unicode] = std::array::from_fn(|_| next.bump());
        let mut remapper = GlyphRemapper::new();
        let mut glyphs = Zeroizing::new(vec![0; 2]);
        for character in &self.characters {
            glyphs.extend(remapper.remap(character.glyph).to_be_bytes());
        }
        let outlines = subsetter::subset(self.face.data(), 0, &remapper);
        let outlines = Zeroizing::new(outlines.map_err(|_| PageError::Font)?);
        let name = self.name();

        chunk
            .type0_font(font)
            .base_font(Name(&name))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid_font)
            .to_unicode(unicode);
        let mut written = chunk.cid_font(cid_font);
        written
            .subtype(CidFontType::Type2)
            .base_font(Name(&name))
            .system_info(SYSTEM_INFO)
            .font_descriptor(descriptor)
            .default_width(0.0)
            .cid_to_gid_map_stream(map);
        let advances = self.characters.iter().map(|c| c.advance * UNITS);
        written.widths().consecutive(1, advances);
        written.finish();
        let measures = self.face.measures();
        let [left, bottom, right, top] = measures.bounds.map(|at| at * UNITS);
        chunk
            .font_descriptor(descriptor)
            .name(Name(&name))
            .flags(FontFlags::SYMBOLIC)
            .bbox(pdf_writer::Rect::new(left, bottom, right, top))
            .italic_angle(0.0)
            .ascent(measures.ascent * UNITS)
            .descent(measures.descent * UNITS)
            .cap_height(measures.cap_height * UNITS)
            .stem_v(measures.stem * UNITS)
            .font_file2(file);
        stream(chunk, file, &outlines, packing);
        stream(chunk, map, &glyphs, packing);

        let mut to_unicode = UnicodeCmap::<u16>::new(Name(b"Shomei"), SYSTEM_INFO);
        for (text, cid) in self.cids() {
            to_unicode.pair_with_multiple(cid, text.chars());
        }
        stream(chunk, unicode, to_unicode.finish().as_slice(), packing);
        Ok(font)
    }

    /// Two subsets of one face have different names, and equal ones the same: a printer keeps fonts by name.
    fn name(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        for character in &self.characters {
            digest.update(character.text.as_bytes());
            digest.update([0]);
            digest.update(character.glyph.to_be_bytes());
        }
        let tag = digest.finalize();
        let tag = tag.iter().take(6).map(|byte| b'A' + byte % 26);
        tag.chain(*b"+").chain(self.face.name().bytes()).collect()
    }
}

/// Writes a stream.
pub(super) fn stream(chunk: &mut Chunk, id: Ref, bytes: &[u8], packing: Packing) {
    match packing {
        Packing::Fast => {
            chunk.stream(id, bytes);
        }
        Packing::Small => {
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(bytes, 9);
            chunk.stream(id, &packed).filter(Filter::FlateDecode);
        }
    }
}
