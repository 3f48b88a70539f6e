//! Who opens the wallet, and when it locks.
//!
//! A passphrase is guessed at Argon2id's pace; after a few wrong ones each further guess waits, twice as long as the one before.
//! That count is the process's own: whoever can start the program anew can read the wallet's files too, and guess elsewhere.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::front::{Knock, Knocks, Refusal, Shared};
use super::wallet::{
    self, Damage, DeviceKey, DeviceKeyError, Door, Lock, Passphrase, Wallet, WalletError,
};
use crate::web::door::Secret;

/// Wrong passphrases until the next one has to wait.
const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);

/// Where the wallet is, and how it opens.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its folder.
    pub folder: PathBuf,
    /// The device's key, where one opens it.
    pub key: Option<PathBuf>,
}

/// What opens the wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opens {
    /// Nothing yet: its passphrase is to be set.
    New,
    /// A passphrase.
    Passphrase,
    /// The device's key.
    Key,
}

/// Why there is no place for a wallet.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The wallet.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The device's key.
    #[error(transparent)]
    Key(#[from] DeviceKeyError),
}

/// An open wallet: the core's, and looked at by whoever is asked for its passphrase again.
pub type OpenWallet = Arc<Mutex<Wallet>>;

/// Lets in.
pub struct Porter {
    place: Place,
    knocks: Knocks,
    shared: Arc<Shared>,
    idle: Duration,
    tries: Tries,
}

impl Place {
    /// What opens the wallet.
    ///
    /// # Errors
    /// [`WalletError::OtherLock`] where a device's key does and none is configured, or the other way round;
    /// [`WalletError`] of one that cannot be used.
    pub fn opens(&self) -> Result<Opens, WalletError> {
        match (wallet::lock(&self.folder)?, &self.key) {
            (Lock::Absent, None) => Ok(Opens::New),
            (Lock::Passphrase, None) => Ok(Opens::Passphrase),
            (Lock::Absent | Lock::DeviceKey, Some(_)) => Ok(Opens::Key),
            (Lock::DeviceKey, None) | (Lock::Passphrase, Some(_)) => Err(WalletError::OtherLock),
        }
    }

    /// Opens it, or makes it, with the device's key, which is made where there is neither.
    fn open_with_key(&self, key: &Path) -> Result<(Wallet, Vec<Damage>), PlaceError> {
        let absent = wallet::lock(&self.folder)? == Lock::Absent;
        let key = if absent && !key.exists() {
            DeviceKey::create(key)?
        } else {
            DeviceKey::load(key)?
        };
        let secret = wallet::Secret::DeviceKey(key);
        if absent {
            return Ok((Wallet::create(&self.folder, &secret)?, Vec::new()));
        }
        Ok(Wallet::open(&self.folder, &secret)?)
    }
}

impl Porter {
    /// Of a wallet that locks when nobody has done anything for so long.
    #[must_use]
    pub fn new(place: Place, knocks: Knocks, shared: Arc<Shared>, idle: Duration) -> Self {
        Self {
            place,
            knocks,
            shared,
            idle,
            tries: Tries::default(),
        }
    }

    /// Waits until somebody opens the wallet; and what of it is damaged.
    pub async fn opened(&mut self) -> (OpenWallet, Vec<Damage>) {
        loop {
            match self.knocks.next().await {
                Knock::Unlock {
                    passphrase,
                    started,
                    language,
                    reply,
                } => match self.open(passphrase, started).await {
                    Ok((wallet, damages)) => {
                        let secret = Secret::random().map_err(|_| Refusal::Failed);
                        if let Ok(secret) = &secret {
                            self.shared.let_in(secret.clone(), language);
                        }
                        let let_in = secret.is_ok();
                        // Whoever left meanwhile asks again.
                        let _ = reply.send(secret);
                        if let_in {
                            return (Arc::new(Mutex::new(wallet)), damages);
                        }
                    }
                    Err(refusal) => drop(reply.send(Err(refusal))),
                },
                Knock::Change { reply, .. } => drop(reply.send(Err(Refusal::Failed))),
            }
        }
    }

    /// Answers whoever knocks at an open wallet, until it is to be locked.
    pub async fn until_to_be_locked(&mut self, wallet: &OpenWallet) {
        let shared = Arc::clone(&self.shared);
        let knocks = async {
            loop {
                let knock = self.knocks.next().await;
                answer(&self.place, &self.shared, &mut self.tries, wallet, knock).await;
            }
        };
        tokio::select! {
            () = shared.until_to_be_locked(self.idle) => {}
            () = knocks => {}
        }
    }

    async fn open(
        &mut self,
        passphrase: Option<Zeroizing<String>>,
        started: bool,
    ) -> Result<(Wallet, Vec<Damage>), Refusal> {
        let place = self.place.clone();
        match place.opens().map_err(|_| Refusal::Failed)? {
            Opens::Key if started => {
                let opened = spawn_blocking(move || {
                    let key = place.key.as_ref()?;
                    place.open_with_key(key).ok()
                });
                let opened = opened.await.map_err(|_| Refusal::Failed)?;
                opened.ok_or(Refusal::Failed)
            }
            Opens::New if started => {
                let secret = chosen(passphrase.as_ref())?;
                let made = spawn_blocking(move || Wallet::create(&place.folder, &secret));
                let made = made.await.map_err(|_| Refusal::Failed)?;
                Ok((made.map_err(|_| Refusal::Failed)?, Vec::new()))
            }
            Opens::Key | Opens::New => Err(Refusal::NotStarter),
            Opens::Passphrase => {
                self.tries.may(Instant::now())?;
                let secret = said(passphrase.as_ref())?;
                let opened = spawn_blocking(move || Wallet::open(&place.folder, &secret));
                match opened.await.map_err(|_| Refusal::Failed)? {
                    Ok(opened) => {
                        self.tries = Tries::default();
                        Ok(opened)
                    }
                    Err(WalletError::Wrong) => Err(self.tries.wrong(Instant::now())),
                    Err(_) => Err(Refusal::Failed),
                }
            }
        }
    }
}

