//! A picture in grey: decoded in memory, bounded, wiped.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};
use zeroize::Zeroizing;

/// Longest side in dots: more than any phone's camera has.
const LONGEST: u32 = 12_000;
/// Most dots, as the largest pictures that phones' cameras take as a rule (9,248 × 6,936). A decoder of progressive JPEG takes up to eight bytes
/// for each beside the picture itself, whatever [`MEMORY`] is.
const MOST_DOTS: u64 = 65_000_000;
/// Memory for a decoded PNG. A camera's 50 million dots take 150 MB in colour.
const MEMORY: u64 = 400 << 20;

/// Not a JPEG or PNG file, broken, or too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotAPicture;

/// Grey dots by rows: 0 is black.
pub(super) struct Picture {
    width: usize,
    height: usize,
    dots: Zeroizing<Vec<u8>>,
}

impl Picture {
    /// From a file's content.
    pub(super) fn decode(file: &[u8]) -> Result<Self, NotAPicture> {
        let reader = ImageReader::new(Cursor::new(file)).with_guessed_format();
        let mut reader = reader.map_err(|_| NotAPicture)?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(LONGEST);
        limits.max_image_height = Some(LONGEST);
        limits.max_alloc = Some(MEMORY);
        reader.limits(limits);
        let decoder = reader.into_decoder().map_err(|_| NotAPicture)?;
        let (width, height) = decoder.dimensions();
        // As the header says, before there is memory for them: a few bytes can stand for any number of dots.
        if u64::from(width) * u64::from(height) > MOST_DOTS || decoder.total_bytes() > MEMORY {
            return Err(NotAPicture);
        }
        let picture = DynamicImage::from_decoder(decoder).map_err(|_| NotAPicture)?;
        // What the decoder frees is wiped by the program's allocator.
        let grey = picture.into_luma8();
        let side = |side: u32| usize::try_from(side).map_err(|_| NotAPicture);
        let (width, height) = (side(grey.width())?, side(grey.height())?);
        Self::new(width, height, Zeroizing::new(grey.into_raw())).ok_or(NotAPicture)
    }

    /// Of these dots, if there are as many.
    pub(super) fn new(width: usize, height: usize, dots: Zeroizing<Vec<u8>>) -> Option<Self> {
        let whole = width > 0 && height > 0 && width.checked_mul(height) == Some(dots.len());
        whole.then_some(Self {
            width,
            height,
            dots,
        })
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) const fn height(&self) -> usize {
        self.height
    }

    pub(super) fn dots(&self) -> &[u8] {
        &self.dots
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.dots.chunks_exact(self.width)
    }

    /// Between dots, by the four around; outside, nothing. The centre of the first dot is (0, 0).
    pub(super) fn at(&self, x: f32, y: f32) -> Option<f32> {
        if !(x >= 0.0 && y >= 0.0) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and a conversion saturates"
        )]
        let (left, top) = (x as usize, y as usize);
        if left + 1 >= self.width || top + 1 >= self.height {
            return None;
        }
        let (right, down) = (x - left as f32, y - top as f32);
        let start = top * self.width + left;
        let dot = |at: usize| f32::from(self.dots[at]);
        let upper = dot(start) * (1.0 - right) + dot(start + 1) * right;
        let below = start + self.width;
        let lower = dot(below) * (1.0 - right) + dot(below + 1) * right;
        Some(upper * (1.0 - down) + lower * down)
    }

    /// Smaller by a whole factor, each dot the mean of a square, so that no side is longer than this; and the factor.
    pub(super) fn shrunk(&self, longest: usize) -> (Self, usize) {
        let factor = self.width.max(self.height).div_ceil(longest).max(1);
        let (width, height) = ((self.width / factor).max(1), (self.height / factor).max(1));
        let mut dots = Zeroizing::new(Vec::with_capacity(width * height));
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut count) = (0_u32, 0_u32);
                for row in self.rows().skip(y * factor).take(factor) {
                    let end = (x * factor + factor).min(self.width);
                    for dot in &row[x * factor..end] {
                        sum += u32::from(*dot);
                        count += 1;
                    }
                }
                dots.push(u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX));
            }
        }
        let smaller = Self {
            width,
            height,
            dots,
        };
        (smaller, factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_refused() {
        for file in [
            &b""[..],
            b"P5 1 1 255 x",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
        ] {
            assert!(Picture::decode(file).is_err());
        }
        // A header that asks for more memory than any camera's picture takes.
        let mut huge = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        huge.extend([
            0, 1, 0, 0, 0, 1, 0, 0, 8, 0, 0, 0, 0, 0xd0, 0x34, 0x13, 0x3c,
        ]);
        assert!(Picture::decode(&huge).is_err());
    }

    #[test]
    fn more_dots_than_a_camera_has_are_refused_by_the_header() {
        let jpeg = |width: u16, height: u16| {
            let mut file = Vec::new();
            let encoder = image::codecs::jpeg::JpegEncoder::new(&mut file);
            let grey = image::GrayImage::from_pixel(8, 8, image::Luma([128]));
            grey.write_with_encoder(encoder).unwrap();
            // The frame's header: its marker, length and depth, then height and width.
            let frame = file.windows(2).position(|two| two == b"\xFF\xC0").unwrap();
            file[frame + 5..][..2].copy_from_slice(&height.to_be_bytes());
            file[frame + 7..][..2].copy_from_slice(&width.to_be_bytes());
            file
        };
        // What is missing behind the first dots is grey.
        assert!(Picture::decode(&jpeg(64, 32)).is_ok());
        assert!(Picture::decode(&jpeg(8_100, 8_100)).is_err());
    }

    #[test]
    fn a_smaller_one_has_the_means() {
        let dots = (0..64).map(|at| if at % 8 < 4 { 10 } else { 30 }).collect();
        let picture = Picture::new(8, 8, Zeroizing::new(dots)).unwrap();
        let (smaller, factor) = picture.shrunk(4);
        assert_eq!((smaller.width(), smaller.height(), factor), (4, 4, 2));
        assert_eq!(smaller.dots()[..4], [10, 10, 30, 30]);
        assert_eq!(picture.at(3.5, 0.0), Some(20.0));
        assert_eq!(picture.at(7.5, 0.0), None);
        assert_eq!(picture.at(f32::NAN, 0.0), None);
    }
}
