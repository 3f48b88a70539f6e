//! What starts and ends the browser: a process of its own, since what the core takes from itself it would take from its browser too, which has
//! to make files, namespaces and a sandbox.
//!
//! Both ends speak in frames over a socket, each with the number of the browser it is about:
//! ```text
//! core      START number port secret      END number
//! launcher  STARTED or NOT_STARTED number    ENDED number    LOST number (its first process ended by itself)
//! ```
//! Of its page the core says port and secret, in two and thirty-two bytes, and the launcher makes an address of them (`Entrance`). There are no
//! bytes that would be something else in a browser; what is neither of the two frames ends the launcher.
//!
//! When the core is gone, however it went, the browser is ended with all its processes, and its profile goes.

use std::future::pending;
use std::io::{self, Read, Write};
use std::os::unix::net;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::web::browser::{Browser, BrowserError, GOING, Settings};
use crate::web::door::Entrance;

/// What calls the program for this and nothing else.
pub(super) const ARGUMENT: &str = "--launch";

const START: u8 = b's';
const END: u8 = b'e';
const STARTED: u8 = b'+';
const NOT_STARTED: u8 = b'-';
const ENDED: u8 = b'.';
const LOST: u8 = b'!';

/// A launcher that takes longer hangs.
const PATIENCE: Duration = GOING.saturating_mul(3);

/// A kind and a number.
type Frame = [u8; 5];

fn frame(kind: u8, number: u32) -> Frame {
    let [a, b, c, d] = number.to_be_bytes();
    [kind, a, b, c, d]
}

fn parts([kind, a, b, c, d]: Frame) -> (u8, u32) {
    (kind, u32::from_be_bytes([a, b, c, d]))
}

/// A launcher that was started; nothing is asked of it yet.
#[derive(Debug)]
pub struct Launched(net::UnixStream);

/// The core's end. Whatever waits here can be dropped, and is gone on with by what is called next.
#[derive(Debug)]
pub struct Launcher {
    line: Line,
    /// Of the browser that was started last.
    number: u32,
}

/// The launcher has ended or hangs: there will be no browser any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what starts the browser has ended")]
pub struct LauncherLost;

impl Launched {
    /// Starts the process, for browsers of these settings.
    ///
    /// # Errors
    /// [`BrowserError`]: its profile would not lie in memory, or the process cannot be started.
    pub fn start(settings: &Settings) -> Result<Self, BrowserError> {
        settings.check()?;
        let started = || {
            let mut stream = super::start("kiosk-launcher", &[ARGUMENT])?;
            let settings = serde_json::to_vec(settings)?;
            let length = u32::try_from(settings.len()).map_err(io::Error::other)?;
            stream.write_all(&length.to_be_bytes())?;
            stream.write_all(&settings)?;
            Ok(Self(stream))
        };
        started().map_err(BrowserError::Start)
    }

    /// From now on it is spoken with.
    ///
    /// # Errors
    /// Outside of a runtime.
    pub fn attend(self) -> io::Result<Launcher> {
        Ok(Launcher {
            line: Line::of(self.0)?,
            number: 0,
        })
    }
}

impl Launcher {
    /// Starts a browser; whether that succeeded. The one before has to be [ended](Self::end).
    ///
    /// # Errors
    /// [`LauncherLost`]
    pub async fn start(&mut self, entrance: &Entrance) -> Result<bool, LauncherLost> {
        self.number = self.number.wrapping_add(1);
        let mut request = Zeroizing::new(Vec::with_capacity(size_of::<Frame>() + Entrance::LENGTH));
        request.extend(frame(START, self.number));
        request.extend(entrance.bytes().iter());
        self.say(&request).await?;
        Ok(self.hear(&[STARTED, NOT_STARTED]).await? == STARTED)
    }

    /// Ends the browser with all its processes and its profile, where there is one.
    ///
    /// # Errors
    /// [`LauncherLost`]
    pub async fn end(&mut self) -> Result<(), LauncherLost> {
        self.say(&frame(END, self.number)).await?;
        self.hear(&[ENDED]).await.map(drop)
    }

    /// Waits until the browser ends by itself: it crashed, or somebody closed it.
    ///
    /// # Errors
    /// [`LauncherLost`]
    pub async fn ended(&mut self) -> Result<(), LauncherLost> {
        loop {
            if self.next().await? == (LOST, self.number) {
                return Ok(());
            }
        }
    }

    /// Ends the launcher, and with it the browser.
    pub async fn close(mut self) {
        // It reads to the end, does its work, and ends: whatever it still says is for nobody.
        if self.line.stream.shutdown().await.is_ok() {
            let gone = async { while self.next().await.is_ok() {} };
            let _ = timeout(PATIENCE, gone).await;
        }
    }

