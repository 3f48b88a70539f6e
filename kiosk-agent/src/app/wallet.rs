//! The wallet: issued certificates kept on the device, encrypted; nothing else of an application (requirement A3).
//!
//! ```text
//! FOLDER/head       how it is opened, and the list of what is in it      (see `head`)
//! FOLDER/HEX        one certificate each, 32 random hexadecimal digits   (see `sealed`)
//! FOLDER/new        what is being written: not yet anything
//! ```
//! The folder is its owner's alone (0700, files 0600), and one program's at a time. Every file is written whole under
//! the name `new`, forced to disk and renamed: none is ever half there. What adding and deleting does to two files is
//! announced in the list first, so that a program killed in between finishes or undoes it when it next opens:
//!
//! ```text
//! add      list says "adding"  → certificate → list says "unreported"   killed: unreported if the certificate is there, else forgotten
//! report   list says "kept"                                         killed: unreported
//! delete   list says "deleting" → certificate goes                  killed: it goes at the next opening
//! ```
//! *Unreported* is one of which the center was not told, or has not said that it heard it: it lapses.
//! A certificate's file is never written a second time, and opens under its own name and in its own wallet alone. One
//! that does not open, is gone, or is not on the list (put back after it was deleted) is told as [`Damage`] and hides
//! none of the others. What cannot be told is a whole folder put back as it was before. Deleting takes the file's
//! name away; what a disk keeps of its blocks is ciphertext.
//!
//! Everything here is wiped when the wallet is dropped: that is what locking does. Opening with a passphrase is made
//! expensive (Argon2id), so call it where a thread may block.

mod disk;
mod head;
mod id;
mod sealed;
mod secret;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use issuance_api::terminal::{Localized, Preview};
use issuance_api::{Personal, PersonalBytes};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::handover::{self, Certificate};
use disk::Folder;
use head::{Head, List, State};
use sealed::Keys;

pub use id::{Id, NoId};
pub use secret::{DeviceKey, DeviceKeyError, Passphrase, PassphraseError, Secret};

/// So many certificates fit: a family's over many years.
pub const MOST: usize = 256;

const HEAD: &str = "head";

/// A certificate as it is kept, but for its page. Wiped on drop; its `Debug` shows nothing of it.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The health card: a JWS in compact form.
    pub jws: Personal,
    /// For abroad: the VDS-NC.
    pub seal: Option<Personal>,
    /// When it came, in seconds since 1970.
    pub issued: u64,
    /// What residents call its programme.
    pub name: Localized,
    /// What it says, as it was previewed and checked: programme, kind, municipality, holder, doses. All of it stands on its page.
    pub says: Arc<Preview>,
}

impl Kept {
    /// What is kept of a certificate that passed the hand-over check against this preview.
    #[must_use]
    pub fn of(certificate: &Certificate, name: Localized, says: Arc<Preview>, issued: u64) -> Self {
        let seal = certificate.seal_text();
        Self {
            jws: Personal::new(certificate.jws().to_owned()),
            seal: seal.map(|seal| Personal::new(seal.to_owned())),
            issued,
            name,
            says,
        }
    }

    /// What the health card's QR says.
    #[must_use]
    pub fn qr_text(&self) -> Zeroizing<String> {
        handover::qr_text(self.jws.expose())
    }
}

/// What is not as it was left. The rest of the wallet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// The list did not open; it was made anew of the certificates that do, each as one that may lapse. No certificate is damaged by it.
    List,
    /// The certificate's file is there and does not open: altered, cut, another's, or not to be read.
    Broken(Id),
    /// The certificate's file is gone.
    Missing(Id),
    /// A file that looks like a certificate's and is not on the list, such as one put back after it was deleted.
    Stranger(Id),
}

impl Damage {
    /// Whether it is a certificate's, and not the list's, which is whole again.
    #[must_use]
    pub const fn is_of_a_file(self) -> bool {
        !matches!(self, Self::List)
    }
}

/// How a wallet is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// There is no wallet yet.
    Absent,
    /// With a passphrase.
    Passphrase,
    /// With the device's key.
    DeviceKey,
}

