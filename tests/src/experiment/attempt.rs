//! What is tried from inside a server: whatever would carry something away. The same is tried by one that is not confined, where each has to
//! succeed; so nothing here does harm.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, fchown, symlink};
use std::os::unix::net::{SocketAddr as UnixAddress, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use memmap2::MmapMut;
use rustix::fs::{CWD, FileType, MemfdFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType};
use rustix::process::{DumpableBehavior, Pid, PidfdFlags, Resource, Rlimit, Signal};
use serde::{Deserialize, Serialize};

/// One thing to try.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attempt {
    /// A new file with something in it.
    Make(PathBuf),
    /// A file without a name, in a folder.
    MakeNameless(PathBuf),
    /// A file in memory, which can be run or handed on.
    MakeInMemory,
    /// A folder.
    MakeFolder(PathBuf),
    /// A link to nowhere.
    MakeLink(PathBuf),
    /// A second name of a file.
    MakeName(PathBuf, PathBuf),
    /// A pipe.
    MakePipe(PathBuf),
    /// A socket with a name.
    MakeSocket(PathBuf),
    /// More at the end of a file.
    Append(PathBuf),
    /// Something else in its place.
    Overwrite(PathBuf),
    /// The same up to the point where it could be done: for what must not be harmed where that succeeds.
    OpenToOverwrite(PathBuf),
    /// Nothing in its place.
    Empty(PathBuf),
    /// Another name for a file.
    Rename(PathBuf, PathBuf),
    /// A file away.
    Remove(PathBuf),
    /// Others may read a file: a bit of a message.
    Mode(PathBuf),
    /// The same of one that may be read, once it is open; here the mode that it has, so that no key is harmed.
    ModeOpened(PathBuf),
    /// Its owner likewise.
    OwnerOpened(PathBuf),
    /// A file's time: sixteen bytes of a message.
    Time(PathBuf),
    /// Words beside a file.
    Attribute(PathBuf),
    /// Reading.
    Read(PathBuf),
    /// Reading the names in a folder.
    List(PathBuf),
    /// A connection.
    Connect(SocketAddr),
    /// The same by the first words that are sent, without a call to connect.
    ConnectSending(SocketAddr),
    /// The same under another protocol's name, which speaks TCP with whoever speaks nothing else.
    ConnectOtherwise(SocketAddr),
    /// A listener of its own.
    Listen,
    /// A datagram.
    Send(SocketAddr),
    /// A connection on this machine, by a path.
    ConnectHere(PathBuf),
    /// The same, by an abstract name.
    ConnectAbstract(String),
    /// A socket of another kind: packets past TCP, questions to the kernel.
    Raw,
    /// The kernel's own.
    Netlink,
    /// Another process's doings: a signal that is none.
    Signal(i32),
    /// A hold on another process.
    Hold(i32),
    /// Core dumps on again.
    Dump,
    /// Their limit raised.
    RaiseCores,
    /// Memory that can be run.
    MakeRunnable,
    /// A copy of this process, of the user that it is of, which runs nothing else.
    Fork(u32),
    /// Something of the process changed that is none of its names: a setting of its timers.
    Control,
    /// A terminal asked for something: any command that is not on the list, as is to type something for somebody.
    AskTerminal,
    /// Another program, started.
    Start(PathBuf),
    /// Another program in place of this one. Where it succeeds, that program says so.
    Become(PathBuf),
}

impl Attempt {
    /// What it is called in reports.
    #[must_use]
    pub fn name(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        match value {
            serde_json::Value::String(name) => name,
            other => {
                let object = other.as_object().and_then(|it| it.keys().next().cloned());
                object.unwrap_or_default()
            }
        }
    }

    /// Whether by this number of error the kernel refuses it. Any other says that the attempt came to nothing by itself: what it needs is not
    /// there, or there already.
    #[must_use]
    pub fn is_refused_by(&self, number: i32) -> bool {
        let is = |errno: Errno| errno.raw_os_error() == number;
        let is_moved = matches!(self, Self::MakeName(..) | Self::Rename(..));
        // Seccomp's answer, and Landlock's; Landlock's where a file would come beneath another folder.
        is(Errno::PERM) || is(Errno::ACCESS) || is_moved && is(Errno::XDEV)
    }

