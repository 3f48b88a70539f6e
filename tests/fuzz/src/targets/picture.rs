//! Strangers' pictures, PNG and JPEG: read for codes (`verify::scan`), and decoded for a passport's lines (`sight::passport`), whose search takes
//! seconds and is left out.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, ImageReader, Luma};
use miniz_oxide::deflate::compress_to_vec_zlib;
use sight::passport;

/// Dots up to which a picture is looked at to its end: how long that takes goes by dots, and a camera's have seconds.
const FEW: u64 = 1 << 16;

/// How many dots it takes at most, and whether it takes this file for a picture.
type Reader = (u64, fn(&[u8]) -> bool);

/// `MAX_DOTS` of `verify::scan`, `MOST_DOTS` of `sight::passport`.
const READERS: [Reader; 2] = [(50_000_000, codes), (65_000_000, passport::decodes)];

/// More dots than any of them takes, a side.
const LARGE: u16 = 9_000;

/// A picture is read or refused: by its header, if that says more dots than there may be.
pub(super) fn body(input: &[u8]) {
    judge(input, &READERS);
}

/// With a reader that takes whatever the decoder does.
pub(super) fn planted(input: &[u8]) {
    judge(
        input,
        &[(READERS[0].0, |file| {
            reader(file).is_some_and(|reader| reader.decode().is_ok())
        })],
    );
}

fn judge(input: &[u8], readers: &[Reader]) {
    let file = summed(input);
    let dots = reader(&file).and_then(|reader| reader.into_dimensions().ok());
    let dots = dots.map_or(0, |(width, height)| u64::from(width) * u64::from(height));
    for (most, takes) in readers {
        if dots > *most {
            assert!(!takes(&file), "taken, with more dots than there may be");
        } else if dots <= FEW {
            takes(&file);
        }
    }
}

/// Of PNG and JPEG, without limits.
fn reader(file: &[u8]) -> Option<ImageReader<Cursor<&[u8]>>> {
    let reader = ImageReader::new(Cursor::new(file)).with_guessed_format();
    let mut reader = reader.ok()?;
    reader.no_limits();
    Some(reader)
}

fn codes(file: &[u8]) -> bool {
    verify::scan::texts(file).is_ok()
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// With a PNG's checksums as they have to be: whoever forges one has them right, and changes get past them.
fn summed(input: &[u8]) -> Vec<u8> {
    let mut file = input.to_vec();
    let mut at = SIGNATURE.len();
    while file.starts_with(SIGNATURE)
        && let Some(length) = file.get(at..).and_then(<[u8]>::first_chunk)
    {
        let end = at + 8 + u32::from_be_bytes(*length) as usize;
        let Some(sum) = file.get(at + 4..end).map(checksum) else {
            break;
        };
        let Some(place) = file.get_mut(end..end + 4) else {
            break;
        };
        place.copy_from_slice(&sum.to_be_bytes());
        at = end + 4;
    }
    file
}

/// CRC-32, as in PNG (annex D of its specification).
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            sum >> 1 ^ (0xEDB8_8320 & (sum & 1).wrapping_neg())
        })
    })
}

/// A PNG by hand: colour type 0 is grey, 3 has a palette.
fn png(width: u32, height: u32, depth: u8, colour: u8, interlaced: bool, dots: &[u8]) -> Vec<u8> {
    let side = |side: u32| side.to_be_bytes();
    let kinds = [depth, colour, 0, 0, u8::from(interlaced)];
    let header = [&side(width)[..], &side(height), &kinds].concat();
    let palette: Vec<u8> = (0..=u8::MAX).flat_map(|grey| [grey; 3]).collect();
    let mut file = SIGNATURE.to_vec();
    let chunks = [
        (b"IHDR", header),
        (b"PLTE", palette),
        (b"IDAT", compress_to_vec_zlib(dots, 6)),
        (b"IEND", Vec::new()),
    ];
    let has = |name: &[u8; 4]| name != b"PLTE" || colour == 3;
    for (name, content) in chunks.iter().filter(|(name, _)| has(name)) {
        let length = u32::try_from(content.len()).expect("it is short");
        file.extend([&length.to_be_bytes()[..], &name[..], content, &[0; 4]].concat());
    }
    summed(&file)
}

