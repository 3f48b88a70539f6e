use std::fmt;

use zeroize::Zeroize;

/// A value about a person, or a secret of one: wiped when dropped, its `Debug` shows nothing and
/// there is no `Display`.
///
/// Reading it takes an explicit [`expose`](Private::expose), so every place that does can be found. There is no `Clone`:
///
/// ```compile_fail,E0599
/// # use card::Private;
/// let name = Private::new("架空　花子".to_owned());
/// let copy = name.clone();
/// ```
#[derive(PartialEq, Eq)]
pub struct Private<T: Zeroize>(T);

impl<T: Zeroize> Private<T> {
    /// Takes the value over.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(..)")
    }
}

impl<T: Zeroize> Drop for Private<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