    /// Tries it.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn run(&self) -> io::Result<()> {
        const WORDS: &[u8] = b"carried away";
        match self {
            Self::Make(path) => File::create_new(path)?.write_all(WORDS),
            Self::MakeNameless(folder) => {
                let flags = OFlags::WRONLY | OFlags::TMPFILE;
                let file = rustix::fs::open(folder, flags, Mode::RUSR)?;
                File::from(file).write_all(WORDS)
            }
            Self::MakeInMemory => {
                let file = rustix::fs::memfd_create("away", MemfdFlags::CLOEXEC)?;
                File::from(file).write_all(WORDS)
            }
            Self::MakeFolder(path) => fs::create_dir(path),
            Self::MakeLink(path) => symlink("carried away", path),
            Self::MakeName(from, to) => fs::hard_link(from, to),
            Self::MakePipe(path) => {
                let mode = Mode::RUSR | Mode::WUSR;
                Ok(rustix::fs::mknodat(CWD, path, FileType::Fifo, mode, 0)?)
            }
            Self::MakeSocket(path) => UnixListener::bind(path).map(drop),
            Self::Append(path) => OpenOptions::new().append(true).open(path)?.write_all(WORDS),
            Self::Overwrite(path) => OpenOptions::new().write(true).open(path)?.write_all(WORDS),
            Self::OpenToOverwrite(path) => OpenOptions::new().write(true).open(path).map(drop),
            Self::Empty(path) => OpenOptions::new()
                .write(true)
                .truncate(true)
                .open(path)
                .map(drop),
            Self::Rename(from, to) => fs::rename(from, to),
            Self::Remove(path) => fs::remove_file(path),
            Self::Mode(path) => {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(path, fs::Permissions::from_mode(0o640))
            }
            Self::ModeOpened(path) => {
                let (file, known) = opened(path)?;
                file.set_permissions(known.permissions())
            }
            Self::OwnerOpened(path) => {
                let (file, known) = opened(path)?;
                fchown(file, Some(known.uid()), Some(known.gid()))
            }
            Self::Time(path) => {
                let time = rustix::fs::Timespec {
                    tv_sec: 1,
                    tv_nsec: 0,
                };
                let times = rustix::fs::Timestamps {
                    last_access: time,
                    last_modification: time,
                };
                let flags = rustix::fs::AtFlags::empty();
                Ok(rustix::fs::utimensat(CWD, path, &times, flags)?)
            }
            Self::Attribute(path) => {
                let flags = rustix::fs::XattrFlags::empty();
                Ok(rustix::fs::setxattr(path, "user.away", WORDS, flags)?)
            }
            Self::Read(path) => {
                let mut byte = [0];
                File::open(path)?.read(&mut byte).map(drop)
            }
            Self::List(path) => fs::read_dir(path).map(drop),
            Self::Connect(address) => {
                TcpStream::connect_timeout(address, Duration::from_secs(2)).map(drop)
            }
            Self::ConnectSending(address) => {
                let socket = stream(address, None)?;
                let flags = rustix::net::SendFlags::from_bits_retain(FASTOPEN);
                Ok(rustix::net::sendto(socket, WORDS, flags, address).map(drop)?)
            }
            Self::ConnectOtherwise(address) => {
                let socket = stream(address, Some(rustix::net::ipproto::MPTCP))?;
                Ok(rustix::net::connect(socket, address)?)
            }
            Self::Listen => TcpListener::bind("127.0.0.1:0").map(drop),
            Self::Send(address) => {
                let socket = UdpSocket::bind("127.0.0.1:0")?;
                socket.send_to(WORDS, address).map(drop)
            }
            Self::ConnectHere(path) => UnixStream::connect(path).map(drop),
            Self::ConnectAbstract(name) => {
                let address = UnixAddress::from_abstract_name(name)?;
                UnixStream::connect_addr(&address).map(drop)
            }
            Self::Raw => socket(
                AddressFamily::INET,
                SocketType::RAW,
                Some(rustix::net::ipproto::ICMP),
            ),
            Self::Netlink => socket(AddressFamily::NETLINK, SocketType::RAW, None),
            Self::Signal(process) => Ok(rustix::process::test_kill_process(pid(*process)?)?),
            Self::Hold(process) => {
                let process = rustix::process::pidfd_open(pid(*process)?, PidfdFlags::empty())?;
                Ok(rustix::process::pidfd_send_signal(process, Signal::CONT)?)
            }
            Self::Dump => Ok(rustix::process::set_dumpable_behavior(
                DumpableBehavior::Dumpable,
            )?),
            Self::RaiseCores => {
                let one = Rlimit {
                    current: Some(1),
                    maximum: Some(1),
                };
                Ok(rustix::process::setrlimit(Resource::Core, one)?)
            }
            Self::MakeRunnable => MmapMut::map_anon(4096)?.make_exec().map(drop),
            Self::Fork(user) => {
                // Becoming somebody is what only a copy can do; it ends where nothing is.
                let mut copy = Command::new("/nowhere/at/all");
                copy.uid(*user);
                let ended = copy.spawn().map(drop);
                ended.or_else(|error| match error.kind() {
                    io::ErrorKind::NotFound => Ok(()),
                    _ => Err(error),
                })
            }
            Self::Control => Ok(rustix::thread::set_current_timer_slack(None)?),
            // Where it is none, the kernel was asked all the same.
            Self::AskTerminal => match rustix::termios::ioctl_tiocexcl(io::stderr()) {
                Err(Errno::NOTTY) => Ok(()),
                asked => Ok(asked?),
            },
            Self::Start(program) => match Command::new(program).status()?.success() {
                true => Ok(()),
                false => Err(io::Error::other("it failed")),
            },
            Self::Become(program) => Err(Command::new(program)
                .arg(format!("attempt {} done", self.name()))
                .exec()),
        }
    }
}

