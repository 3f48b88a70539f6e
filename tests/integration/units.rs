//! The units of center and VRS: systemd understands them, and they leave a process next to nothing; and what their operators add.

use std::fs;
use std::process::Command;

use stage::process::program;
use stage::world::repository;
use tempfile::TempDir;

/// How exposed `systemd-analyze security` may find a unit, in tenths: what is left is that they serve a network.
const EXPOSURE: &str = "--threshold=12";

const UNITS: [(&str, &str); 2] = [
    (
        "issuance-center/package/shomei-center.service",
        "issuance-center",
    ),
    ("vrs/package/shomei-vrs.service", "vrs"),
];

/// What each of them says, the kiosk's too.
const EVERYWHERE: [&str; 6] = [
    "NoExecPaths=/",
    "IPAddressDeny=any",
    "SocketBindDeny=any",
    "LimitCORE=1",
    "CoredumpFilter=0",
    "LimitMEMLOCK=infinity",
];

const KIOSK: &str = "kiosk-agent/package/shomei-kiosk.service";

/// What systemd has to say of a unit with what its operator added, on a machine where there is no other than its own.
fn analyzed(unit: &str, executable: &str, drop_in: &str, arguments: &[&str]) -> (bool, String) {
    let root = TempDir::new().unwrap();
    let path = |relative: &str| root.path().join(relative);
    for folder in ["etc/systemd/system", "usr/bin", "usr/lib/systemd"] {
        fs::create_dir_all(path(folder)).unwrap();
    }
    fs::copy(program(executable), path("usr/bin").join(executable)).unwrap();
    // A link would be followed within that root, to itself.
    let copied = Command::new("cp")
        .args(["-a", "/usr/lib/systemd/system"])
        .arg(path("usr/lib/systemd"))
        .status();
    assert!(copied.unwrap().success());
    let text = fs::read_to_string(repository().join(unit)).unwrap();
    let name = unit.rsplit('/').next().unwrap();
    let installed = path("etc/systemd/system").join(name);
    fs::write(&installed, text).unwrap();
    let added = path("etc/systemd/system").join(format!("{name}.d"));
    fs::create_dir(&added).unwrap();
    fs::write(added.join("addresses.conf"), drop_in).unwrap();
    let mut analyze = Command::new("systemd-analyze");
    analyze.arg(format!("--root={}", root.path().display()));
    let subject = match arguments {
        ["verify", ..] => installed.display().to_string(),
        _ => name.to_owned(),
    };
    let output = analyze.args(arguments).arg(subject).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn systemd_understands_every_line_and_finds_little_exposed() {
    for (unit, executable) in UNITS {
        let verified = analyzed(unit, executable, "", &["verify", "--man=no"]);
        assert_eq!(verified, (true, String::new()), "{unit}");
        let (few, said) = analyzed(
            unit,
            executable,
            "",
            &["security", "--offline=true", EXPOSURE],
        );
        assert!(few, "{unit}: {said}");
    }
    // The control: what it does not know it says.
    let (_, said) = analyzed(KIOSK, "kiosk", "", &["verify", "--man=no"]);
    assert!(
        !said.is_empty(),
        "the kiosk's program and compositor are not there"
    );
}

#[test]
fn each_lets_packets_to_named_addresses_alone() {
    for (unit, _) in UNITS {
        let text = fs::read_to_string(repository().join(unit)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for line in EVERYWHERE
            .into_iter()
            .chain(["NoNewPrivileges=yes", "ProtectSystem=strict"])
        {
            assert!(lines.contains(&line), "{unit} lacks {line}");
        }
        let allowed = lines
            .iter()
            .filter_map(|line| line.strip_prefix("IPAddressAllow="));
        assert!(allowed.clone().count() > 1 && !allowed.clone().any(|it| it == "any"));
    }
}

/// systemd mounts it by itself, and so leaves it out of what is said of "/".
#[test]
fn what_can_be_written_is_named_where_nothing_is_run() {
    for unit in UNITS.map(|(unit, _)| unit).into_iter().chain([KIOSK]) {
        let text = fs::read_to_string(repository().join(unit)).unwrap();
        let values = |key: &str| -> Vec<&str> {
            let lines = text.lines().filter_map(|line| line.strip_prefix(key));
            let values = lines.flat_map(str::split_whitespace);
            values.map(|value| value.trim_start_matches('-')).collect()
        };
        let below = |folder: &str, key: &str| -> Vec<String> {
            let names = values(key).into_iter();
            names.map(|name| format!("{folder}/{name}")).collect()
        };
        let written = [
            below("/var/lib", "StateDirectory="),
            below("/run", "RuntimeDirectory="),
            values("ReadWritePaths=")
                .into_iter()
                .map(str::to_owned)
                .collect(),
        ];
        let not_run = values("NoExecPaths=");
        for folder in written.concat() {
            assert!(not_run.contains(&folder.as_str()), "{unit}: {folder}");
        }
    }
}

/// The drop-in that a README gives an example of.
fn example(unit: &str) -> String {
    let unit = repository().join(unit);
    let folder = unit.ancestors().nth(2).unwrap();
    let text = fs::read_to_string(folder.join("README.md")).unwrap();
    let (_, after) = text.split_once("```ini\n").unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

#[test]
fn a_drop_in_as_the_readme_has_it_leaves_none_of_the_unit_s_examples() {
    // systemd tells of a list no more than whether it has anything but this machine: so that is all that is left of the README's.
    const OWN_ALONE: &str = "IP address allow list with only localhost entries";
    let is_own_alone = |unit, executable, drop_in: &str| {
        let verified = analyzed(unit, executable, drop_in, &["verify", "--man=no"]);
        assert_eq!(verified, (true, String::new()), "{unit}");
        let analysis = ["security", "--offline=true", "--no-pager"];
        let (_, said) = analyzed(unit, executable, drop_in, &analysis);
        assert!(said.contains("IP address allow list"), "{said}");
        said.contains(OWN_ALONE)
    };
    for (unit, executable) in UNITS {
        let whole = example(unit);
        let but = |left_out: fn(&str) -> bool| -> String {
            let kept: Vec<&str> = whole.lines().filter(|line| !left_out(line)).collect();
            kept.join("\n")
        };
        assert!(!is_own_alone(unit, executable, &whole));
        let cleared = but(|line| line.starts_with("IPAddressAllow=203."));
        assert!(is_own_alone(unit, executable, &cleared), "{cleared}");
        // The control: without the first line of them the unit's stay.
        let added =
            but(|line| line.starts_with("IPAddressAllow=203.") || line == "IPAddressAllow=");
        assert_ne!(added, cleared);
        assert!(!is_own_alone(unit, executable, &added), "{added}");
    }
}

#[test]
fn the_kiosk_s_reaches_its_own_machine_until_its_operator_says_more() {
    let text = fs::read_to_string(repository().join(KIOSK)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for line in EVERYWHERE {
        assert!(lines.contains(&line), "{line}");
    }
    // Its page's, and no other.
    let bound = lines
        .iter()
        .filter_map(|line| line.strip_prefix("SocketBindAllow="));
    assert_eq!(bound.collect::<Vec<_>>(), ["ipv4:tcp"]);
    // What the operator fills allows nothing as it comes.
    let drop_in = repository().join("kiosk-agent/package/addresses.conf");
    let drop_in = fs::read_to_string(drop_in).unwrap();
    let allowed: Vec<&str> = lines
        .into_iter()
        .chain(drop_in.lines())
        .filter_map(|line| line.strip_prefix("IPAddressAllow="))
        .collect();
    assert_eq!(allowed, ["localhost"]);
}