/// Why a wallet is not opened, or not changed.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// There is none.
    #[error("there is no wallet")]
    Absent,
    /// There is one already.
    #[error("there is a wallet already")]
    Exists,
    /// Another program has it open.
    #[error("the wallet is in use")]
    InUse,
    /// Its folder is another's, or open to others than its owner.
    #[error("the wallet's folder is not its owner's alone")]
    Exposed,
    /// Its head is not one: no passphrase opens it any more.
    #[error("the wallet's head is damaged")]
    Damaged,
    /// Not the passphrase, or not the device key.
    #[error("the wallet does not open with this")]
    Wrong,
    /// It is opened with a device key where a passphrase was tried, or the other way round.
    #[error("the wallet is opened in another way")]
    OtherLock,
    /// It holds [`MOST`] certificates.
    #[error("the wallet is full")]
    Full,
    /// It holds no such certificate, or none any more: its file is gone.
    #[error("the wallet holds no such certificate")]
    Unknown,
    /// The certificate's file does not open any more.
    #[error("the certificate does not open")]
    Broken,
    /// The disk: full, read-only, failing.
    #[error("the wallet's folder cannot be read or written")]
    Disk(#[from] io::Error),
}

/// An open wallet. Dropping it locks it.
pub struct Wallet {
    folder: Folder,
    head: Head,
    keys: Keys,
    list: List,
    certificates: BTreeMap<Id, Kept>,
}

impl fmt::Debug for Wallet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wallet(..)")
    }
}

/// How an open wallet is opened: whether a secret is the right one takes as long as opening it, and is asked without it.
pub struct Door(Head);

/// Another one for the same wallet.
pub struct NewDoor(Head);

impl Door {
    /// Whether it opens with this. As expensive as opening the wallet.
    ///
    /// # Errors
    /// [`WalletError::Wrong`] or [`WalletError::OtherLock`] if it does not; [`WalletError::Disk`] if there is not the memory.
    pub fn opens_with(&self, secret: &Secret) -> Result<(), WalletError> {
        self.0.unwrap(secret).map(drop)
    }

    /// One that opens with another passphrase or device key. As expensive as opening it twice.
    ///
    /// # Errors
    /// As [`opens_with`](Self::opens_with), of the present one.
    pub fn changed(&self, present: &Secret, next: &Secret) -> Result<NewDoor, WalletError> {
        let keys = self.0.unwrap(present)?;
        Ok(NewDoor(Head::wrap(&keys, next)?))
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Door(..)")
    }
}

impl fmt::Debug for NewDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewDoor(..)")
    }
}

/// How the wallet in this folder is opened.
///
/// # Errors
/// [`WalletError::Damaged`], [`WalletError::Exposed`], [`WalletError::Disk`].
pub fn lock(folder: &Path) -> Result<Lock, WalletError> {
    let folder = match Folder::open(folder) {
        Err(WalletError::Absent) => return Ok(Lock::Absent),
        folder => folder?,
    };
    match read_head(&folder) {
        Ok((head, _)) => Ok(head.lock()),
        Err(WalletError::Absent) => Ok(Lock::Absent),
        Err(error) => Err(error),
    }
}

/// Takes away everything in this wallet, open or not: for somebody who forgot the passphrase, or whose wallet is damaged.
///
/// # Errors
/// [`WalletError::InUse`], [`WalletError::Exposed`], [`WalletError::Disk`].
pub fn discard(folder: &Path) -> Result<(), WalletError> {
    let folder = match Folder::open(folder) {
        Err(WalletError::Absent) => return Ok(()),
        folder => folder?,
    };
    folder.hold()?;
    // Without its head nothing opens: that goes first.
    folder.remove(HEAD)?;
    folder.sweep()?;
    for id in folder.ids()? {
        folder.remove(&id.to_string())?;
    }
    Ok(folder.settle()?)
}

impl Wallet {
    /// Makes a new one. The folder is made if it is not there.
    ///
    /// # Errors
    /// [`WalletError::Exists`], also where certificates lie without a head; as [`open`](Self::open).
    pub fn create(folder: &Path, secret: &Secret) -> Result<Self, WalletError> {
        let folder = Folder::create(folder)?;
        folder.hold()?;
        folder.sweep()?;
        if folder.read(HEAD)?.is_some() || !folder.ids()?.is_empty() {
            return Err(WalletError::Exists);
        }
        let keys = Keys::random()?;
        let wallet = Self {
            head: Head::wrap(&keys, secret)?,
            folder,
            keys,
            list: List::default(),
            certificates: BTreeMap::new(),
        };
        wallet.write_list()?;
        Ok(wallet)
    }

