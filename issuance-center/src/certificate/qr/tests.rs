use proptest::prelude::*;

use super::*;

fn sample(length: usize) -> String {
    let alphabet = b"-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    let letter = |n: usize| char::from(alphabet[(n * n * 31 + n * 7) % alphabet.len()]);
    (0..length).map(letter).collect()
}

/// The standard's text, module by module.
fn naive_penalty(width: usize, is_dark: impl Fn(usize, usize) -> bool) -> u32 {
    let mut points = 0;
    for line in 0..width {
        for along in [true, false] {
            let at = |n: usize| {
                if along {
                    is_dark(n, line)
                } else {
                    is_dark(line, n)
                }
            };
            let modules: Vec<bool> = (0..width).map(at).collect();
            for run in modules.chunk_by(|one, next| one == next) {
                if let Some(more) = run.len().checked_sub(5) {
                    points += 3 + u32::try_from(more).unwrap();
                }
            }
            let quiet = [false; 4];
            let padded: Vec<bool> = [&quiet[..], &modules, &quiet].concat();
            for window in padded.windows(15) {
                let core = [true, false, true, true, true, false, true];
                let light = |part: &[bool]| !part.contains(&true);
                if window[4..11] == core && (light(&window[..4]) || light(&window[11..])) {
                    points += 40;
                }
            }
        }
    }
    for y in 1..width {
        for x in 1..width {
            let here = is_dark(x, y);
            if [(x - 1, y), (x, y - 1), (x - 1, y - 1)]
                .iter()
                .all(|(x, y)| is_dark(*x, *y) == here)
            {
                points += 3;
            }
        }
    }
    let dark = (0..width * width).filter(|n| is_dark(n % width, n / width));
    let deviation = (dark.count() * 100).abs_diff(width * width * 50);
    let full_fives = (1..=10).filter(|fives| fives * 5 * width * width <= deviation);
    points + full_fives.map(|_| 10).sum::<u32>()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_penalty_is_the_standards(
        width in 21usize..=125,
        noise in proptest::collection::vec(any::<u128>(), 125),
        // Fewer distinct rows and sparse bits make runs, blocks and finder-like patterns common.
        sparse in 0usize..3,
    ) {
        let cut = u128::MAX >> (128 - width);
        let finder = 0b101_1101_u128;
        let rows: Vec<u128> = (0..width).map(|y| {
            let row = match sparse {
                0 => noise[y],
                1 => noise[y / 5] & noise[y / 3 + 40],
                _ => noise[y % 7] & 0xff00_ff00_ff00_ff00 | finder << (y % 90) | finder << 12,
            };
            row & cut
        }).collect();
        let sides = Sides::of(Zeroizing::new(rows));
        let is_dark = |x: usize, y: usize| sides.rows[y] >> x & 1 == 1;
        prop_assert_eq!(penalty(&sides.rows, &sides.columns), naive_penalty(width, is_dark));
    }

    #[test]
    fn a_transposed_symbol_has_rows_as_columns(rows in proptest::collection::vec(any::<u128>(), 21..=125)) {
        let cut = u128::MAX >> (128 - rows.len());
        let rows: Vec<u128> = rows.iter().map(|row| row & cut).collect();
        let columns = transpose(&rows);
        for (y, row) in rows.iter().enumerate() {
            for (x, column) in columns.iter().enumerate() {
                prop_assert_eq!(row >> x & 1, column >> y & 1);
            }
        }
    }
}

#[test]
fn the_symbol_is_qrcodes_own_under_the_mask_with_least_penalty() {
    for length in [40, 300, 792, 961, 1195] {
        let text = sample(length);
        let symbol = Symbol::health_card(&text).unwrap();
        let digits = digits(&text).unwrap();
        let segments = health_card(&digits);
        is_qrcodes_own(&symbol, &segments, EcLevel::L, MAX_VERSION_SHC);
    }
    for (length, level) in [
        (800, EcLevel::M),
        (1125, EcLevel::M),
        (1126, EcLevel::L),
        (1465, EcLevel::L),
    ] {
        let text = sample(length);
        let symbol = Symbol::of_seal(&seal(&text)).unwrap();
        let segments = [Segment(Mode::Byte, text.as_bytes())];
        is_qrcodes_own(&symbol, &segments, level, USUAL_VERSION);
    }
}