    async fn say(&self, request: &[u8]) -> Result<(), LauncherLost> {
        match timeout(PATIENCE, self.line.say(request)).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(LauncherLost),
        }
    }

    /// Waits for one of these answers about the last browser; what else comes was for somebody who left.
    async fn hear(&mut self, wanted: &[u8]) -> Result<u8, LauncherLost> {
        let heard = async {
            loop {
                let (kind, number) = self.next().await?;
                if number == self.number && wanted.contains(&kind) {
                    return Ok(kind);
                }
            }
        };
        timeout(PATIENCE, heard).await.map_err(|_| LauncherLost)?
    }

    async fn next(&mut self) -> Result<(u8, u32), LauncherLost> {
        let frame = self.line.next().await.map_err(|_| LauncherLost)?;
        Ok(parts(frame))
    }
}

/// One end of the socket.
#[derive(Debug)]
struct Line {
    stream: UnixStream,
    /// A frame that has begun.
    heard: Frame,
    length: usize,
}

impl Line {
    fn of(stream: net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream: UnixStream::from_std(stream)?,
            heard: Frame::default(),
            length: 0,
        })
    }

    /// The next frame. Dropping the future loses nothing of it.
    async fn next(&mut self) -> io::Result<Frame> {
        while self.length < self.heard.len() {
            self.stream.readable().await?;
            match self.stream.try_read(&mut self.heard[self.length..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(length) => self.length += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        self.length = 0;
        Ok(self.heard)
    }

    /// Whole, or not at all: it is shorter than a socket's buffer, so dropping the future leaves no half of it.
    async fn say(&self, words: &[u8]) -> io::Result<()> {
        loop {
            self.stream.writable().await?;
            match self.stream.try_write(words) {
                Ok(length) if length == words.len() => return Ok(()),
                Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// What the process does.
pub(super) fn serve() -> io::Result<()> {
    // It knows the page's secret, and nothing of residents.
    sandbox::harden().map_err(io::Error::other)?;
    let (runtime, _deaf) = super::deaf()?;
    let mut core = super::own_end()?;
    core.set_nonblocking(false)?;
    let mut length = [0; 4];
    core.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length).into();
    let settings: Settings = serde_json::from_reader((&core).take(length))?;
    runtime.block_on(async {
        let mut browser = None;
        let served = attend(&settings, &mut Line::of(core)?, &mut browser).await;
        if let Some((_, mut browser)) = browser {
            browser.end().await;
        }
        served
    })
}

/// Serves the core until it is gone.
async fn attend(
    settings: &Settings,
    core: &mut Line,
    running: &mut Option<(u32, Browser)>,
) -> io::Result<()> {
    // That the browser there is has ended by itself.
    let mut told = false;
    loop {
        let lost = async {
            match running {
                Some((number, browser)) if !told => {
                    browser.ended().await;
                    *number
                }
                _ => pending().await,
            }
        };
        let (kind, number) = tokio::select! {
            frame = core.next() => match frame {
                Ok(frame) => parts(frame),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            },
            number = lost => (LOST, number),
        };
        if kind == LOST {
            told = true;
            core.say(&frame(LOST, number)).await?;
            continue;
        }
        if let Some((_, browser)) = running {
            browser.end().await;
        }
        *running = None;
        let answer = match kind {
            START => {
                let mut bytes = Zeroizing::new([0; Entrance::LENGTH]);
                core.stream.read_exact(bytes.as_mut_slice()).await?;
                *running = Browser::start(settings, &Entrance::of(&bytes))
                    .ok()
                    .map(|browser| (number, browser));
                told = false;
                match running {
                    Some(_) => STARTED,
                    None => NOT_STARTED,
                }
            }
            END => ENDED,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        core.say(&frame(answer, number)).await?;
    }
}

/// A launcher within this process, for tests: their program is none.
#[cfg(test)]
pub(crate) fn within(settings: Settings) -> Launcher {
    let (own, other) = net::UnixStream::pair().unwrap();
    tokio::spawn(async move {
        let (mut core, mut browser) = (Line::of(other).unwrap(), None);
        let _ = attend(&settings, &mut core, &mut browser).await;
        if let Some((_, mut browser)) = browser {
            browser.end().await;
        }
    });
    Launched(own).attend().unwrap()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use tempfile::TempDir;
    use tokio::time::sleep;

    use super::*;

    /// A browser that ends once something is in its profile.
    fn settings(memory: &Path) -> Settings {
        let program = memory.join("browser");
        let script = "#!/bin/sh\nwhile ! [ -e \"$HOME/end\" ]; do sleep 0.02; done\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
        Settings {
            program,
            arguments: Vec::new(),
            full_screen: true,
            memory: memory.to_owned(),
        }
    }

    /// At port 1, by a secret of zeros.
    fn entrance() -> Entrance {
        let mut bytes = [0; Entrance::LENGTH];
        bytes[1] = 1;
        Entrance::of(&bytes)
    }

    const STARTED_ON: &str = "<!doctype html><meta charset=\"utf-8\"><title>Shomei</title>\
         <meta http-equiv=\"refresh\" content=\"0;url=http://127.0.0.1:1/#\
         0000000000000000000000000000000000000000000000000000000000000000\">";

    fn profiles(memory: &Path) -> Vec<std::path::PathBuf> {
        let entries = memory.read_dir().unwrap().flatten();
        let folders = entries.filter(|entry| entry.path().is_dir());
        folders.map(|entry| entry.path()).collect()
    }

    #[tokio::test]
    async fn a_browser_is_started_with_its_page_told_of_and_ended() {
        let memory = TempDir::new_in("/dev/shm").unwrap();
        let mut launcher = within(settings(memory.path()));
        let page = &entrance();
        // There is none yet.
        launcher.end().await.unwrap();
        assert_eq!(launcher.start(page).await, Ok(true));
        let [profile] = &profiles(memory.path())[..] else {
            panic!("no profile");
        };
        let start = std::fs::read_to_string(profile.join("start.html")).unwrap();
        assert_eq!(start, STARTED_ON);
        let lasting = timeout(Duration::from_millis(200), launcher.ended()).await;
        assert!(lasting.is_err(), "it runs");
        std::fs::write(profile.join("end"), "").unwrap();
        assert_eq!(launcher.ended().await, Ok(()));
        launcher.end().await.unwrap();
        assert_eq!(profiles(memory.path()).len(), 0);

        // What is told of one is not taken for another.
        for _ in 0..2 {
            launcher.start(page).await.unwrap();
            let profile = profiles(memory.path()).remove(0);
            std::fs::write(profile.join("end"), "").unwrap();
            sleep(Duration::from_millis(200)).await;
            launcher.end().await.unwrap();
        }
        assert_eq!(launcher.start(page).await, Ok(true));
        let lasting = timeout(Duration::from_millis(200), launcher.ended()).await;
        assert!(lasting.is_err(), "it runs");
        launcher.close().await;
        assert_eq!(profiles(memory.path()).len(), 0);
    }

    #[tokio::test]
    async fn without_a_program_none_is_started_and_without_a_launcher_that_is_told() {
        let memory = TempDir::new_in("/dev/shm").unwrap();
        let mut missing = settings(memory.path());
        missing.memory = memory.path().join("nowhere");
        let mut launcher = within(missing);
        assert_eq!(launcher.start(&entrance()).await, Ok(false));

        let (own, other) = net::UnixStream::pair().unwrap();
        let mut launcher = Launched(own).attend().unwrap();
        drop(other);
        assert_eq!(launcher.ended().await, Err(LauncherLost));
        assert_eq!(launcher.end().await, Err(LauncherLost));
        assert_eq!(launcher.start(&entrance()).await, Err(LauncherLost));
    }

    /// Of a core that others have got into: whatever it says is a port and a secret, or the end.
    #[tokio::test]
    async fn nothing_is_written_for_the_browser_but_a_port_and_digits() {
        const SCRIPT: &[u8] =
            b"\"><script>location=\"file:///etc/passwd\"</script><meta content=\"";
        let memory = TempDir::new_in("/dev/shm").unwrap();
        let settings = settings(memory.path());
        let length = u16::try_from(SCRIPT.len()).unwrap().to_be_bytes();
        for (said, is_the_end) in [
            // As long as it has to be, and any bytes.
            ([&[0, 1][..], &SCRIPT[..32]].concat(), false),
            ([&[0, 1][..], &SCRIPT[SCRIPT.len() - 32..]].concat(), false),
            // An address, with its length.
            ([&length[..], SCRIPT].concat(), true),
            (
                [&length[..], b"http://127.0.0.1:1/#00", SCRIPT].concat(),
                true,
            ),
            // Nothing whole.
            (b"http://127.0.0.1:1/".to_vec(), true),
            (Vec::new(), true),
        ] {
            let (mut own, stream) = UnixStream::pair().unwrap();
            let mut core = Line {
                stream,
                heard: Frame::default(),
                length: 0,
            };
            let mut browser = None;
            let told = [&frame(START, 1)[..], &said].concat();
            own.write_all(&told).await.unwrap();
            own.shutdown().await.unwrap();
            let served = attend(&settings, &mut core, &mut browser).await;
            assert_eq!(served.is_err(), is_the_end, "{said:?}");
            for profile in profiles(memory.path()) {
                let entries = profile.read_dir().unwrap().flatten();
                let names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
                assert_eq!(names, ["start.html"]);
                let page = std::fs::read_to_string(profile.join("start.html")).unwrap();
                let (before, digits) = page.split_once("/#").unwrap();
                let (before, port) = before.rsplit_once(':').unwrap();
                assert!(port.parse::<u16>().is_ok());
                assert!(STARTED_ON.starts_with(before));
                let (digits, after) = digits.split_once('"').unwrap();
                assert_eq!((digits.len(), after), (64, ">"));
                let is_digit = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
                assert!(digits.bytes().all(is_digit), "{digits}");
            }
            if let Some((_, mut browser)) = browser {
                browser.end().await;
            }
            assert_eq!(profiles(memory.path()).len(), 0);
        }
    }

    #[test]
    fn a_profile_on_disk_is_refused_before_anything_is_started() {
        let on_disk = Settings {
            memory: "/proc".into(),
            ..settings(TempDir::new_in("/dev/shm").unwrap().path())
        };
        let refused = Launched::start(&on_disk);
        assert!(matches!(refused, Err(BrowserError::NotInMemory)));
    }
}
