use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Text about a person: wiped when dropped, its `Debug` shows nothing and there is no `Display`.
///
/// Reading it takes an explicit [`expose`](Personal::expose), so every place that does can be found. There is no `Clone`:
///
/// ```compile_fail,E0599
/// # use issuance_api::Personal;
/// let name = Personal::new("架空　花子".to_owned());
/// let copy = name.clone();
/// ```
#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(String);

impl Personal {
    /// Takes the text over.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Personal(..)")
    }
}

impl Drop for Personal {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
