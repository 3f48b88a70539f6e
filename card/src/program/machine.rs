//! What this machine can tell of readers and drivers, beside what the service says.

use std::fs;
use std::path::Path;

/// Where drivers of readers are, on the systems known here: bundles for USB, libraries for the others.
const DRIVERS: [&str; 6] = [
    "/usr/lib/pcsc/drivers",
    "/usr/lib/pcsc/drivers/serial",
    "/usr/lib64/pcsc/drivers",
    "/usr/lib64/pcsc/drivers/serial",
    "/usr/local/lib/pcsc/drivers",
    "/usr/local/lib/pcsc/drivers/serial",
];

/// Modules of the kernel that take NFC readers (ACR122, PaSoRi) away from the service.
const NFC_MODULES: [&str; 3] = ["pn533_usb", "port100", "nfcsim"];

/// Names of the installed drivers.
pub(crate) fn drivers() -> Vec<String> {
    let mut names: Vec<_> = DRIVERS
        .iter()
        .filter_map(|folder| fs::read_dir(folder).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".bundle") || name.ends_with(".so"))
        .collect();
    names.sort();
    names.dedup();
    names
}

/// How many attached USB devices are smart card readers (interface class 0B).
pub(crate) fn usb_readers() -> usize {
    usb_readers_in(Path::new("/sys/bus/usb/devices"))
}

fn usb_readers_in(devices: &Path) -> usize {
    let Ok(entries) = fs::read_dir(devices) else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| {
            fs::read_to_string(entry.path().join("bInterfaceClass"))
                .is_ok_and(|class| class.trim().eq_ignore_ascii_case("0b"))
        })
        .count()
}

/// Loaded modules of the kernel that take NFC readers away from the service.
pub(crate) fn nfc_modules() -> Vec<&'static str> {
    NFC_MODULES
        .into_iter()
        .filter(|name| Path::new("/sys/module").join(name).exists())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn smart_card_interfaces_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        for (device, class) in [
            ("1-1:1.0", "0b\n"),
            ("1-2:1.0", "03\n"),
            ("1-3:1.0", "0B\n"),
        ] {
            fs::create_dir(folder.path().join(device)).unwrap();
            fs::write(folder.path().join(device).join("bInterfaceClass"), class).unwrap();
        }
        fs::create_dir(folder.path().join("usb1")).unwrap();
        assert_eq!(usb_readers_in(folder.path()), 2);
        assert_eq!(usb_readers_in(&folder.path().join("none")), 0);
    }
}
