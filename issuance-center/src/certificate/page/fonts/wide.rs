//! A font of tens of megabytes that few names need: its outlines stay in the file.
//!
//! ```text
//! index = what is kept: cmap, hmtx, loca and the other small tables, as a font without outlines
//! face  = index without cmap, with glyf and loca of one name's own glyphs and their components
//! ```
//! Glyph ids stay those of the file; a glyph that the name does not need is empty in its face.

use std::{collections::BTreeMap, fs::File, io, os::unix::fs::FileExt, path::Path, sync::Arc};

use skrifa::{
    FontRef, GlyphId, Tag,
    raw::{FontData, FontRead, TableProvider, tables::glyf::Glyph},
};

use super::{Cluster, Face, FontError, clusters};
use crate::certificate::page::PageError;

const CMAP: Tag = Tag::new(b"cmap");
const GLYF: Tag = Tag::new(b"glyf");
const HEAD: Tag = Tag::new(b"head");
const LOCA: Tag = Tag::new(b"loca");

/// What setting horizontal text and subsetting needs, glyf apart.
const KEPT: [&[u8; 4]; 12] = [
    b"OS/2", b"cmap", b"cvt ", b"fpgm", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"name",
    b"post", b"prep",
];

/// Tables of a TrueType font file that will be taken at most.
const MAX_TABLES: u16 = 64;
/// Bytes of all kept tables together at most.
const MAX_INDEX: u64 = 16 << 20;

/// A TrueType font with its outlines left on disk.
pub(super) struct WideFont {
    file: File,
    /// Where glyf begins in the file.
    outlines: u64,
    index: Vec<u8>,
}

impl WideFont {
    pub(super) fn open(path: &Path) -> Result<Self, FontError> {
        let file = File::open(path).map_err(|_| FontError::Unreadable(path.to_owned()))?;
        Self::read(file).map_err(|_| FontError::NotAFont(path.to_owned()))
    }

    fn read(file: File) -> io::Result<Self> {
        let mut outlines = None;
        let mut tables = BTreeMap::new();
        let mut size = 0;
        for [tag, _, offset, length] in directory(&file)? {
            let tag = Tag::new(&tag);
            let (offset, length) = (u32::from_be_bytes(offset), u32::from_be_bytes(length));
            if tag == GLYF {
                outlines = Some(u64::from(offset));
            } else if KEPT.contains(&&tag.into_bytes()) {
                size += u64::from(length);
                if size > MAX_INDEX {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
                tables.insert(tag, read_at(&file, offset.into(), length)?);
            }
        }
        let outlines = outlines.ok_or(io::ErrorKind::InvalidData)?;
        let index = font(&tables).ok_or(io::ErrorKind::InvalidData)?;
        let read = FontRef::new(&index).map_err(io::Error::other)?;
        let complete = read.cmap().is_ok() && read.hmtx().is_ok() && read.loca(None).is_ok();
        if !complete {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self {
            file,
            outlines,
            index,
        })
    }

    /// A font with this name's glyphs, and the name's clusters in it.
    pub(super) fn for_name(&self, name: &str) -> Result<(Arc<Face>, Vec<Cluster>), PageError> {
        let index = FontRef::new(&self.index).expect("it was a font when it was opened");
        let clusters = clusters(&index, name)?;
        let glyphs = clusters.iter().map(|c| GlyphId::new(c.glyph.into()));
        let data = self.with(&index, glyphs.collect());
        let data = data.map_err(|_| PageError::Font)?;
        let face = Face::of(data).ok_or(PageError::Font)?;
        Ok((Arc::new(face), clusters))
    }

    /// The font with these glyphs' outlines, those of their components, and that of glyph 0.
    fn with(&self, index: &FontRef<'_>, mut wanted: Vec<GlyphId>) -> io::Result<Vec<u8>> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let loca = index.loca(None).map_err(io::Error::other)?;
        let mut outlines = BTreeMap::new();
        wanted.push(GlyphId::NOTDEF);
        while let Some(glyph) = wanted.pop() {
            if outlines.contains_key(&glyph) {
                continue;
            }
            let number = usize::try_from(glyph.to_u32()).map_err(io::Error::other)?;
            let bounds = loca.get_raw(number).zip(loca.get_raw(number + 1));
            let (from, to) = bounds.ok_or_else(broken)?;
            let length = to.checked_sub(from).ok_or_else(broken)?;
            let outline = read_at(&self.file, self.outlines + u64::from(from), length)?;
            if !outline.is_empty() {
                let read = Glyph::read(FontData::new(&outline)).map_err(io::Error::other)?;
                if let Glyph::Composite(composite) = read {
                    let parts = composite.component_glyphs_and_flags();
                    wanted.extend(parts.map(|(part, _)| GlyphId::from(part)));
                }
            }
            outlines.insert(glyph, outline);
        }

        let mut glyf = Vec::new();
        let mut offsets = Vec::with_capacity((loca.len() + 1) * 4);
        for glyph in (0..).map(GlyphId::new).take(loca.len()) {
            offsets.extend(
                u32::try_from(glyf.len())
                    .map_err(io::Error::other)?
                    .to_be_bytes(),
            );
            if let Some(outline) = outlines.get(&glyph) {
                glyf.extend_from_slice(outline);
            }
        }
        offsets.extend(
            u32::try_from(glyf.len())
                .map_err(io::Error::other)?
                .to_be_bytes(),
        );

        // The name's characters have their glyphs: what maps a hundred thousand others is not copied.
        let kept = KEPT.iter().map(|tag| Tag::new(tag));
        let kept = kept.filter(|tag| *tag != CMAP);
        let mut tables: BTreeMap<Tag, Vec<u8>> = kept
            .filter_map(|tag| Some((tag, index.table_data(tag)?.as_bytes().to_vec())))
            .collect();
        tables.insert(GLYF, glyf);
        tables.insert(LOCA, offsets);
        let head = tables.get_mut(&HEAD).ok_or_else(broken)?;
        // indexToLocFormat: long.
        head.get_mut(50..52)
            .ok_or_else(broken)?
            .copy_from_slice(&[0, 1]);
        font(&tables).ok_or_else(broken)
    }
}

/// The table directory: tag, checksum, offset, length.
fn directory(file: &File) -> io::Result<Vec<[[u8; 4]; 4]>> {
    let mut head = [0; 12];
    file.read_exact_at(&mut head, 0)?;
    let [0, 1, 0, 0, high, low, ..] = head else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let count = u16::from_be_bytes([high, low]);
    if count > MAX_TABLES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let records = read_at(file, 12, u32::from(count) * 16)?;
    let (words, _) = records.as_chunks::<4>();
    let (records, _) = words.as_chunks::<4>();
    Ok(records.to_vec())
}

fn read_at(file: &File, offset: u64, length: u32) -> io::Result<Vec<u8>> {
    // Against a length that is not the file's.
    let end = offset + u64::from(length);
    if end > file.metadata()?.len() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, offset)?;
    Ok(bytes)
}