fn health_card(digits: &[u8]) -> [Segment<'_>; 2] {
    [Segment(Mode::Byte, PREFIX), Segment(Mode::Numeric, digits)]
}

/// A seal of any text.
fn seal(text: &str) -> VdsNc {
    VdsNc::of(text)
}

fn is_qrcodes_own(symbol: &Symbol, segments: &[Segment<'_>], level: EcLevel, most: i16) {
    let version = Version::Normal(version_for(segments, level, most).unwrap());
    let (data, ec) = codewords(segments, version, level).unwrap();
    let candidates = MASKS.map(|mask| {
        let mut canvas = Canvas::new(version, level);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &ec);
        canvas.apply_mask(mask);
        let width = symbol.width();
        let colors = canvas.into_colors();
        let is_dark = |x: usize, y: usize| colors[y * width + x] == Color::Dark;
        let same = (0..width * width)
            .all(|n| is_dark(n % width, n / width) == symbol.is_dark(n % width, n / width));
        (naive_penalty(width, is_dark), same)
    });
    let least = candidates.iter().map(|(points, _)| *points).min().unwrap();
    let ours = candidates.iter().find(|(_, same)| *same);
    assert_eq!(ours.map(|(points, _)| *points), Some(least));
}

#[test]
fn the_smallest_version_is_taken_and_22_is_the_last() {
    let version = |length: usize| {
        let digits = vec![b'0'; length * 2];
        version_for(&health_card(&digits), EcLevel::L, MAX_VERSION_SHC)
    };
    assert_eq!(version(1195), Some(22));
    assert_eq!(version(1196), None);
    assert!(Symbol::health_card(&sample(1196)).is_err());
    for length in [100, 500, 792, 961, 1195] {
        let digits = digits(&sample(length)).unwrap();
        let mut bits = Bits::new(Version::Normal(version(length).unwrap() - 1));
        let mut fill = || {
            bits.push_byte_data(PREFIX)?;
            bits.push_numeric_data(&digits)?;
            bits.push_terminator(EcLevel::L)
        };
        assert!(
            fill().is_err(),
            "one version less holds {length} characters"
        );
    }
}

#[test]
fn another_reader_gets_the_text_back() {
    let text = sample(961);
    let (level, content) = read(&Symbol::health_card(&text).unwrap());
    assert_eq!(level, 1, "level L is written 01");
    let (prefix, numbers) = content.split_at(PREFIX.len());
    assert_eq!(prefix.as_bytes(), PREFIX);
    assert_eq!(numbers.as_bytes(), digits(&text).unwrap().as_slice());
    for (length, written, width) in [
        (900, 0, 113),
        (1465, 1, 125),
        (1466, 1, 129),
        (1732, 1, 137),
    ] {
        let text = sample(length);
        let symbol = Symbol::of_seal(&seal(&text)).unwrap();
        assert_eq!(symbol.width(), width, "{length}");
        assert_eq!(read(&symbol), (written, text), "level M is written 00");
        assert!(!symbol.is_dark(width, 0) && !symbol.is_dark(0, width));
    }
    assert!(Symbol::of_seal(&seal(&sample(1733))).is_err());
}

/// Level as written, and text.
fn read(symbol: &Symbol) -> (u16, String) {
    let (scale, quiet) = (3, 4);
    let side = (symbol.width() + 2 * quiet) * scale;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
        let module = |n: usize| (n / scale).wrapping_sub(quiet);
        if symbol.is_dark(module(x), module(y)) {
            0
        } else {
            255
        }
    });
    let grids = image.detect_grids();
    let (meta, content) = grids[0].decode().unwrap();
    (meta.ecc_level, content)
}

#[test]
fn what_no_jws_contains_is_refused() {
    for text in ["!", "\u{91}", "あ"] {
        assert!(Symbol::health_card(text).is_err());
    }
}
