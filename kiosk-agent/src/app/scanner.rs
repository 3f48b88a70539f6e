//! QR codes read where nothing else is: what a stranger's picture or page does to its reader, it does to a program of its own.
//!
//! That program is this one, called as [`ARGUMENT`] alone. It reads the file from one pipe and says the texts into another, as a JSON list.
//! Before it has read anything it gives up every other call to the system: it opens no file, connects nowhere and starts nothing.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sandbox::Calls;
use verify::scan;
use zeroize::Zeroizing;

pub use super::apart::ApartError;
use super::apart::{self, Apart};

/// What calls the program for this and nothing else.
pub const ARGUMENT: &str = "--scan";

/// Reads the codes in a picture or a page.
#[derive(Clone, Debug)]
pub struct Scanner(Apart);

impl Default for Scanner {
    fn default() -> Self {
        Self(Apart::own(ARGUMENT))
    }
}

impl Scanner {
    /// A program by its path, and how long it may take for a file.
    #[must_use]
    pub fn new(program: PathBuf, bound: Duration) -> Self {
        Self(Apart::new(program, ARGUMENT, bound))
    }

    /// The texts of all codes in a PNG, JPEG or PDF file.
    ///
    /// # Errors
    /// [`ApartError`]. No code in it, or a file that is neither picture nor page, is none of these.
    pub async fn texts(&self, file: &[u8]) -> Result<Vec<Zeroizing<String>>, ApartError> {
        let said = self.0.say(file).await?;
        let texts: Vec<String> = serde_json::from_slice(&said).map_err(|_| ApartError::Failed)?;
        Ok(texts.into_iter().map(Zeroizing::new).collect())
    }

    /// Waits until none runs any more.
    pub async fn gone(&self) {
        self.0.gone().await;
    }
}

/// What the program does that was called as [`ARGUMENT`]: reads a file, and says the texts in it.
///
/// # Errors
/// The pipes; or the system does not bound it.
pub fn serve() -> io::Result<()> {
    // Those it has.
    apart::bound(3)?;
    sandbox::seal(Calls::Pipes).map_err(io::Error::other)?;
    let texts = scan::texts(&apart::file(scan::MAX_FILE)?).unwrap_or_default();
    let texts: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
    apart::say(&texts)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::app::apart::tests::script;

    #[tokio::test]
    async fn a_list_of_texts_is_taken_and_nothing_else() {
        let folder = TempDir::new().unwrap();
        let says = async |does: &str| {
            Scanner::new(script(&folder, does), Duration::from_secs(20))
                .texts(b"x")
                .await
        };
        let texts = says("echo '[\"one\", \"two\"]'").await.unwrap();
        let texts: Vec<_> = texts.iter().map(|text| text.as_str()).collect();
        assert_eq!(texts, ["one", "two"]);
        assert_eq!(says("echo no list").await, Err(ApartError::Failed));
    }
}