/// A font file of these tables. Checksums and search hints stay zero: the readers here use neither.
fn font(tables: &BTreeMap<Tag, Vec<u8>>) -> Option<Vec<u8>> {
    let count = u16::try_from(tables.len()).ok()?;
    let mut bytes = vec![0, 1, 0, 0];
    bytes.extend(count.to_be_bytes());
    bytes.extend([0; 6]);
    let mut offset = bytes.len() + tables.len() * 16;
    for (tag, table) in tables {
        bytes.extend(tag.into_bytes());
        bytes.extend([0; 4]);
        bytes.extend(u32::try_from(offset).ok()?.to_be_bytes());
        bytes.extend(u32::try_from(table.len()).ok()?.to_be_bytes());
        offset += table.len().next_multiple_of(4);
    }
    for table in tables.values() {
        bytes.extend_from_slice(table);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use skrifa::{
        MetadataProvider,
        instance::{LocationRef, Size},
        outline::{DrawSettings, OutlinePen},
    };

    use super::*;

    const FILE: &str = "/usr/share/fonts/truetype/ipamj/ipamjm.ttf";

    #[derive(Debug, Default, PartialEq)]
    struct Strokes(Vec<(char, [f32; 4])>);

    impl OutlinePen for Strokes {
        fn move_to(&mut self, x: f32, y: f32) {
            self.0.push(('M', [x, y, 0.0, 0.0]));
        }
        fn line_to(&mut self, x: f32, y: f32) {
            self.0.push(('L', [x, y, 0.0, 0.0]));
        }
        fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
            self.0.push(('Q', [cx, cy, x, y]));
        }
        fn curve_to(&mut self, _: f32, _: f32, _: f32, _: f32, x: f32, y: f32) {
            self.0.push(('C', [x, y, 0.0, 0.0]));
        }
        fn close(&mut self) {
            self.0.push(('Z', [0.0; 4]));
        }
    }

    fn outline(data: &[u8], glyph: GlyphId) -> Strokes {
        let font = FontRef::new(data).unwrap();
        let mut strokes = Strokes::default();
        let settings = DrawSettings::unhinted(Size::unscaled(), LocationRef::default());
        let outlines = font.outline_glyphs();
        outlines
            .get(glyph)
            .unwrap()
            .draw(settings, &mut strokes)
            .unwrap();
        strokes
    }

    #[test]
    fn a_name_s_glyphs_are_the_file_s_and_no_others_are_there() {
        let whole = std::fs::read(FILE).unwrap();
        let everything = FontRef::new(&whole).unwrap();
        let variants = '\u{e0100}'..='\u{e01ef}';
        let name = variants
            .map(|variant| format!("𠮷田\u{3000}髙子邉{variant}"))
            .find(|name| super::clusters(&everything, name).is_ok())
            .unwrap();

        let wide = WideFont::open(Path::new(FILE)).unwrap();
        let (face, clusters) = wide.for_name(&name).unwrap();
        assert!(face.data.len() < whole.len() / 20);
        let glyphs =
            |clusters: &[Cluster]| -> Vec<_> { clusters.iter().map(|c| c.glyph).collect() };
        let by_whole = super::clusters(&everything, &name).unwrap();
        assert_eq!(glyphs(&clusters), glyphs(&by_whole));
        for cluster in &clusters {
            let glyph = GlyphId::new(cluster.glyph.into());
            let drawn = outline(&face.data, glyph);
            assert_eq!(drawn, outline(&whole, glyph), "{:?}", cluster.character);
            assert_eq!(drawn.0.is_empty(), cluster.character == '\u{3000}');
        }
        let other = everything.charmap().map('花').unwrap();
        assert!(!outline(&whole, other).0.is_empty());
        assert!(outline(&face.data, other).0.is_empty());
    }

    #[test]
    fn what_is_cut_off_is_no_font() {
        let whole = std::fs::read(FILE).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.ttf");
        for length in [0, 11, 12, 200, 400_000] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let refused = WideFont::open(&path).err();
            assert_eq!(refused, Some(FontError::NotAFont(path.clone())), "{length}");
        }
    }
}
