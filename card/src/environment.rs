//! What on this machine would let a PIN leak, as far as that can be seen from here.
//!
//! A PIN goes through the PC/SC library into the service, and both can be told to show what passes:
//!
//! | [`Leak`] | what is looked at |
//! |---|---|
//! | redirected | `PCSCLITE_CSOCK_NAME`: another service than this machine's |
//! | debugging library | `PCSCLITE_DEBUG`: the library talks |
//! | delegated library | `LIBPCSCLITE_DELEGATE`: the spy, from pcsc-lite 2.1.0 |
//! | preloaded spy | `LD_PRELOAD` naming pcscspy: the spy before that |
//! | spy in the process | libpcscspy in `/proc/self/maps`, whoever put it there |
//! | logging service | a running `pcscd` with `--apdu` or `--debug`, in `/proc/*/cmdline` |
//!
//! What cannot be seen: a service in another process namespace, its own environment, a debugger, a
//! tap on the reader's cable.

use std::ffi::OsString;
use std::fs;

/// A way by which a PIN would leak. Nothing is started while there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Leak {
    /// `PCSCLITE_CSOCK_NAME` is set.
    #[error("PCSCLITE_CSOCK_NAME points to another smart card service: unset it")]
    RedirectedService,
    /// `PCSCLITE_DEBUG` is set.
    #[error("PCSCLITE_DEBUG makes the smart card library talk: unset it")]
    DebuggingLibrary,
    /// `LIBPCSCLITE_DELEGATE` is set.
    #[error("LIBPCSCLITE_DELEGATE puts another library in between: unset it")]
    DelegatedLibrary,
    /// `LD_PRELOAD` names pcscspy.
    #[error("LD_PRELOAD loads a smart card spy: unset it")]
    PreloadedSpy,
    /// libpcscspy is loaded into this process.
    #[error("a smart card spy is loaded into this process: remove it")]
    SpyInProcess,
    /// The service was started with `--apdu` or `--debug`.
    #[error("the smart card service logs commands: start pcscd without --apdu and --debug")]
    LoggingService,
}

/// Looks at this process and this machine.
///
/// # Errors
/// The first [`Leak`] found.
pub fn check() -> Result<(), Leak> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    check_in(|name| std::env::var_os(name), &maps, command_lines())
}

fn check_in(
    variable: impl Fn(&str) -> Option<OsString>,
    maps: &str,
    mut command_lines: impl Iterator<Item = Vec<u8>>,
) -> Result<(), Leak> {
    for (name, leak) in [
        ("PCSCLITE_CSOCK_NAME", Leak::RedirectedService),
        ("PCSCLITE_DEBUG", Leak::DebuggingLibrary),
        ("LIBPCSCLITE_DELEGATE", Leak::DelegatedLibrary),
    ] {
        if variable(name).is_some() {
            return Err(leak);
        }
    }
    let preloaded = variable("LD_PRELOAD").unwrap_or_default();
    if preloaded.to_string_lossy().contains("pcscspy") {
        return Err(Leak::PreloadedSpy);
    }
    if maps.contains("libpcscspy") {
        return Err(Leak::SpyInProcess);
    }
    if command_lines.any(|line| is_logging_service(&line)) {
        return Err(Leak::LoggingService);
    }
    Ok(())
}

/// The command lines of all processes that can be seen, arguments separated by NUL.
fn command_lines() -> impl Iterator<Item = Vec<u8>> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
}

/// Whether this is `pcscd` with `-a`, `-d` or their long names, which getopt lets be abbreviated.
fn is_logging_service(command_line: &[u8]) -> bool {
    let mut arguments = command_line.split(|byte| *byte == 0);
    let program = arguments.next().unwrap_or_default();
    let name = program.rsplit(|byte| *byte == b'/').next();
    name == Some(b"pcscd") && arguments.any(tells_to_log)
}

fn tells_to_log(argument: &[u8]) -> bool {
    /// Short options that take what follows as their value: config, max-thread,
    /// max-card-handle-per-thread, max-card-handle-per-reader.
    const WITH_VALUE: &[u8] = b"ctsr";
    match argument {
        [b'-', b'-', name @ ..] => {
            !name.is_empty() && (b"apdu".starts_with(name) || b"debug".starts_with(name))
        }
        [b'-', options @ ..] => options
            .iter()
            .take_while(|option| !WITH_VALUE.contains(option))
            .any(|option| matches!(option, b'a' | b'd')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_variable(name: &'static str, value: &'static str) -> Result<(), Leak> {
        let variable = |asked: &str| (asked == name).then(|| value.into());
        check_in(variable, "", std::iter::empty())
    }

    fn with_service(line: &[&str]) -> Result<(), Leak> {
        let line = line.join("\0").into_bytes();
        check_in(|_| None, "", std::iter::once(line))
    }

    #[test]
    fn each_variable_is_a_leak_of_its_own() {
        for (name, value, leak) in [
            ("PCSCLITE_CSOCK_NAME", "elsewhere", Leak::RedirectedService),
            ("PCSCLITE_CSOCK_NAME", "", Leak::RedirectedService),
            ("PCSCLITE_DEBUG", "0", Leak::DebuggingLibrary),
            ("LIBPCSCLITE_DELEGATE", "x.so", Leak::DelegatedLibrary),
            ("LD_PRELOAD", "a.so:libpcscspy.so.0", Leak::PreloadedSpy),
        ] {
            assert_eq!(with_variable(name, value), Err(leak), "{name}");
        }
        assert_eq!(with_variable("LD_PRELOAD", "libjemalloc.so"), Ok(()));
    }

    #[test]
    fn a_spy_in_the_process_is_seen() {
        let maps = "7f00-7f01 r-xp 0 08:01 1 /usr/lib/libpcscspy.so.0.0.0\n";
        let none = std::iter::empty;
        assert_eq!(check_in(|_| None, maps, none()), Err(Leak::SpyInProcess));
        let maps = maps.replace("spy", "lite");
        assert_eq!(check_in(|_| None, &maps, none()), Ok(()));
    }

    #[test]
    fn a_logging_service_is_seen_however_it_was_told() {
        for line in [
            &["/usr/sbin/pcscd", "--apdu"][..],
            &["pcscd", "-f", "-a"],
            &["pcscd", "-fa"],
            &["pcscd", "-fd"],
            &["pcscd", "--foreground", "--deb"],
            &["pcscd", "-c", "readers", "-a"],
        ] {
            assert_eq!(with_service(line), Err(Leak::LoggingService), "{line:?}");
        }
        for line in [
            &["/usr/sbin/pcscd", "--foreground", "--auto-exit"][..],
            &["pcscd", "-f", "-cdata"],
            &["pcscd", "-f", "-c", "data"],
            &["cat", "--apdu"],
            &["pcscd"],
            &[""],
        ] {
            assert_eq!(with_service(line), Ok(()), "{line:?}");
        }
    }
}
