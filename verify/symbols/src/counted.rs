//! A picture that ends whoever asks too often.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::rc::Rc;

use image::{GenericImage, GenericImageView, GrayImage, Luma};

/// Dots that are copied in the time of one question.
const COPIED: u64 = 64;

pub(super) struct Counted {
    picture: GrayImage,
    left: Rc<Cell<u64>>,
}

impl Counted {
    /// Questions are taken from what is left; without any the next one unwinds. That is no panic: nothing is said of it.
    pub(super) fn new(picture: GrayImage, left: &Rc<Cell<u64>>) -> Self {
        let left = Rc::clone(left);
        Self { picture, left }
    }

    #[inline]
    fn count(&self, questions: u64) {
        match self.left.get().checked_sub(questions) {
            Some(left) => self.left.set(left),
            None => self.end(),
        }
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
        self.count(u64::try_from(self.picture.len()).unwrap_or(u64::MAX) / COPIED);
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
        self.picture.put_pixel(x, y, dot);
    }

    fn blend_pixel(&mut self, x: u32, y: u32, dot: Luma<u8>) {
        self.put_pixel(x, y, dot);
    }
}
