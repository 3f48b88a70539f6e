//! What writes the [mark](Mark) of a kiosk that is out of service: a process of its own, since the core can write no file. It has that one folder
//! from when it was started, and does nothing but set the mark, with one of nine words in it: no core takes one away, and nor could this process.

use std::ffi::OsStr;
use std::future::Future;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;
use sandbox::{Calls, Landlock, Needs};
use tokio::io::Interest;

use crate::handover::Mismatch;
use crate::latch::Mark;

/// What calls the program for this, before the folder and how much of Landlock is demanded.
pub(super) const ARGUMENT: &str = "--mark";

const WRITTEN: u8 = b'+';
const NOT_WRITTEN: u8 = b'-';

/// A disk that takes longer is given up. The core stands still meanwhile, and no watchdog (30 seconds, fed every 15) is to take that for a hang.
const PATIENCE: Duration = Duration::from_secs(10);

/// The core's end.
#[derive(Debug)]
pub struct Marker(UnixStream);

/// The writer has ended: nothing could be kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what writes the mark of a kiosk out of service has ended")]
pub struct MarkerLost;

impl Marker {
    /// Starts the process, for the mark in this folder.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(folder: &Path, landlock: Landlock) -> io::Result<Self> {
        let landlock = OsStr::new(landlock.as_str());
        let arguments = [OsStr::new(ARGUMENT), folder.as_os_str(), landlock];
        Self::of(super::start("kiosk-marker", &arguments)?)
    }

    fn of(stream: UnixStream) -> io::Result<Self> {
        // It is waited on within the runtime, too.
        stream.set_nonblocking(true)?;
        Ok(Self(stream))
    }

    /// Has the mark set, for this, and blocks until it is on disk.
    ///
    /// # Errors
    /// If it is not, or not known to be.
    pub fn set(&self, mismatch: Mismatch) -> io::Result<()> {
        let mut process = &self.0;
        process.write_all(&[mismatch as u8])?;
        let patience = Timespec::try_from(PATIENCE).map_err(io::Error::other)?;
        let answered = || poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&patience));
        retry_on_intr(answered)?;
        // Nothing there by now is an error.
        let mut answer = [NOT_WRITTEN];
        process.read_exact(&mut answer)?;
        match answer {
            [WRITTEN] => Ok(()),
            _ => Err(io::ErrorKind::Other.into()),
        }
    }

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// Outside of a runtime.
    pub fn lost(&self) -> io::Result<impl Future<Output = ()> + use<>> {
        let process = tokio::net::UnixStream::from_std(self.0.try_clone()?)?;
        Ok(async move {
            while let Ok(ready) = process.ready(Interest::READABLE).await {
                if ready.is_read_closed() {
                    break;
                }
                // An answer, which is read elsewhere: what comes next is waited for.
                let elsewhere = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                let _ = process.try_io(Interest::READABLE, elsewhere);
            }
        })
    }
}

/// What the process does.
pub(super) fn serve(folder: &Path, landlock: Landlock) -> io::Result<()> {
    sandbox::harden().map_err(io::Error::other)?;
    sandbox::confine(&needs(folder), landlock).map_err(io::Error::other)?;
    let _deaf = super::deaf()?;
    let core = super::own_end()?;
    sandbox::seal(Calls::Mark).map_err(io::Error::other)?;
    attend(core, &Mark::new(folder.to_owned()))
}

/// What setting the mark takes.
fn needs(folder: &Path) -> Needs {
    Needs {
        make: vec![folder.to_owned()],
        ..Needs::default()
    }
}

/// Sets the mark whenever it is told to, until the core is gone.
fn attend(mut core: UnixStream, mark: &Mark) -> io::Result<()> {
    let mut told = [0];
    while core.read(&mut told)? == 1 {
        // Both ends are the same program. If it is told anything else, it is all the same to the mark.
        let mismatch = Mismatch::ALL.into_iter().find(|it| *it as u8 == told[0]);
        let answer = match mark.set(mismatch) {
            Ok(()) => WRITTEN,
            Err(_) => NOT_WRITTEN,
        };
        core.write_all(&[answer])?;
    }
    Ok(())
}

/// A writer within this process, for tests: their program is none.
#[cfg(test)]
pub(crate) fn within(mark: Mark) -> Marker {
    let (own, other) = UnixStream::pair().unwrap();
    std::thread::spawn(move || attend(other, &mark));
    Marker::of(own).unwrap()
}

/// One whose process has ended.
#[cfg(test)]
pub(crate) fn gone() -> Marker {
    Marker::of(UnixStream::pair().unwrap().0).unwrap()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::{TcpListener, TcpStream};

    use tempfile::TempDir;

    use super::*;
    use crate::beside::tests::{confined, is_refused};

    #[test]
    fn who_sets_the_mark_can_do_no_more() {
        let [folder, other] = [(), ()].map(|()| TempDir::new().unwrap());
        let mark = Mark::new(folder.path().to_owned());
        let set = folder.path().join("out-of-service");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let made = other.path().join("made");
        confined(needs(folder.path()), move || {
            // Where there is none, and where there is one.
            mark.set(Some(Mismatch::Seal)).unwrap();
            mark.set(Some(Mismatch::Name)).unwrap();
            assert!(is_refused(mark.take_away()));
            assert!(is_refused(File::open(&set)));
            assert!(is_refused(std::fs::rename(
                &set,
                set.with_file_name("other")
            )));
            assert!(is_refused(File::open("/etc/passwd")));
            assert!(is_refused(File::create(&made)));
            assert!(is_refused(std::process::Command::new("true").status()));
            assert!(is_refused(TcpListener::bind("127.0.0.1:0")));
            assert!(is_refused(TcpStream::connect(address)));
        });
        let written = std::fs::read(folder.path().join("out-of-service"));
        assert_eq!(written.unwrap(), b"name\n");
    }

    #[tokio::test]
    async fn an_answer_is_no_end() {
        let folder = TempDir::new().unwrap();
        let mark = Mark::new(folder.path().to_owned());
        let (own, other) = UnixStream::pair().unwrap();
        let process = other.try_clone().unwrap();
        std::thread::spawn(move || attend(process, &mark));
        let marker = Marker::of(own).unwrap();
        let mut lost = tokio::spawn(marker.lost().unwrap());
        marker.set(Mismatch::Seal).unwrap();
        let lasting = tokio::time::timeout(Duration::from_millis(200), &mut lost).await;
        assert!(lasting.is_err(), "it is there");
        let written = std::fs::read(folder.path().join("out-of-service"));
        assert_eq!(written.unwrap(), b"seal\n");
        other.shutdown(std::net::Shutdown::Both).unwrap();
        lost.await.unwrap();
    }

    #[test]
    fn what_could_not_be_written_is_told() {
        let folder = TempDir::new().unwrap();
        let marker = within(Mark::new(folder.path().join("nowhere")));
        assert!(marker.set(Mismatch::Seal).is_err());
        assert!(gone().set(Mismatch::Seal).is_err());
    }
}
