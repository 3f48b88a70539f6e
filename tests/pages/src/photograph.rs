//! What becomes of a page in front of a camera: turned, seen from the side, blurred, noisy, too dark, shone upon, cut off.

use std::io::Cursor;

use image::{GrayImage, ImageFormat, codecs::jpeg::JpegEncoder};

/// Grey dots, 0 to 255, by rows.
#[derive(Clone, Debug)]
pub struct Photograph {
    width: usize,
    dots: Vec<f32>,
}

impl Photograph {
    /// Of rows of this width.
    #[must_use]
    pub const fn new(width: usize, dots: Vec<f32>) -> Self {
        Self { width, dots }
    }

    /// Width and height.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.dots.len() / self.width)
    }

    /// Between dots; nothing outside.
    fn at(&self, x: f32, y: f32) -> Option<f32> {
        let (width, height) = self.size();
        let (left, top) = (x.floor(), y.floor());
        if left < 0.0 || top < 0.0 || left + 1.0 >= width as f32 || top + 1.0 >= height as f32 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "inside the picture"
        )]
        let start = top as usize * width + left as usize;
        let (right, down) = (x - left, y - top);
        let upper = self.dots[start] * (1.0 - right) + self.dots[start + 1] * right;
        let lower = self.dots[start + width] * (1.0 - right) + self.dots[start + width + 1] * right;
        Some(upper * (1.0 - down) + lower * down)
    }

    /// Seen through: `from` says where of this a place of the new picture is, relative to both centres. Around it is a table of this grey.
    #[must_use]
    pub fn seen(
        &self,
        (width, height): (usize, usize),
        table: f32,
        from: impl Fn(f32, f32) -> (f32, f32),
    ) -> Self {
        let (own_width, own_height) = self.size();
        let (cx, cy) = (width as f32 / 2.0, height as f32 / 2.0);
        let (own_cx, own_cy) = (own_width as f32 / 2.0, own_height as f32 / 2.0);
        let dots = (0..width * height).map(|index| {
            let (x, y) = (
                (index % width) as f32 + 0.5 - cx,
                (index / width) as f32 + 0.5 - cy,
            );
            let (x, y) = from(x, y);
            self.at(x + own_cx - 0.5, y + own_cy - 0.5).unwrap_or(table)
        });
        Self::new(width, dots.collect())
    }

    /// Turned by so many degrees, clockwise, wholly in the picture.
    #[must_use]
    pub fn turned(&self, degrees: f32, table: f32) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let (width, height) = self.size();
        let (width, height) = (width as f32, height as f32);
        let size = (
            whole(width * cos.abs() + height * sin.abs()) + 40,
            whole(width * sin.abs() + height * cos.abs()) + 40,
        );
        self.seen(size, table, |x, y| (x * cos + y * sin, y * cos - x * sin))
    }

    /// Seen by a camera that is not above it, but inclined by so many degrees around the vertical axis and the horizontal one,
    /// one and a half widths away.
    #[must_use]
    pub fn inclined(&self, sideways: f32, upwards: f32, table: f32) -> Self {
        let (width, height) = self.size();
        let distance = 1.5 * width as f32;
        let (sin_a, cos_a) = sideways.to_radians().sin_cos();
        let (sin_b, cos_b) = upwards.to_radians().sin_cos();
        self.seen((width + width / 6, height + height / 6), table, |x, y| {
            // The plane of the page through the centre, with the normal n; the camera's ray (x, y, distance) meets it.
            let normal = (sin_a * cos_b, sin_b, cos_a * cos_b);
            let ray = (x, y, distance);
            let along =
                distance * normal.2 / (ray.0 * normal.0 + ray.1 * normal.1 + ray.2 * normal.2);
            let (px, py, pz) = (ray.0 * along, ray.1 * along, ray.2 * along - distance);
            // Axes within the page.
            let right = (cos_a, 0.0, -sin_a);
            let down = (-sin_a * sin_b, cos_b, -cos_a * sin_b);
            (
                px * right.0 + py * right.1 + pz * right.2,
                px * down.0 + py * down.1 + pz * down.2,
            )
        })
    }

    /// Larger or smaller.
    #[must_use]
    pub fn scaled(&self, by: f32) -> Self {
        let (width, height) = self.size();
        let size = (whole(width as f32 * by), whole(height as f32 * by));
        let source = if by < 1.0 {
            self.blurred(0.35 / by)
        } else {
            self.clone()
        };
        source.seen(size, 0.0, |x, y| (x / by, y / by))
    }

    /// Gaussian, with this deviation in dots.
    #[must_use]
    pub fn blurred(&self, deviation: f32) -> Self {
        if deviation <= 0.0 {
            return self.clone();
        }
        let reach = whole(3.0 * deviation).max(1);
        let weights: Vec<f32> = (0..=reach)
            .map(|at| (-(at as f32).powi(2) / (2.0 * deviation * deviation)).exp())
            .collect();
        let (width, height) = self.size();
        let pass = |source: &[f32], along: usize, count: usize| -> Vec<f32> {
            (0..source.len())
                .map(|index| {
                    let place = index / along % count;
                    let (mut sum, mut weight) = (source[index] * weights[0], weights[0]);
                    for (step, each) in weights.iter().enumerate().skip(1) {
                        if place >= step {
                            sum += source[index - step * along] * each;
                            weight += each;
                        }
                        if place + step < count {
                            sum += source[index + step * along] * each;
                            weight += each;
                        }
                    }
                    sum / weight
                })
                .collect()
        };
        let rows = pass(&self.dots, 1, width);
        Self::new(width, pass(&rows, width, height))
    }

    /// Moved while it was taken, by so many dots along this direction.
    #[must_use]
    pub fn moved(&self, dots: f32, degrees: f32) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let steps = whole(dots).max(1);
        let size = self.size();
        let mut sum = vec![0.0; self.dots.len()];
        for step in 0..=steps {
            let by = dots * (step as f32 / steps as f32 - 0.5);
            let part = self.seen(size, 128.0, |x, y| (x + by * cos, y + by * sin));
            for (sum, dot) in sum.iter_mut().zip(part.dots) {
                *sum += dot;
            }
        }
        let count = steps as f32 + 1.0;
        Self::new(self.width, sum.into_iter().map(|dot| dot / count).collect())
    }

    /// With noise of this deviation: each dot's is drawn around 0, with deviation 1.
    #[must_use]
    pub fn noisy(mut self, deviation: f32, mut drawn: impl FnMut() -> f32) -> Self {
        for dot in &mut self.dots {
            *dot = (*dot + deviation * drawn()).clamp(0.0, 255.0);
        }
        self
    }

    /// With so much of the light, falling off to one side.
    #[must_use]
    pub fn lit(mut self, from: f32, to: f32) -> Self {
        let width = self.width;
        for (index, dot) in self.dots.iter_mut().enumerate() {
            let across = (index % width) as f32 / width as f32;
            *dot *= from + (to - from) * across;
        }
        self
    }

    /// With a lamp's reflection: an oval, in shares of the picture, that fades at its edge.
    #[must_use]
    pub fn shone_upon(mut self, centre: (f32, f32), half: (f32, f32), strength: f32) -> Self {
        let (width, height) = self.size();
        for (index, dot) in self.dots.iter_mut().enumerate() {
            let x = (index % width) as f32 / width as f32;
            let y = (index / width) as f32 / height as f32;
            let away =
                (((x - centre.0) / half.0).powi(2) + ((y - centre.1) / half.1).powi(2)).sqrt();
            let light = (1.0 - (away - 0.7).max(0.0) / 0.6).clamp(0.0, 1.0);
            *dot = (*dot + 255.0 * strength * light).min(255.0);
        }
        self
    }

    /// A part of it, in shares.
    #[must_use]
    pub fn cut(&self, left: f32, top: f32, right: f32, bottom: f32) -> Self {
        let (width, height) = self.size();
        let (left, right) = (whole(left * width as f32), whole(right * width as f32));
        let (top, bottom) = (whole(top * height as f32), whole(bottom * height as f32));
        let rows = self.dots.chunks(width).skip(top).take(bottom - top);
        let dots = rows.flat_map(|row| &row[left..right.min(width)]);
        Self::new(right.min(width) - left, dots.copied().collect())
    }

    /// Strokes thicker by so many dots, or thinner.
    #[must_use]
    pub fn thickened(&self, by: i32) -> Self {
        let (width, height) = self.size();
        let reach = by.unsigned_abs() as usize;
        let dots = (0..self.dots.len()).map(|index| {
            let (x, y) = (index % width, index / width);
            let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
            let near = rows.flat_map(|y| {
                let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
                columns.map(move |x| self.dots[y * width + x])
            });
            if by > 0 {
                near.fold(f32::MAX, f32::min)
            } else {
                near.fold(0.0, f32::max)
            }
        });
        Self::new(width, dots.collect())
    }

    fn gray(&self) -> GrayImage {
        let (width, height) = self.size();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped"
        )]
        let dots = self
            .dots
            .iter()
            .map(|dot| dot.round().clamp(0.0, 255.0) as u8);
        let side = |side: usize| u32::try_from(side).expect("a few thousand dots");
        GrayImage::from_raw(side(width), side(height), dots.collect())
            .expect("as many as there are")
    }

    /// As a JPEG file's content.
    ///
    /// # Panics
    /// Never: it is written to memory.
    #[must_use]
    pub fn jpeg(&self, quality: u8) -> Vec<u8> {
        let mut file = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut file, quality);
        self.gray().write_with_encoder(encoder).expect("to memory");
        file
    }

    /// As a PNG file's content.
    ///
    /// # Panics
    /// Never: it is written to memory.
    #[must_use]
    pub fn png(&self) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        self.gray()
            .write_to(&mut file, ImageFormat::Png)
            .expect("to memory");
        file.into_inner()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides of pictures"
)]
fn whole(length: f32) -> usize {
    length.max(0.0).round() as usize
}