/// A file that may be read, and what is known of it. That it may not is no answer to what was to be tried.
fn opened(path: &Path) -> io::Result<(File, Metadata)> {
    let open = || -> io::Result<_> {
        let file = File::open(path)?;
        let known = file.metadata()?;
        Ok((file, known))
    };
    open().map_err(io::Error::other)
}

/// `MSG_FASTOPEN`.
const FASTOPEN: u32 = 0x2000_0000;

/// Whether this machine's kernel speaks MPTCP at all.
#[must_use]
pub fn has_multipath() -> bool {
    let mptcp = Some(rustix::net::ipproto::MPTCP);
    socket(AddressFamily::INET, SocketType::STREAM, mptcp).is_ok()
}

fn stream(address: &SocketAddr, protocol: Option<rustix::net::Protocol>) -> io::Result<OwnedFd> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    Ok(rustix::net::socket(family, SocketType::STREAM, protocol)?)
}

fn socket(
    family: AddressFamily,
    kind: SocketType,
    protocol: Option<rustix::net::Protocol>,
) -> io::Result<()> {
    Ok(rustix::net::socket(family, kind, protocol).map(drop)?)
}

fn pid(process: i32) -> io::Result<Pid> {
    Pid::from_raw(process).ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// One line of outcome: `attempt make failed 13`, or `done`.
#[must_use]
pub fn line(attempt: &Attempt, outcome: &io::Result<()>) -> String {
    let name = attempt.name();
    match outcome {
        Ok(()) => format!("attempt {name} done"),
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            format!("attempt {name} failed {number}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_by_itself_is_not_refused() {
        let (here, there) = (PathBuf::from("here"), PathBuf::from("there"));
        let make = Attempt::Make(here.clone());
        let rename = Attempt::Rename(here, there);
        for (attempt, errno, is_refused) in [
            (&make, Errno::PERM, true),
            (&make, Errno::ACCESS, true),
            (&make, Errno::NOENT, false),
            (&make, Errno::EXIST, false),
            (&make, Errno::CONNREFUSED, false),
            (&make, Errno::XDEV, false),
            (&rename, Errno::XDEV, true),
            (&rename, Errno::NOENT, false),
        ] {
            let number = errno.raw_os_error();
            assert_eq!(attempt.is_refused_by(number), is_refused, "{errno}");
        }
        // No error of the kernel's.
        assert!(!make.is_refused_by(0));
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_not_one_whose_mode_is_refused() {
        let nowhere = PathBuf::from("/nowhere/at/all");
        for attempt in [
            Attempt::ModeOpened(nowhere.clone()),
            Attempt::OwnerOpened(nowhere),
        ] {
            assert_eq!(attempt.run().unwrap_err().raw_os_error(), None);
        }
    }
}
