//! What center and record system refuse to start with: each by itself, said in one event, with exit status 1.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use stage::process::{Program, program};
use stage::world::{Ground, World, repository, set};
use toml::Table;

use crate::support::world;

/// What is wrong: prepared in the folder, written into the configuration, and told like this.
struct Fault {
    name: &'static str,
    harm: fn(&Ground, &mut Table),
    told: &'static str,
}

/// Starts a program with a configuration spoilt by one fault, beside the good one, and says how it ended.
fn refuses(world: &World, service: &str, fault: &Fault) {
    let Fault { name, harm, told } = fault;
    let ground = &world.ground;
    let good = ground.path(&format!("{service}/{service}.toml"));
    let mut config: Table = fs::read_to_string(&good).unwrap().parse().unwrap();
    harm(ground, &mut config);
    let spoilt = good.with_file_name("spoilt.toml");
    fs::write(&spoilt, config.to_string()).unwrap();
    let mut command = Command::new(program(match service {
        "center" => "issuance-center",
        other => other,
    }));
    command.args(["serve", "--config"]).arg(spoilt);
    let mut started = Program::start(service, command).unwrap();
    let ended = started
        .wait(Duration::from_secs(60))
        .unwrap_or_else(|_| panic!("{service} starts with {name}"));
    assert_eq!(ended.code(), Some(1), "{service} with {name}");
    assert!(started.output.all().is_empty(), "{service} with {name}");
    let log = started.log.all();
    let [line] = &log[..] else {
        panic!("{service} with {name} says {log:?}");
    };
    let event: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(event["event"], "failed");
    let reason = event["reason"].as_str().unwrap();
    assert!(reason.contains(told), "{service} with {name}: {reason}");
}

/// The trust anchor of the test cards, beside what is in `from`.
fn anchors(ground: &Ground, from: Option<&str>, to: &str) -> String {
    let folder = ground.path(to);
    fs::create_dir_all(&folder).unwrap();
    if let Some(from) = from {
        copy(&ground.path(from), &folder);
    }
    let anchor = repository().join("card/tests/vectors/ca/6000033.pem");
    fs::copy(anchor, folder.join("test-card.pem")).unwrap();
    folder.display().to_string()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

/// The cards' trust anchors without the one for the surface AP.
fn anchors_of_the_text_ap(ground: &Ground) -> String {
    let folder = ground.path("anchors-text");
    copy(&ground.path("cards/anchors"), &folder);
    fs::remove_file(folder.join("surface-9000023.pem")).unwrap();
    folder.display().to_string()
}

/// A copy of a key that the group may read.
fn exposed(ground: &Ground, key: &str) -> String {
    let copy = ground.path(&format!("{key}.exposed"));
    fs::copy(ground.path(key), &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o640)).unwrap();
    copy.display().to_string()
}

/// The barcode signers without the files of this extension.
fn signers_without(ground: &Ground, name: &str, extension: &str) -> String {
    let folder = ground.path(name);
    copy(&ground.path("center/signing/vdsnc"), &folder);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == extension) {
            fs::remove_file(path).unwrap();
        }
    }
    folder.display().to_string()
}

/// A barcode signer that signs from this day on, and no other.
fn signers_from(ground: &Ground, day: &str) -> String {
    let folder = ground.path(&format!("signers-{day}"));
    let mut command = Command::new(program("issuance-center"));
    command.args(["keys", "vdsnc", "rotate", "--from", day, "--csca"]);
    command.arg(ground.path("csca"));
    command.arg("--signers").arg(&folder);
    assert!(command.output().unwrap().status.success());
    folder.display().to_string()
}

/// A key for production, made by the program itself.
fn of_production(ground: &Ground, maker: &str, arguments: &[&str], name: &str) -> String {
    let path = ground.path(name);
    let mut command = Command::new(program(maker));
    command.args(arguments);
    command
        .args(["--environment", "production", "--out"])
        .arg(&path);
    assert!(command.output().unwrap().status.success());
    path.display().to_string()
}

/// The programmes with one line of one file exchanged.
fn programmes(ground: &Ground, name: &str, file: &str, from: &str, to: &str) -> String {
    let folder = ground.path(name);
    copy(&repository().join("issuance-center/programmes"), &folder);
    let file = folder.join(file);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from));
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
    folder.display().to_string()
}

