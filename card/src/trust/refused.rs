//! Municipal signers that are refused: a file the operator edits while the program runs.
//!
//! One key id a line, in the form [`KeyId`] writes it, and `end` on the last; empty lines and what follows `#` count
//! for nothing. Without its end a file that was cut off, or emptied, would be a list that refuses fewer, or nobody.
//! The file is read again once anything about it changed (its inode, its length, its time of change).

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::KeyId;

/// The last line of a list that is whole.
const END: &str = "end";

/// The list cannot be read, a line is no key id, or the last is not `end`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: not a list of key ids, one a line, with `end` on the last", .0.display())]
pub struct RefusedListError(PathBuf);

/// The list, as the file has it now.
pub struct RefusedSigners {
    path: PathBuf,
    last: Mutex<Read>,
}

/// What was read last, and what the file looked like then.
struct Read {
    stamp: Option<Stamp>,
    signers: BTreeSet<KeyId>,
}

/// Device and inode, length, and time of change (`ctime`, which no program can set back).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp([i128; 5]);

impl RefusedSigners {
    /// Reads the list for the first time.
    ///
    /// # Errors
    /// [`RefusedListError`]: without a list nobody should be served.
    pub fn load(path: &Path) -> Result<Self, RefusedListError> {
        // Looked at before it is read: what changes in between is read again.
        let stamp = stamp(path);
        let last = Mutex::new(Read {
            stamp,
            signers: read(path)?,
        });
        Ok(Self {
            path: path.to_owned(),
            last,
        })
    }

    /// Whether this signer is refused, by the list as it is now.
    ///
    /// `reread` hears of every change of the file once: how many signers the new list has, or that it
    /// cannot be read; then the last one goes on holding.
    pub fn refuses(
        &self,
        signer: &KeyId,
        reread: impl FnOnce(Result<usize, RefusedListError>),
    ) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.path);
        if stamp != last.stamp {
            last.stamp = stamp;
            let read = read(&self.path).map(|signers| last.signers = signers);
            reread(read.map(|()| last.signers.len()));
        }
        last.signers.contains(signer)
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp([
        metadata.dev().into(),
        metadata.ino().into(),
        metadata.len().into(),
        metadata.ctime().into(),
        metadata.ctime_nsec().into(),
    ]))
}

fn read(path: &Path) -> Result<BTreeSet<KeyId>, RefusedListError> {
    let unreadable = || RefusedListError(path.to_owned());
    let text = fs::read_to_string(path).map_err(|_| unreadable())?;
    let mut lines: Vec<_> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty())
        .collect();
    if lines.pop() != Some(END) {
        return Err(unreadable());
    }
    lines
        .into_iter()
        .map(|line| line.parse().map_err(|_| unreadable()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the list says of a signer, and what was told of the file meanwhile.
    fn look(
        list: &RefusedSigners,
        signer: &KeyId,
    ) -> (bool, Option<Result<usize, RefusedListError>>) {
        let mut told = None;
        let refused = list.refuses(signer, |read| told = Some(read));
        (refused, told)
    }

    #[test]
    fn the_list_is_read_again_and_a_broken_one_leaves_the_last_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused.txt");
        let signer = KeyId::new(*b"1322131", *b"000", [0, 0, 0, 1]).unwrap();
        let other = KeyId::new(*b"1322131", *b"000", [0, 0, 0, 2]).unwrap();
        let unreadable = Some(Err(RefusedListError(path.clone())));
        assert!(RefusedSigners::load(&path).is_err());

        fs::write(&path, "# none\nend\n").unwrap();
        let list = RefusedSigners::load(&path).unwrap();
        assert_eq!(look(&list, &signer), (false, None));
        fs::write(&path, format!("{signer}  # withdrawn\n\nend # of it\n\n")).unwrap();
        assert_eq!(look(&list, &signer), (true, Some(Ok(1))));
        assert_eq!(look(&list, &other), (false, None));
        // Each change is told once.
        fs::write(&path, "nonsense").unwrap();
        assert_eq!(look(&list, &signer), (true, unreadable.clone()));
        assert_eq!(look(&list, &signer), (true, None));
        assert!(RefusedSigners::load(&path).is_err());
        fs::remove_file(&path).unwrap();
        assert_eq!(look(&list, &signer), (true, unreadable));
        // Put in place by renaming, as careful editors do, with the length of the one before.
        for listed in [&signer, &other] {
            let new = folder.path().join("new");
            fs::write(&new, format!("{listed}\nend\n")).unwrap();
            fs::rename(&new, &path).unwrap();
            assert_eq!(look(&list, listed), (true, Some(Ok(1))));
        }
        assert_eq!(look(&list, &signer), (false, None));
    }

    #[test]
    fn a_list_that_was_cut_off_or_emptied_refuses_no_fewer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refused.txt");
        let signers = [1, 2].map(|number| KeyId::new(*b"1322131", *b"000", [0, 0, 0, number]));
        let [one, other] = signers.map(Result::unwrap);
        let whole = format!("{one}\n{other}\nend\n");
        fs::write(&path, &whole).unwrap();
        let list = RefusedSigners::load(&path).unwrap();
        let unreadable = Some(Err(RefusedListError(path.clone())));
        // Up to the last letter of its end; the line's own end is not needed.
        for length in 0..whole.len() - 1 {
            fs::write(&path, &whole[..length]).unwrap();
            assert_eq!(look(&list, &one), (true, unreadable.clone()), "{length}");
            assert_eq!(look(&list, &other), (true, None), "{length}");
            assert!(RefusedSigners::load(&path).is_err(), "{length}");
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(look(&list, &other), (true, Some(Ok(2))));
        // Two lists, one after the other.
        fs::write(&path, format!("{one}\nend\n{other}\nend\n")).unwrap();
        assert_eq!(look(&list, &other), (true, unreadable));
        fs::write(&path, "end").unwrap();
        assert_eq!(look(&list, &other), (false, Some(Ok(0))));
    }
}
