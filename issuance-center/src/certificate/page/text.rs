//! Text in a place of given width: shrunk and wrapped down a ladder of sizes until it fits.

use std::sync::{Arc, OnceLock};

use super::{
    PageError,
    fonts::{Cluster, Face},
};

/// Sizes in points to try in turn, each with the number of lines it may take.
pub(super) type Ladder = &'static [(f32, usize)];

/// Text that fits its place.
pub(super) struct Block {
    pub(super) text: String,
    pub(super) face: Arc<Face>,
    pub(super) size: f32,
    pub(super) lines: Vec<Vec<Cluster>>,
    /// Each line as the fonts in stock show it, where the text is in stock.
    pub(super) shown: OnceLock<Vec<Vec<Piece>>>,
}

/// Characters of one line that one font shows: its number, and their CIDs.
pub(super) type Piece = (usize, Vec<u8>);

impl Block {
    /// Fits a text set in one face.
    pub(super) fn fit(
        face: &Arc<Face>,
        text: &str,
        width: f32,
        ladder: Ladder,
    ) -> Result<Self, PageError> {
        Self::fit_clusters(Arc::clone(face), face.clusters(text)?, text, width, ladder)
    }

    /// Fits clusters that are known already.
    pub(super) fn fit_clusters(
        face: Arc<Face>,
        clusters: Vec<Cluster>,
        text: &str,
        width: f32,
        ladder: Ladder,
    ) -> Result<Self, PageError> {
        for (size, most) in ladder {
            let lines = wrap(&clusters, width / size);
            if lines.len() <= *most {
                return Ok(Self {
                    text: text.to_owned(),
                    face,
                    size: *size,
                    lines,
                    shown: OnceLock::new(),
                });
            }
        }
        Err(PageError::TooLong)
    }

    /// From one baseline to the next, in points.
    pub(super) fn leading(&self) -> f32 {
        self.size * 1.25
    }

    /// From the top of the first line to the bottom of the last, in points.
    pub(super) fn height(&self) -> f32 {
        self.lines.iter().map(|_| self.leading()).sum()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.text);
    }
}

/// Width of clusters in ems.
pub(super) fn advance(clusters: &[Cluster]) -> f32 {
    clusters.iter().map(|cluster| cluster.advance).sum()
}

/// Breaks clusters into lines of at most `width` ems: at spaces and around wide characters, and inside a word only if it
/// alone is wider than a line. Spaces at a break vanish.
fn wrap(clusters: &[Cluster], width: f32) -> Vec<Vec<Cluster>> {
    let mut lines = Vec::new();
    let mut rest = clusters;
    loop {
        let trimmed = rest.iter().take_while(|c| is_space(c.character)).count();
        if !lines.is_empty() {
            rest = &rest[trimmed..];
        }
        let mut used = 0.0;
        let fits = rest.iter().take_while(|cluster| {
            used += cluster.advance;
            // A thousandth of an em for what adding up floats loses.
            used <= width + 0.001
        });
        let fits = fits.count();
        if fits == rest.len() {
            lines.push(rest.to_vec());
            return lines;
        }
        let can_break = |at: &usize| may_break(rest[*at - 1].character, rest[*at].character);
        let at = (1..=fits).rev().find(can_break).unwrap_or(fits.max(1));
        let (line, after) = rest.split_at(at);
        let kept = line.iter().rposition(|c| !is_space(c.character));
        lines.push(line[..kept.map_or(0, |last| last + 1)].to_vec());
        rest = after;
    }
}

/// From here on, characters are a full em wide and lines break around them.
const FIRST_WIDE: u32 = 0x2e80;

const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\u{3000}')
}

/// Between wide characters and at spaces, but not inside a katakana word, before closing or after opening marks.
const fn may_break(before: char, after: char) -> bool {
    let wide = before as u32 >= FIRST_WIDE || after as u32 >= FIRST_WIDE;
    let not_first = matches!(
        after,
        '、' | '。' | '）' | '」' | '・' | 'ー' | '：' | ',' | '.' | ')' | '/'
    );
    let not_last = matches!(before, '（' | '「' | '(');
    let one_word = is_katakana(before) && is_katakana(after);
    is_space(before) || is_space(after) || (wide && !not_first && !not_last && !one_word)
}

const fn is_katakana(character: char) -> bool {
    matches!(character, 'ァ'..='ヺ' | 'ー')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::certificate::page::fonts;

    const LADDER: Ladder = &[(18.0, 1), (12.0, 2), (8.0, 4), (5.0, 12)];

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_place_and_nothing_is_lost(
            text in "[A-Za-z]{1,12}[ \u{3000}A-Za-z山田花子ァ-ヺ（）・ー]{0,120}",
            width in 40.0f32..400.0,
        ) {
            let face = fonts::tests::body();
            let Ok(block) = Block::fit(&face, &text, width, LADDER) else {
                // Refused only where even the smallest size with all its lines is too narrow.
                let all = advance(&face.clusters(&text).unwrap());
                prop_assert!(all * 5.0 > width * 4.0, "{all} ems did not fit");
                return Ok(());
            };
            for line in &block.lines {
                prop_assert!(advance(line) * block.size <= width + 0.1);
            }
            let without_spaces = |characters: &mut dyn Iterator<Item = char>| -> String {
                characters.filter(|c| !is_space(*c)).collect()
            };
            let set = without_spaces(&mut block.lines.iter().flatten().map(|c| c.character));
            prop_assert_eq!(set, without_spaces(&mut text.chars()));
        }
    }

    #[test]
    fn lines_break_where_readers_expect_it() {
        let face = fonts::tests::body();
        let lines = |text: &str, ems: f32| -> Vec<String> {
            let lines = wrap(&face.clusters(text).unwrap(), ems);
            let text = |line: &Vec<Cluster>| line.iter().map(|c| c.character).collect();
            lines.iter().map(text).collect()
        };
        assert_eq!(lines("ALEXANDRA MARIA", 8.0), ["ALEXANDRA", "MARIA"]);
        assert_eq!(
            lines("（起源株/オミクロン株）", 7.0),
            ["（起源株/", "オミクロン株）"]
        );
        assert_eq!(
            lines("武田薬品工業（ノババックス）", 8.0),
            ["武田薬品工業", "（ノババックス）"]
        );
        assert_eq!(lines("山田花子。", 4.2), ["山田花", "子。"]);
    }
}