const CENTER: [Fault; 21] = [
    Fault {
        name: "a mixture of trust anchors",
        harm: |ground, config| {
            let mixture = anchors(ground, Some("cards/anchors"), "anchors-mixed");
            set(config, "trust.anchors", mixture);
        },
        told: "trust anchors of different environments",
    },
    Fault {
        name: "trust anchors of another environment",
        harm: |ground, config| {
            set(
                config,
                "trust.anchors",
                anchors(ground, None, "anchors-other"),
            )
        },
        told: "trust anchors of different environments",
    },
    Fault {
        name: "no trust anchors",
        harm: |_, config| set(config, "trust.anchors", "no-such-folder"),
        told: "trust anchors cannot be read",
    },
    Fault {
        name: "another environment than its files'",
        harm: |_, config| set(config, "environment", "production"),
        told: "the signing key is of another environment",
    },
    Fault {
        name: "a signing key of another environment",
        harm: |ground, config| {
            let key = of_production(
                ground,
                "issuance-center",
                &["keys", "new"],
                "center/other.pem",
            );
            set(config, "signing.key", key);
        },
        told: "the signing key is of another environment",
    },
    Fault {
        name: "a signing key open to others",
        harm: |ground, config| {
            set(
                config,
                "signing.key",
                exposed(ground, "center/signing/current.pem"),
            )
        },
        told: "open to others than its owner",
    },
    Fault {
        name: "no barcode signers, though certificates for abroad are offered",
        harm: |_, config| drop(config.remove("vds_nc")),
        told: "[vds_nc] is not configured",
    },
    Fault {
        name: "a barcode signer without its key",
        harm: |ground, config| {
            let signers = signers_without(ground, "signers-keyless", "key");
            set(config, "vds_nc.signers", signers);
        },
        told: "private key is missing",
    },
    Fault {
        name: "no barcode signer at all",
        harm: |ground, config| {
            let signers = signers_without(ground, "signers-none", "pem");
            set(config, "vds_nc.signers", signers);
        },
        told: "no signer",
    },
    Fault {
        name: "a CSCA of another profile",
        harm: |ground, config| {
            set(
                config,
                "vds_nc.csca",
                ground.path("pki/services/center.pem").display().to_string(),
            );
        },
        told: "a CSCA signs itself",
    },
    Fault {
        name: "barcode signers whose time has not come",
        harm: |ground, config| set(config, "vds_nc.signers", signers_from(ground, "2030-01-01")),
        told: "signing period",
    },
    Fault {
        name: "barcode signers whose signing is over",
        harm: |ground, config| set(config, "vds_nc.signers", signers_from(ground, "2026-01-01")),
        told: "signing period",
    },
    Fault {
        name: "a secret of revocation ids open to others",
        harm: |ground, config| {
            set(
                config,
                "signing.rid_secret",
                exposed(ground, "center/signing/rid-secret"),
            );
        },
        told: "open to others than its owner",
    },
    Fault {
        name: "a TLS key open to others",
        harm: |ground, config| {
            set(
                config,
                "vrs.tls.key",
                exposed(ground, "pki/services/center.key"),
            );
        },
        told: "open to others than its owner",
    },
    Fault {
        name: "a statement key of another environment",
        harm: |ground, config| {
            of_production(ground, "vrs", &["keys", "statement"], "center/foreign.pem");
            set(config, "statement.key", "foreign.pub.pem");
        },
        told: "of another environment",
    },
    Fault {
        name: "a private key for a statement key",
        harm: |_, config| set(config, "statement.key", "../vrs/signing/statement.pem"),
        told: "not an Ed25519 public key",
    },
    Fault {
        name: "a broken programme file",
        harm: |ground, config| {
            let file = "covid-19/vaccines.toml";
            set(
                config,
                "programmes",
                programmes(ground, "broken", file, "cvx = \"208\"", "cvx = 208"),
            );
        },
        told: "vaccines.toml",
    },
    Fault {
        name: "a programme that cannot be printed",
        harm: |ground, config| {
            let file = "covid-19/certificate.toml";
            set(
                config,
                "programmes",
                programmes(ground, "unprintable", file, "上記の者は", "上記の🙂は"),
            );
        },
        told: "programme covid-19: a character cannot be printed",
    },
    Fault {
        name: "no list of refused signers",
        harm: |_, config| set(config, "trust.refused_signers", "no-such-file"),
        told: "not a list of key ids",
    },
    Fault {
        name: "no revocation list of terminals",
        harm: |_, config| set(config, "terminals.tls.revocations", "no-such-file"),
        told: "revocation lists unusable",
    },
    Fault {
        name: "no trust anchor for the surface AP",
        harm: |ground, config| set(config, "trust.anchors", anchors_of_the_text_ap(ground)),
        told: "none for the surface AP",
    },
];

