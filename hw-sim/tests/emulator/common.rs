//! Cards of all personas, made once; each test gets copies.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use hw_sim::chip::EmulatedCard;
use hw_sim::personalize::personalize;
use tempfile::TempDir;

static MADE: LazyLock<TempDir> = LazyLock::new(|| {
    let out = TempDir::new().unwrap();
    let personas = out.path().join("personas");
    fs::create_dir(&personas).unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [here.join("personas"), here.join("tests/personas")] {
        copy_files(&folder, &personas);
    }
    personalize(&personas, out.path(), false).unwrap();
    out
});

/// Folder of `anchors`, `authority` and `cards`.
pub(crate) fn made() -> &'static Path {
    MADE.path()
}

/// A card of one's own.
pub(crate) struct Copy(TempDir);

impl Copy {
    pub(crate) fn of(persona: &str) -> Self {
        let copy = Self(TempDir::new().unwrap());
        let original = MADE.path().join("cards").join(persona);
        copy_tree(&original, copy.0.path());
        copy
    }

    pub(crate) fn load(&self) -> EmulatedCard {
        EmulatedCard::load(self.0.path()).unwrap()
    }
}

fn copy_files(from: &Path, to: &Path) {
    let files = fs::read_dir(from)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for file in files.filter(|path: &PathBuf| path.is_file()) {
        fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// Copies a folder with what is in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
