//! The absences that `docs/architecture.md` promises, asked of cargo.

use std::collections::BTreeSet;
use std::process::Command;

use stage::world::repository;

/// Names of all packages that a package is built from, with these features.
fn built_from(package: &str, features: &[&str]) -> BTreeSet<String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(repository());
    cargo.args([
        "tree",
        "--locked",
        "--offline",
        "--package",
        package,
        "--edges",
        "normal",
    ]);
    cargo
        .args(["--prefix", "none", "--format", "{p}"])
        .args(features);
    let output = cargo.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

const OURS: [&str; 12] = [
    "attestation",
    "card",
    "hw-sim",
    "issuance-api",
    "issuance-center",
    "issuance-channel",
    "kiosk-agent",
    "sandbox",
    "shomei-tests",
    "sight",
    "verify",
    "vrs",
];

fn ours_in(package: &str) -> Vec<&'static str> {
    let built = built_from(package, &[]);
    OURS.into_iter()
        .filter(|name| *name != package && built.contains(*name))
        .collect()
}

#[test]
fn nobody_knows_more_of_the_others_than_the_architecture_page_says() {
    for (package, knows) in [
        ("card", &[][..]),
        ("hw-sim", &["card"]),
        ("issuance-api", &[]),
        ("issuance-channel", &["issuance-api"]),
        (
            "issuance-center",
            &[
                "attestation",
                "card",
                "issuance-api",
                "issuance-channel",
                "sandbox",
            ],
        ),
        ("attestation", &[]),
        ("sandbox", &[]),
        (
            "vrs",
            &["card", "issuance-api", "issuance-channel", "sandbox"],
        ),
        (
            "kiosk-agent",
            &[
                "card",
                "issuance-api",
                "issuance-channel",
                "sandbox",
                "sight",
                "verify",
            ],
        ),
        ("sight", &["issuance-api"]),
        ("verify", &[]),
    ] {
        assert_eq!(ours_in(package), knows, "{package}");
    }
}

#[test]
fn what_is_absent_is_absent() {
    for (package, features, absent) in [
        (
            "card",
            &["--no-default-features"][..],
            &["pcsc", "pcsc-sys", "tokio"][..],
        ),
        (
            "issuance-api",
            &[],
            &["hyper", "http", "tokio", "rustls", "hpke", "p256"],
        ),
        (
            "issuance-center",
            &[],
            &["sqlx", "sqlx-core", "libsqlite3-sys", "pcsc"],
        ),
        (
            "verify",
            &[],
            &["tokio", "hyper", "rustls", "clap", "image"],
        ),
        (
            "verify",
            &["--features", "program"],
            &["tokio", "hyper", "rustls", "socket2"],
        ),
        ("sight", &[], &["tokio", "hyper", "rustls", "pcsc"]),
        ("vrs", &[], &["krilla", "pdf-writer", "qrcode", "pcsc"]),
    ] {
        let built = built_from(package, features);
        assert!(built.len() > 3, "cargo tree told something");
        for name in absent {
            assert!(!built.contains(*name), "{package} is built from {name}");
        }
    }
    // The control: where they belong, they are found.
    assert!(built_from("card", &["--features", "pcsc"]).contains("pcsc"));
    assert!(built_from("vrs", &[]).contains("sqlx"));
}