async fn answer(
    place: &Place,
    shared: &Shared,
    tries: &mut Tries,
    wallet: &OpenWallet,
    knock: Knock,
) {
    match knock {
        Knock::Unlock {
            passphrase,
            started,
            language,
            reply,
        } => {
            let may = match &place.key {
                Some(_) if started => Ok(()),
                Some(_) => Err(Refusal::NotStarter),
                None => match said(passphrase.as_ref()) {
                    Ok(secret) => tried(tries, wallet, move |door| door.opens_with(&secret)).await,
                    Err(refusal) => Err(refusal),
                },
            };
            let secret = may.and_then(|()| Secret::random().map_err(|_| Refusal::Failed));
            if let Ok(secret) = &secret {
                shared.let_in(secret.clone(), language);
            }
            let _ = reply.send(secret);
        }
        Knock::Change { old, new, reply } => {
            let both = said(Some(&old)).and_then(|old| Ok((old, chosen(Some(&new))?)));
            let changed = match both {
                Ok((old, new)) => tried(tries, wallet, move |door| door.changed(&old, &new)).await,
                Err(refusal) => Err(refusal),
            };
            let changed = changed.and_then(|door| {
                let hung = open(wallet).hang(door);
                hung.map_err(|_| Refusal::Failed)
            });
            let _ = reply.send(changed);
        }
    }
}

fn open(wallet: &OpenWallet) -> MutexGuard<'_, Wallet> {
    wallet.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a passphrase tried on an open wallet, which can be used meanwhile.
async fn tried<T: Send + 'static>(
    tries: &mut Tries,
    wallet: &OpenWallet,
    with: impl FnOnce(&Door) -> Result<T, WalletError> + Send + 'static,
) -> Result<T, Refusal> {
    tries.may(Instant::now())?;
    let door = open(wallet).door();
    let tried = spawn_blocking(move || with(&door));
    match tried.await.map_err(|_| Refusal::Failed)? {
        Ok(right) => {
            *tries = Tries::default();
            Ok(right)
        }
        Err(WalletError::Wrong) => Err(tries.wrong(Instant::now())),
        Err(_) => Err(Refusal::Failed),
    }
}

/// A passphrase that is to be set.
fn chosen(passphrase: Option<&Zeroizing<String>>) -> Result<wallet::Secret, Refusal> {
    let passphrase = passphrase.ok_or(Refusal::Unfit)?;
    let passphrase = Passphrase::new(passphrase).map_err(|_| Refusal::Unfit)?;
    Ok(wallet::Secret::Passphrase(passphrase))
}

/// One that is to open: what is none opens nothing.
fn said(passphrase: Option<&Zeroizing<String>>) -> Result<wallet::Secret, Refusal> {
    chosen(passphrase).map_err(|_| Refusal::Wrong)
}

/// Wrong passphrases since the last right one.
#[derive(Debug, Default)]
struct Tries {
    wrong: u32,
    not_before: Option<Instant>,
}

impl Tries {
    fn may(&self, now: Instant) -> Result<(), Refusal> {
        match self.not_before {
            Some(then) if now < then => Err(Refusal::Wait(then - now)),
            _ => Ok(()),
        }
    }

    fn wrong(&mut self, now: Instant) -> Refusal {
        self.wrong = self.wrong.saturating_add(1);
        if let Some(more) = self.wrong.checked_sub(FREE) {
            let wait = FIRST_WAIT.saturating_mul(2u32.saturating_pow(more));
            self.not_before = Some(now + wait.min(LONGEST_WAIT));
        }
        Refusal::Wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_five_wrong_ones_each_waits_longer_than_the_one_before() {
        let mut tries = Tries::default();
        let mut now = Instant::now();
        for _ in 0..FREE {
            assert_eq!(tries.may(now), Ok(()));
            assert_eq!(tries.wrong(now), Refusal::Wrong);
        }
        for seconds in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
            let wait = Duration::from_secs(seconds);
            assert_eq!(tries.may(now), Err(Refusal::Wait(wait)));
            now += wait;
            assert_eq!(tries.may(now), Ok(()));
            tries.wrong(now);
        }
    }

    /// Argon2 takes as long as it takes, in debug builds above all: whoever looks at the list meanwhile waits for nothing.
    #[tokio::test(flavor = "multi_thread")]
    async fn the_wallet_can_be_used_while_a_passphrase_is_tried_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let secret = |text: &str| chosen(Some(&Zeroizing::new(text.to_owned())));
        let first = secret("kiyose no keyaki").unwrap();
        let wallet = Wallet::create(&folder.path().join("wallet"), &first).unwrap();
        let wallet = Arc::new(Mutex::new(wallet));
        for (said, may) in [
            ("kiyose no keyaki", Ok(())),
            ("not this one", Err(Refusal::Wrong)),
        ] {
            let (said, tried_on) = (secret(said).unwrap(), Arc::clone(&wallet));
            let trying = tokio::spawn(async move {
                let mut tries = Tries::default();
                tried(&mut tries, &tried_on, move |door| door.opens_with(&said)).await
            });
            let (mut looks, mut waits) = (0, 0);
            while !trying.is_finished() {
                looks += 1;
                waits += u32::from(wallet.try_lock().is_err());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(trying.await.unwrap(), may);
            assert!(looks > 5, "it was over at once: this shows nothing");
            assert!(waits <= 1, "{waits} of {looks} looks had to wait");
        }
    }
}
