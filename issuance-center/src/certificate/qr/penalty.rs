//! How bad a masked symbol is (ISO/IEC 18004, "Evaluation of data masking results"):
//!
//! | feature | points |
//! |---|---|
//! | run of n ≥ 5 modules of one colour in a row or column | 3 + (n − 5) |
//! | block of 2 × 2 of one colour, overlapping ones counted | 3 |
//! | dark-light-dark-dark-dark-light-dark in a row or column, four light modules before or after it | 40 |
//! | share of dark modules p % | 10 for each full 5 that p is away from 50 |
//!
//! The quiet zone around the symbol is light.

/// Sum of all points of a symbol given row by row and column by column.
pub(super) fn penalty(rows: &[u128], columns: &[u128]) -> u32 {
    let width = rows.len();
    let lines = rows.iter().chain(columns);
    let along: u32 = lines
        .map(|line| runs(*line, width) + 40 * finders(*line))
        .sum();
    along + 3 * blocks(rows) + balance(rows)
}

/// Bit x: modules x and x + 1 have one colour.
const fn equal_neighbours(line: u128, width: usize) -> u128 {
    !(line ^ line >> 1) & (u128::MAX >> (129 - width))
}

/// A run of n ≥ 5 has n − 4 places with four equal neighbours in a row, and one of them is its first.
const fn runs(line: u128, width: usize) -> u32 {
    let equal = equal_neighbours(line, width);
    let two = equal & equal >> 1;
    let four = two & two >> 2;
    let first = four & !(four << 1);
    four.count_ones() + 2 * first.count_ones()
}

const fn finders(line: u128) -> u32 {
    let core = line & !(line >> 1) & line >> 2 & line >> 3 & line >> 4 & !(line >> 5) & line >> 6;
    let dark_before = line << 1 | line << 2 | line << 3 | line << 4;
    let dark_after = line >> 7 | line >> 8 | line >> 9 | line >> 10;
    (core & !(dark_before & dark_after)).count_ones()
}

fn blocks(rows: &[u128]) -> u32 {
    let width = rows.len();
    let pairs = rows.windows(2).map(|pair| {
        let equal = equal_neighbours(pair[0], width) & equal_neighbours(pair[1], width);
        (equal & !(pair[0] ^ pair[1])).count_ones()
    });
    pairs.sum()
}

fn balance(rows: &[u128]) -> u32 {
    let dark: u32 = rows.iter().map(|row| row.count_ones()).sum();
    let all = u32::try_from(rows.len() * rows.len()).expect("at most 128 modules a side");
    // |p − 50| / 5 with p = 100·dark/all, in whole numbers.
    10 * ((20 * dark).abs_diff(10 * all) / all)
}
