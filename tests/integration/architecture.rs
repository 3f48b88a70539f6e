//! The absences that `docs/architecture.md` promises, asked of cargo, and of the sources where cargo does not know.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use stage::world::repository;

/// What cargo says of a workspace.
fn cargo(workspace: &Path, arguments: &[&str]) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(workspace).args(arguments);
    let output = cargo.args(["--locked", "--offline"]).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Names of all packages that a package is built from, with these features.
fn built_from(package: &str, features: &[&str]) -> BTreeSet<String> {
    let tree = ["tree", "--package", package, "--edges", "normal"];
    let names = ["--prefix", "none", "--format", "{p}"];
    let text = cargo(&repository(), &[&tree[..], &names, features].concat());
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

const OURS: [&str; 17] = [
    "attestation",
    "card",
    "dev-memory",
    "dev-pages",
    "dev-pki",
    "fuzz-targets",
    "hw-sim",
    "issuance-api",
    "issuance-center",
    "issuance-channel",
    "kiosk-agent",
    "sandbox",
    "shomei-tests",
    "sight",
    "symbols",
    "verify",
    "vrs",
];

fn ours_in(package: &str) -> Vec<&'static str> {
    let built = built_from(package, &[]);
    OURS.into_iter()
        .filter(|name| *name != package && built.contains(*name))
        .collect()
}

/// The packages that a resident's data goes through. Others have programs, too, which are libraries for everybody.
const PROGRAMS: [&str; 3] = ["issuance-center", "kiosk-agent", "vrs"];

/// Packages of this workspace that depend on a program themselves, be it for their tests or for building alone, and where they lie.
fn dependents_on_programs(workspace: &Path) -> BTreeSet<(String, String)> {
    let told = cargo(
        workspace,
        &["metadata", "--no-deps", "--format-version", "1"],
    );
    let told: Value = serde_json::from_str(&told).unwrap();
    let packages = told["packages"].as_array().unwrap();
    assert!(!packages.is_empty(), "cargo metadata told something");
    let depends = |package: &&Value| {
        let dependencies = package["dependencies"].as_array().unwrap();
        dependencies.iter().any(|it| {
            let name = it["name"].as_str().unwrap();
            PROGRAMS.contains(&name) && name != package["name"]
        })
    };
    let repository = repository().canonicalize().unwrap();
    let named = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let folder = manifest.parent().unwrap();
        let folder = folder.strip_prefix(&repository).unwrap();
        (
            package["name"].as_str().unwrap().to_owned(),
            folder.display().to_string(),
        )
    };
    packages.iter().filter(depends).map(named).collect()
}

#[test]
fn only_what_lies_in_tests_depends_on_the_programs() {
    let found = dependents_on_programs(&repository());
    let expected = [("fuzz-targets", "tests/fuzz"), ("shomei-tests", "tests")];
    let expected = expected.map(|(name, folder)| (name.to_owned(), folder.to_owned()));
    assert_eq!(found, BTreeSet::from(expected));
    assert_eq!(
        dependents_on_programs(&repository().join("fuzz")),
        BTreeSet::new()
    );
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
                "symbols",
                "verify",
            ],
        ),
        ("sight", &["issuance-api", "symbols"]),
        ("symbols", &[]),
        ("verify", &[]),
        ("dev-memory", &[]),
        ("dev-pages", &[]),
        ("dev-pki", &[]),
        (
            "fuzz-targets",
            &[
                "attestation",
                "card",
                "hw-sim",
                "issuance-api",
                "issuance-center",
                "issuance-channel",
                "kiosk-agent",
                "sandbox",
                "sight",
                "symbols",
                "verify",
                "vrs",
            ],
        ),
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

/// What shows what it holds when it is printed, and may hold anything of a person.
const PRINTED: [&str; 2] = ["Zeroizing", "Bytes"];

/// Names of the types whose derived `Debug` would show one of [`PRINTED`].
fn shown(source: &str) -> Vec<&str> {
    let lines: Vec<&str> = source.lines().collect();
    let derives = |line: &str| line.trim_start().starts_with("#[derive(") && line.contains("Debug");
    let derived = lines.iter().enumerate().filter(|(_, line)| derives(line));
    let mut shown = Vec::new();
    for (at, derive) in derived {
        let indent = derive.len() - derive.trim_start().len();
        let is_last = |line: &str| {
            let line = line.get(indent..).unwrap_or_default();
            !line.starts_with([' ', '/']) && line.ends_with([';', '}'])
        };
        let rest = &lines[at + 1..];
        let last = rest.iter().position(|line| is_last(line));
        let item = &rest[..=last.expect("rustfmt ends an item in its own column")];
        let words = item.iter().flat_map(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        });
        if words.clone().any(|word| PRINTED.contains(&word)) {
            let mut from_kind = words.skip_while(|word| !matches!(*word, "struct" | "enum"));
            shown.push(from_kind.nth(1).expect("a type has a name"));
        }
    }
    shown
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_that_is_printed_shows_a_buffer_of_somebody_s() {
    let mut files = Vec::new();
    for folder in ["card", "issuance-center", "kiosk-agent", "verify", "vrs"] {
        sources(&repository().join(folder), &mut files);
    }
    assert!(files.len() > 200, "all of them were found");
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        assert_eq!(shown(&source), [""; 0], "{}", file.display());
    }
    // The control.
    let source = "
#[derive(Clone, Debug)]
struct Held {
    // Zeroizing<String>, as a comment.
    kept: watch::Sender<Bytes>,
}
#[derive(Debug)]
pub struct Wiped(Option<Zeroizing<String>>);
#[derive(Clone)]
struct NotPrinted(Bytes);
#[derive(Debug)]
struct Harmless {
    bytes: PersonalBytes,
}
mod within {
    #[derive(Debug)]
    enum Deep {
        One { text: Zeroizing<String> },
    }
}
";
    assert_eq!(shown(source), ["Held", "Wiped", "Deep"]);
}