    /// Opens it, finishes what was interrupted, and says what is not as it was left.
    ///
    /// # Errors
    /// [`WalletError`]; [`WalletError::Wrong`] of a head that is whole alone.
    pub fn open(folder: &Path, secret: &Secret) -> Result<(Self, Vec<Damage>), WalletError> {
        let folder = Folder::open(folder)?;
        folder.hold()?;
        folder.sweep()?;
        let (head, sealed_list) = read_head(&folder)?;
        let keys = head.unwrap(secret)?;
        let list = head.open_list(&keys, &sealed_list);
        let lost = list.is_none();
        let mut wallet = Self {
            folder,
            head,
            keys,
            list: list.unwrap_or_default(),
            certificates: BTreeMap::new(),
        };
        let mut damages = if lost {
            wallet.list = wallet.list_of_what_opens()?;
            vec![Damage::List]
        } else {
            Vec::new()
        };
        let settled = wallet.settle(&mut damages)?;
        if lost || !settled {
            // What is here is shown from a disk that is full or read-only too; the next opening tries again.
            let _ = wallet.write_list();
        }
        damages.sort_unstable();
        Ok((wallet, damages))
    }

    /// What is kept, in no order that means anything.
    pub fn certificates(&self) -> impl Iterator<Item = (Id, &Kept)> {
        self.certificates.iter().map(|(id, kept)| (*id, kept))
    }

    /// One of them.
    #[must_use]
    pub fn certificate(&self, id: Id) -> Option<&Kept> {
        self.certificates.get(&id)
    }

    /// Its page: one PDF, as it was issued. Read from the disk each time.
    ///
    /// # Errors
    /// [`WalletError::Unknown`], [`WalletError::Broken`], [`WalletError::Disk`].
    pub fn page(&self, id: Id) -> Result<PersonalBytes, WalletError> {
        if !self.certificates.contains_key(&id) {
            return Err(WalletError::Unknown);
        }
        let file = self.folder.read(&id.to_string())?;
        let file = file.ok_or(WalletError::Unknown)?;
        let opened = self.keys.open_certificate(id, &file);
        opened.map(|(_, page)| page).ok_or(WalletError::Broken)
    }

    /// Whether certificates of an application could be kept now. Asked before they are issued.
    ///
    /// # Errors
    /// [`WalletError::Full`], [`WalletError::Disk`].
    pub fn ready(&self) -> Result<(), WalletError> {
        // One of each kind, in at most a block more than they need.
        if self.list.len() + 2 > MOST {
            return Err(WalletError::Full);
        }
        Ok(self.folder.try_out(4 * sealed::BLOCK)?)
    }

    /// Keeps a certificate, as one that is not [`reported`](Self::reported) yet. Once this returns it is on disk, whole; on an error it is
    /// not there at all.
    ///
    /// # Errors
    /// [`WalletError::Full`], [`WalletError::Disk`].
    pub fn put(&mut self, kept: Kept, page: &[u8]) -> Result<Id, WalletError> {
        if self.list.len() >= MOST {
            return Err(WalletError::Full);
        }
        let id = Id::random()?;
        let file = self.keys.seal_certificate(id, &kept, page)?;
        self.list.set(id, State::Adding);
        let written = self
            .write_list()
            .and_then(|()| self.folder.write(&id.to_string(), &file));
        if let Err(error) = written {
            // Whatever came of it goes, now or at the next opening.
            self.list.set(id, State::Deleting);
            let _ = self.write_list();
            let _ = self.folder.remove(&id.to_string());
            return Err(error.into());
        }
        self.list.set(id, State::Unreported);
        // It is on disk and announced: that alone would do.
        let _ = self.write_list();
        self.certificates.insert(id, kept);
        Ok(id)
    }

    /// The center knows that this certificate is here: it does not lapse.
    ///
    /// # Errors
    /// [`WalletError::Unknown`]; [`WalletError::Disk`]: it is taken for one that lapses again when the wallet is next opened.
    pub fn reported(&mut self, id: Id) -> Result<(), WalletError> {
        match self.list.state(id) {
            None | Some(State::Deleting) => Err(WalletError::Unknown),
            Some(_) => {
                self.list.set(id, State::Kept);
                Ok(self.write_list()?)
            }
        }
    }

    /// Whether a certificate lapses, for the center may not know that it is here.
    #[must_use]
    pub fn lapses(&self, id: Id) -> bool {
        self.list.state(id) == Some(State::Unreported)
    }

