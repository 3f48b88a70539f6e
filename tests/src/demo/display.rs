//! The screen that a window is to open on, as the environment names it.

use std::env;
use std::ffi::{OsStr, OsString};
use std::net::TcpStream;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;

const WAYLAND: &str = "WAYLAND_DISPLAY";
const X: &str = "DISPLAY";

/// What the demo has to show itself on.
pub(super) enum Display {
    /// No screen is named.
    None,
    There,
    /// One is named, and nothing answers there: what names it, in words.
    Unreachable(String),
}

impl Display {
    /// Tries what the environment names.
    pub(super) fn find() -> Self {
        let named = |name| env::var_os(name).filter(|value: &OsString| !value.is_empty());
        Self::among(
            named(WAYLAND).as_deref(),
            named(X).as_deref(),
            env::var_os("XDG_RUNTIME_DIR").as_deref(),
        )
    }

    fn among(wayland: Option<&OsStr>, x: Option<&OsStr>, runtime: Option<&OsStr>) -> Self {
        let mut silent = Vec::new();
        for (variable, display) in [(WAYLAND, wayland), (X, x)] {
            let Some(display) = display else { continue };
            let answers = if variable == WAYLAND {
                let folder = Path::new(runtime.unwrap_or_default());
                UnixStream::connect(folder.join(display)).is_ok()
            } else {
                display.to_str().is_some_and(answers_as_x)
            };
            if answers {
                return Self::There;
            }
            silent.push(format!("{variable}={}", display.display()));
        }
        if silent.is_empty() {
            Self::None
        } else {
            Self::Unreachable(silent.join(", "))
        }
    }
}

/// Whether something listens at `[HOST]:NUMBER[.SCREEN]`.
fn answers_as_x(display: &str) -> bool {
    let Some((host, number)) = display.rsplit_once(':') else {
        return false;
    };
    let number = number.split('.').next().unwrap_or_default();
    let Ok(number) = number.parse::<u16>() else {
        return false;
    };
    if !["", "unix"].contains(&host) {
        let port = number.checked_add(6000);
        return port.is_some_and(|port| TcpStream::connect((host, port)).is_ok());
    }
    let path = format!("/tmp/.X11-unix/X{number}");
    // A server may listen without a file, too.
    UnixStream::connect(&path).is_ok()
        || SocketAddr::from_abstract_name(&path)
            .and_then(|address| UnixStream::connect_addr(&address))
            .is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_screen_is_there_where_something_listens() {
        let folder = tempfile::TempDir::new().unwrap();
        let _listener = UnixListener::bind(folder.path().join("wayland-7")).unwrap();
        let runtime = Some(folder.path().as_os_str());
        let find = |wayland: Option<&str>, x: Option<&str>| {
            Display::among(wayland.map(OsStr::new), x.map(OsStr::new), runtime)
        };
        assert!(matches!(find(None, None), Display::None));
        assert!(matches!(find(Some("wayland-7"), None), Display::There));
        // One of the two is enough.
        assert!(matches!(
            find(Some("wayland-7"), Some(":65000")),
            Display::There
        ));
        for x in [
            ":65000",
            ":65000.0",
            "unix:65000",
            "127.0.0.1:59000",
            ":",
            "none",
            ":x",
        ] {
            let Display::Unreachable(named) = find(Some("wayland-8"), Some(x)) else {
                panic!("{x} is there");
            };
            assert_eq!(named, format!("WAYLAND_DISPLAY=wayland-8, DISPLAY={x}"));
        }
        let name = SocketAddr::from_abstract_name("/tmp/.X11-unix/X64999").unwrap();
        let _listener = UnixListener::bind_addr(&name).unwrap();
        assert!(matches!(find(None, Some(":64999.0")), Display::There));
    }
}