/// White, a bit for each dot: of this, some thousand dots take a byte of the file.
fn large_png() -> Vec<u8> {
    let side = u32::from(LARGE);
    let rows = [&[0][..], &[0xFF; LARGE as usize / 8]].concat();
    png(side, side, 1, 0, false, &rows.repeat(LARGE.into()))
}

fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let written = picture.write_to(&mut file, format);
    written.expect("a picture can be written to memory");
    file.into_inner()
}

/// A baseline JPEG with other dots than it has.
fn resized(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg.to_vec();
    // The frame's header: its marker, length and depth, then height and width.
    let at = 5 + frame(jpeg);
    file[at..at + 2].copy_from_slice(&height.to_be_bytes());
    file[at + 2..at + 4].copy_from_slice(&width.to_be_bytes());
    file
}

/// What is a baseline JPEG as the first scan of a progressive one, which its decoder keeps whole: what it says is something else.
fn progressive(jpeg: &[u8]) -> Vec<u8> {
    let mut file = jpeg.to_vec();
    file[frame(jpeg) + 1] = 0xC2;
    let scan = file.windows(2).position(|two| two == b"\xFF\xDA");
    let scan = scan.expect("a JPEG has one");
    // First and last coefficient, behind the components.
    let last = scan + 2 + usize::from(file[scan + 3]) - 2;
    file[last] = 0;
    file
}

fn frame(jpeg: &[u8]) -> usize {
    let frame = jpeg.windows(2).position(|two| two == b"\xFF\xC0");
    frame.expect("a baseline JPEG has one")
}

/// A code.
fn symbol() -> GrayImage {
    const DOTS: u32 = 3;
    const QUIET: u32 = 4;
    let code = qrcode::QrCode::new("https://example.org").expect("it is short");
    let side = u32::try_from(code.width()).expect("at most 177 modules");
    let colours = code.to_colors();
    let dots = (side + 2 * QUIET) * DOTS;
    GrayImage::from_fn(dots, dots, |x, y| {
        let module = |dot: u32| (dot / DOTS).checked_sub(QUIET).filter(|it| *it < side);
        let dark = module(x)
            .zip(module(y))
            .is_some_and(|(x, y)| colours[(y * side + x) as usize] == qrcode::Color::Dark);
        Luma([if dark { 0 } else { 255 }])
    })
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let grey = DynamicImage::from(symbol());
    let forms = [
        grey.clone(),
        grey.to_luma_alpha8().into(),
        grey.to_rgb8().into(),
        grey.to_rgba8().into(),
        grey.to_luma16().into(),
        grey.to_rgba16().into(),
    ];
    let mut seeds: Vec<Vec<u8>> = forms
        .iter()
        .map(|picture| file(picture, ImageFormat::Png))
        .collect();
    for picture in [&grey, &forms[2]] {
        let jpeg = file(picture, ImageFormat::Jpeg);
        let large = resized(&jpeg, LARGE, LARGE);
        seeds.extend([progressive(&jpeg), progressive(&large), jpeg, large]);
    }
    // Whatever begins a row is a filter's number.
    let rows: Vec<u8> = (0..5).collect();
    let rows = rows.repeat(1_000);
    seeds.extend([
        png(64, 64, 8, 3, false, &rows[..64 * 65]),
        png(64, 64, 8, 0, true, &rows[..4_216]),
        png(64, 64, 2, 0, false, &rows[..64 * 17]),
        large_png(),
    ]);
    seeds
}

/// What a reader has to refuse.
pub(super) fn planted_seeds() -> Vec<Vec<u8>> {
    vec![large_png()]
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn every_picture_to_begin_with_is_read_or_has_too_many_dots() {
        for (number, seed) in seeds().iter().enumerate() {
            let (width, height) = reader(seed).unwrap().into_dimensions().unwrap();
            let large = u64::from(width) * u64::from(height) > FEW;
            assert_eq!(large, width == u32::from(LARGE), "{number}");
            for (_, takes) in READERS {
                assert_eq!(takes(seed), !large, "{number}");
            }
        }
    }

    #[test]
    fn a_code_is_read_whatever_the_picture_is_kept_in() {
        for picture in seeds().iter().take(6) {
            let texts = verify::scan::texts(picture).unwrap();
            assert_eq!(
                texts.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
                ["https://example.org"]
            );
        }
    }

    #[test]
    fn a_reader_that_takes_any_number_of_dots_is_found_out() {
        assert!(catch_unwind(|| planted(&planted_seeds()[0])).is_err());
    }
}