    /// Deletes a certificate, or a file that [`Damage`] named. On an error it may still be there.
    ///
    /// # Errors
    /// [`WalletError::Unknown`], [`WalletError::Disk`].
    pub fn delete(&mut self, id: Id) -> Result<(), WalletError> {
        let state = self.list.state(id);
        if state.is_none() && !self.folder.ids()?.contains(&id) {
            return Err(WalletError::Unknown);
        }
        self.list.set(id, State::Deleting);
        if let Err(error) = self.write_list() {
            match state {
                Some(state) => self.list.set(id, state),
                None => self.list.forget(id),
            }
            return Err(error.into());
        }
        self.certificates.remove(&id);
        self.folder.remove(&id.to_string())?;
        self.folder.settle()?;
        // The list on disk says so when it is next written; until then it says that it goes.
        self.list.forget(id);
        Ok(())
    }

    /// Deletes what [`open`](Self::open) told as damaged: somebody gives it up.
    ///
    /// # Errors
    /// [`WalletError::Disk`].
    pub fn give_up(&mut self, damages: &[Damage]) -> Result<(), WalletError> {
        for damage in damages {
            match *damage {
                // It was made anew already.
                Damage::List => {}
                Damage::Broken(id) | Damage::Missing(id) | Damage::Stranger(id) => {
                    match self.delete(id) {
                        Ok(()) | Err(WalletError::Unknown) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(())
    }

    /// What tells whether a secret is the right one.
    #[must_use]
    pub fn door(&self) -> Door {
        Door(self.head.clone())
    }

    /// Opens by this door from now on, and no longer by the present one.
    ///
    /// # Errors
    /// [`WalletError::Disk`]: it opens as before.
    pub fn hang(&mut self, door: NewDoor) -> Result<(), WalletError> {
        let before = std::mem::replace(&mut self.head, door.0);
        self.write_list().inspect_err(|_| self.head = before)?;
        Ok(())
    }

    fn write_list(&self) -> io::Result<()> {
        let head = self.head.with_list(&self.keys, &self.list)?;
        self.folder.write(HEAD, &head)
    }

    fn list_of_what_opens(&self) -> io::Result<List> {
        let mut list = List::default();
        for id in self.folder.ids()? {
            let file = self.folder.read(&id.to_string()).unwrap_or_default();
            if file.is_some_and(|file| self.keys.open_certificate(id, &file).is_some()) {
                // Whether the center knows of it stood on the list alone: one that lapsed must not look good again.
                list.set(id, State::Unreported);
            }
        }
        Ok(list)
    }

    /// Opens every certificate on the list and finishes what was interrupted. Whether the list on disk was right.
    fn settle(&mut self, damages: &mut Vec<Damage>) -> io::Result<bool> {
        let mut right = true;
        for (id, state) in self.list.entries() {
            let name = id.to_string();
            if state == State::Deleting {
                // Where it cannot go now, it stays on the list and hidden.
                if self.folder.remove(&name).is_ok() {
                    self.list.forget(id);
                    right = false;
                }
                continue;
            }
            match self.folder.read(&name) {
                Ok(Some(file)) => match self.keys.open_certificate(id, &file) {
                    Some((kept, _)) => {
                        self.certificates.insert(id, kept);
                    }
                    None => damages.push(Damage::Broken(id)),
                },
                Ok(None) if state == State::Adding => {
                    self.list.forget(id);
                    right = false;
                    continue;
                }
                Ok(None) => damages.push(Damage::Missing(id)),
                Err(_) => damages.push(Damage::Broken(id)),
            }
            if state == State::Adding {
                self.list.set(id, State::Unreported);
                right = false;
            }
        }
        let strangers = self.folder.ids()?.into_iter();
        let strangers = strangers.filter(|id| self.list.state(*id).is_none());
        damages.extend(strangers.map(Damage::Stranger));
        Ok(right)
    }
}

fn read_head(folder: &Folder) -> Result<(Head, Vec<u8>), WalletError> {
    let head = folder.read(HEAD)?;
    match head {
        Some(head) => Head::parse(&head).ok_or(WalletError::Damaged),
        // Somebody's certificates are here and cannot be opened: that is no new wallet.
        None if !folder.ids()?.is_empty() => Err(WalletError::Damaged),
        None => Err(WalletError::Absent),
    }
}