const VRS: [Fault; 9] = [
    Fault {
        name: "a mixture of trust anchors",
        ..CENTER[0]
    },
    Fault {
        name: "trust anchors of another environment",
        ..CENTER[1]
    },
    Fault {
        name: "another environment than its files'",
        harm: |_, config| set(config, "environment", "production"),
        told: "trust anchors of different environments",
    },
    Fault {
        name: "a statement key open to others",
        harm: |ground, config| {
            set(
                config,
                "statement.key",
                exposed(ground, "vrs/signing/statement.pem"),
            )
        },
        told: "open to others than its owner",
    },
    Fault {
        name: "a statement key of another environment",
        harm: |ground, config| {
            let key = of_production(ground, "vrs", &["keys", "statement"], "vrs/foreign.pem");
            set(config, "statement.key", key);
        },
        told: "of another environment",
    },
    Fault {
        name: "a TLS key open to others",
        harm: |ground, config| set(config, "tls.key", exposed(ground, "pki/services/vrs.key")),
        told: "open to others than its owner",
    },
    Fault {
        name: "no list of refused signers",
        ..CENTER[18]
    },
    Fault {
        name: "no revocation list of centers",
        harm: |_, config| set(config, "tls.revocations", "no-such-file"),
        told: "revocation lists unusable",
    },
    Fault {
        name: "no trust anchor for the surface AP",
        ..CENTER[20]
    },
];

/// A root that is nobody's.
fn foreign(ground: &Ground) -> String {
    ground.path("pki/foreign/ca.pem").display().to_string()
}

/// Of the center, where apps enrol.
const ENROLMENT: [Fault; 6] = [
    Fault {
        name: "a key of the apps' issuer open to others",
        harm: |ground, config| {
            set(
                config,
                "enrolment.ca.key",
                exposed(ground, "pki/apps/ca.key"),
            );
        },
        told: "open to others than its owner",
    },
    Fault {
        name: "an issuer of apps that no listener believes",
        harm: |ground, config| set(config, "terminals.apps", foreign(ground)),
        told: "not among the roots of terminals.apps",
    },
    Fault {
        name: "an issuer of apps that is believed of kiosks",
        harm: |ground, config| {
            let apps = ground.path("pki/apps/ca.pem").display().to_string();
            set(config, "terminals.tls.roots", apps);
        },
        told: "it would be believed of kiosks",
    },
    Fault {
        name: "no roots of attestation",
        harm: |_, config| set(config, "enrolment.roots", "nowhere.pem"),
        told: "roots of attestation",
    },
    Fault {
        name: "no status list of attestation keys",
        harm: |_, config| set(config, "enrolment.status", "nowhere.json"),
        told: "status list of attestation",
    },
    Fault {
        name: "an app's signer that is no digest",
        harm: |_, config| {
            let none: Vec<toml::Value> = vec!["7221".into()];
            set(config, "enrolment.signers", none);
        },
        told: "enrolment: chain, package or signers",
    },
];

#[test]
fn nothing_starts_on_what_cannot_be_right() {
    let mut world = world();
    world.center = None;
    world.vrs = None;
    for fault in CENTER.iter().chain(&ENROLMENT) {
        refuses(&world, "center", fault);
    }
    for fault in &VRS {
        refuses(&world, "vrs", fault);
    }
    // Where unbound cards are accepted the last one is none.
    let ground = &world.ground;
    for config in ["vrs/vrs.toml", "center/center.toml"] {
        ground
            .edit(config, |config| {
                set(config, "trust.anchors", anchors_of_the_text_ap(ground));
                set(config, "trust.accept_unbound_cards", true);
            })
            .unwrap();
    }
    // The control: the faults were why.
    world.start_vrs().unwrap();
    world.start_center().unwrap();
}

/// A program started by a shell with these limits of file descriptors.
fn with_descriptors(limits: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limits}; exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

#[test]
fn as_many_descriptors_as_the_limits_take_or_no_start() {
    let mut world = world();
    world.center = None;
    world.vrs = None;
    let mut vrs = world.ground.vrs();
    vrs.arg("serve");
    for (name, command) in [("vrs", vrs), ("center", world.ground.center())] {
        let few = with_descriptors("ulimit -n 1024", &command);
        let mut started = Program::start(name, few).unwrap();
        let ended = started.wait(Duration::from_secs(60)).unwrap();
        assert_eq!(ended.code(), Some(1), "{name}");
        let log = started.log.all().join("");
        assert!(log.contains("file descriptors"), "{name}: {log}");

        // A low soft limit is raised, and no higher than it has to be.
        let soft = with_descriptors("ulimit -Sn 256", &command);
        let (serving, _) = Program::serve(name, soft).unwrap();
        let limits = fs::read_to_string(format!("/proc/{}/limits", serving.id())).unwrap();
        let of_files = limits
            .lines()
            .find(|line| line.starts_with("Max open files"));
        let soft: u64 = of_files
            .and_then(|line| line.split_whitespace().nth(3))
            .and_then(|soft| soft.parse().ok())
            .unwrap();
        assert!((4160..6000).contains(&soft), "{name}: {soft}");
    }
}
