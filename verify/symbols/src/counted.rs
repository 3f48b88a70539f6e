//! A picture that ends whoever asks too often.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::rc::Rc;

use image::{GenericImage, GenericImageView, GrayImage, Luma};

/// Dots that are copied in the time of one question, and questions in the time that the rest of a copy takes: what the decoder knows of areas.
const COPIED: u64 = 64;
const COPY: u64 = 4_000;
/// With this dot the decoder fills the ring of each finder pattern, once it has found it.
const FINDER: Luma<u8> = Luma([2]);

pub(super) struct Counted {
    picture: GrayImage,
    left: Rc<Cell<u64>>,
    /// Finder patterns so far.
    finders: u64,
    put: Luma<u8>,
}

impl Counted {
    /// Questions are taken from what is left; without any the next one unwinds. That is no panic: nothing is said of it.
    pub(super) fn new(picture: GrayImage, left: &Rc<Cell<u64>>) -> Self {
        Self {
            picture,
            left: Rc::clone(left),
            finders: 0,
            put: Luma([0]),
        }
    }

    #[inline]
    fn count(&self, questions: u64) {
        match self.left.get().checked_sub(questions) {
            Some(left) => self.left.set(left),
            None => self.end(),
        }
    }

    /// Every two are compared with every one, and those that lie right are sorted, without another question: of a lattice of some hundred
    /// thousand of them there is no end, nor memory enough.
    #[cold]
    fn another_finder(&mut self) {
        self.finders += 1;
        self.count(self.finders.saturating_pow(3));
    }

    #[cold]
    fn end(&self) -> ! {
        self.left.set(0);
        resume_unwind(Box::new(()))
    }
}

/// The decoder copies it for each three finder patterns that it tries.
impl Clone for Counted {
    fn clone(&self) -> Self {
        let dots = u64::try_from(self.picture.len()).unwrap_or(u64::MAX);
        self.count(COPY + dots / COPIED);
        Self::new(self.picture.clone(), &self.left)
    }
}

impl GenericImageView for Counted {
    type Pixel = Luma<u8>;

    #[inline]
    fn dimensions(&self) -> (u32, u32) {
        self.count(1);
        self.picture.dimensions()
    }

    #[inline]
    fn get_pixel(&self, x: u32, y: u32) -> Luma<u8> {
        self.count(1);
        *self.picture.get_pixel(x, y)
    }
}

impl GenericImage for Counted {
    fn get_pixel_mut(&mut self, x: u32, y: u32) -> &mut Luma<u8> {
        self.count(1);
        self.picture.get_pixel_mut(x, y)
    }

    #[inline]
    fn put_pixel(&mut self, x: u32, y: u32, dot: Luma<u8>) {
        self.count(1);
        if dot == FINDER && self.put != FINDER {
            self.another_finder();
        }
        self.put = dot;
        self.picture.put_pixel(x, y, dot);
    }

    fn blend_pixel(&mut self, x: u32, y: u32, dot: Luma<u8>) {
        self.put_pixel(x, y, dot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_counts_and_each_finder_pattern_more_than_the_one_before() {
        let left = Rc::new(Cell::new(10_000));
        let mut counted = Counted::new(GrayImage::new(2, 1), &left);
        for _ in 0..3 {
            counted.put_pixel(0, 0, Luma([4]));
            counted.put_pixel(0, 0, FINDER);
            counted.put_pixel(1, 0, FINDER);
        }
        assert_eq!(left.get(), 10_000 - 9 - (1 + 8 + 27));
        assert_eq!(counted.dimensions(), (2, 1));
        assert_eq!(counted.get_pixel(1, 0), FINDER);
        let _ = counted.clone();
        assert_eq!(left.get(), 10_000 - 9 - 36 - 2 - COPY);
    }
}
