//! The program itself: its commands, its listeners, its end.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use card::trust::ApRole;
use dev_pki::{Leaf, Options};
use issuance_api::{
    ProblemCode,
    registry::{
        EvidenceRequest, Finding, Nonce, Outcome, Receipt, RegisterRequest, Revocations,
        RevocationsRequest, Ticket,
    },
};
use issuance_channel::{
    client::{CallError, Client, Config},
    tls::TlsFiles,
};

use crate::{
    fixture::{Application, HOME, anchor_file, code},
    support::{csv, number, row},
};

/// A folder with everything `vrs serve` needs.
pub(crate) struct Site {
    folder: tempfile::TempDir,
    pki: dev_pki::Pki,
}

impl Site {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let pki = dev_pki::create(&path.join("pki"), Options::default()).unwrap();
        let lasts = Options::default().leaves;
        let own = Leaf::service("urn:shomei:vrs:vrs-1", lasts);
        let own = pki.services.issue("vrs", &own).unwrap();
        fs::create_dir(path.join("anchors")).unwrap();
        for role in [ApRole::Text, ApRole::Surface] {
            let file = path
                .join("anchors")
                .join(role.as_str())
                .with_extension("pem");
            fs::write(file, anchor_file(role)).unwrap();
        }
        fs::create_dir(path.join("lists")).unwrap();
        fs::create_dir(path.join("signing")).unwrap();
        fs::write(path.join("lists/refused-signers.txt"), "end\n").unwrap();
        let text = include_str!("../../vrs.example.toml")
            .replace(":7443", ":0")
            .replace(":7480", ":0")
            .replace("tls/vrs.pem", own.certificate.to_str().unwrap())
            .replace("tls/vrs.key", own.key.to_str().unwrap())
            .replace(
                "tls/services-root.pem",
                pki.services.certificate().to_str().unwrap(),
            )
            .replace(
                "tls/services-crl.pem",
                pki.services.revocations().to_str().unwrap(),
            );
        fs::write(path.join("vrs.toml"), text).unwrap();
        let site = Self { folder, pki };
        site.ok(&[
            "keys",
            "statement",
            "--environment",
            "emulator",
            "--out",
            site.path("signing/statement.pem").to_str().unwrap(),
        ]);
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vrs"));
        command
            .arg("--config")
            .arg(self.path("vrs.toml"))
            .args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn import(&self, file: &str) -> Output {
        fs::write(self.path("file.csv"), file).unwrap();
        let path = self.path("file.csv");
        self.run(&["import", "--municipality", HOME, path.to_str().unwrap()])
    }

    fn client(&self, name: &str, urn: &str, address: &str) -> Client {
        let leaf = Leaf::service(urn, Options::default().leaves);
        let own = self.pki.services.issue(name, &leaf).unwrap();
        Client::new(Config {
            address: address.to_owned(),
            way: Default::default(),
            server_name: "localhost".to_owned(),
            expect: "urn:shomei:vrs:vrs-1".parse().unwrap(),
            tls: TlsFiles {
                certificate: own.certificate,
                key: own.key,
                roots: self.pki.services.certificate(),
                revocations: self.pki.services.revocations(),
            },
            connections: 1,
            body_bytes: 1 << 20,
            deadlines: issuance_channel::client::Deadlines::default(),
        })
        .unwrap()
    }
}

/// `vrs serve`, ended when dropped.
struct Served {
    process: Child,
    centers: String,
    admin: String,
}

impl Served {
    fn start(site: &Site) -> Self {
        let mut process = site
            .command(&["serve"])
            .stdout(Stdio::piped())
            .stderr(fs::File::create(site.path("log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let value = |key: &str| {
            let mut words = line.split_whitespace();
            let log = || fs::read_to_string(site.path("log")).unwrap();
            assert_eq!(words.next(), Some("ready"), "{}", log());
            let value = words.find_map(|word| word.strip_prefix(key));
            value.unwrap().to_owned()
        };
        Self {
            centers: value("centers="),
            admin: value("admin="),
            process,
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.admin).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Gone already where the test ended it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// From nonce to receipt: what was shown, and what was registered.
async fn registered(
    vrs: &Client,
    application: &mut Application,
    id: u8,
) -> (EvidenceRequest, RegisterRequest) {
    let nonce: Nonce = vrs.post("/v1/nonce").await.unwrap();
    let evidence = application.evidence(&nonce.nonce);
    let ticket: Ticket = vrs.post_sealed("/v1/evidence", &evidence).await.unwrap();
    application.ticket = ticket.ticket;
    let inquiry = application.inquiry(HOME);
    let finding: Finding = vrs.post_sealed("/v1/inquiry", &inquiry).await.unwrap();
    assert!(matches!(&finding.outcome, Outcome::Records(records) if records.doses.len() == 1));
    let mut registration = application.registration(id);
    // The program goes by the machine's clock.
    registration.certificate.issued_on = time::OffsetDateTime::now_utc().date().into();
    let receipt: Receipt = vrs
        .post_sealed("/v1/register", &registration)
        .await
        .unwrap();
    assert_eq!(receipt.application, finding.application);
    (evidence, registration)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_from_nonce_to_hand_over() {
    let site = Site::new();
    for municipality in ["132217", "131016", "141003"] {
        site.ok(&["init", "--municipality", municipality]);
    }
    let imported = site.import(&csv(&[row(&number(1)).dose("20210701", "A1")]));
    assert_eq!(
        String::from_utf8(imported.stdout).unwrap(),
        "{\"added\":1,\"changed\":0,\"unchanged\":0}\n"
    );
    let served = Served::start(&site);
    let vrs = site.client("center", "urn:shomei:center:center-1", &served.centers);
    assert!(served.get("/health").starts_with("HTTP/1.1 200"));

    let mut application = Application::new(&number(1));
    let (evidence, registration) = registered(&vrs, &mut application, 1).await;
    let _: issuance_api::registry::DeliveredAnswer = vrs
        .post_sealed("/v1/delivered", &application.delivery(1))
        .await
        .unwrap();

    // Another process revokes; this one tells.
    let id = registration.certificate.certificate_id.to_string();
    site.ok(&["revoke", "--municipality", HOME, &id]);
    let known = RevocationsRequest::default();
    let answer: Revocations = vrs.post_sealed("/v1/revocations", &known).await.unwrap();
    let of_home = answer
        .lists
        .iter()
        .find(|list| list.municipality == code(HOME));
    assert_eq!(of_home.unwrap().revoked.len(), 1);

    let again = vrs
        .post_sealed::<_, Ticket>("/v1/evidence", &evidence)
        .await;
    assert!(
        matches!(again, Err(CallError::Problem(problem)) if problem.code == ProblemCode::ChallengeExpired)
    );
    let metrics = served.get("/metrics");
    for line in [
        r#"vrs_answers_total{step="evidence",outcome="ok"} 1"#,
        r#"vrs_answers_total{step="evidence",outcome="challenge-expired"} 1"#,
        r#"vrs_sentinel_found{municipality="132217"} 1"#,
        r#"vrs_step_seconds_bucket{step="evidence",le="+Inf"} 2"#,
        r#"vrs_step_seconds_count{step="evidence"} 2"#,
        r#"vrs_step_seconds_count{step="revocations"} 1"#,
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    served.end();
    let log = fs::read_to_string(site.path("log")).unwrap();
    let lines: Vec<_> = log.lines().collect();
    for (line, event) in lines.iter().zip(["confined", "ready"]) {
        assert!(line.contains(&format!(r#""event":"{event}""#)), "{log}");
    }
    assert!(
        lines[lines.len() - 1].contains(r#""event":"stopped""#),
        "{log}"
    );
}

/// What is not there yet when it confines itself it has to write over later.
#[tokio::test(flavor = "multi_thread")]
async fn marks_that_are_made_or_put_back_while_it_serves_are_raised() {
    let site = Site::new();
    site.ok(&["init", "--municipality", "131016"]);
    let served = Served::start(&site);
    site.ok(&["init", "--municipality", HOME]);
    let persons = [1, 2].map(|n| row(&number(n)).dose("20210701", "A1"));
    assert!(site.import(&csv(&persons)).status.success());
    let vrs = site.client("center", "urn:shomei:center:center-1", &served.centers);
    let mark = site.path("keys/marks").join(HOME).with_extension("epoch");
    for id in [1, 2] {
        // As an editor writes: another file, under the name of the one before.
        let draft = mark.with_extension("draft");
        fs::copy(&mark, &draft).unwrap();
        fs::rename(&draft, &mark).unwrap();
        let before: u64 = fs::read_to_string(&mark).unwrap().trim().parse().unwrap();
        let mut application = Application::new(&number(id.into()));
        registered(&vrs, &mut application, id).await;
        let after = fs::read_to_string(&mark).unwrap();
        assert_eq!(after, format!("{:020}\n", before + 1));
    }
    served.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_centers_come_in() {
    let site = Site::new();
    for municipality in ["132217", "131016", "141003"] {
        site.ok(&["init", "--municipality", municipality]);
    }
    let served = Served::start(&site);
    for (name, urn) in [
        ("other", "urn:shomei:center:center-2"),
        ("kiosk", "urn:shomei:terminal:kiosk:dev:0001"),
        ("vrs-2", "urn:shomei:vrs:vrs-2"),
    ] {
        let refused = site
            .client(name, urn, &served.centers)
            .post::<Nonce>("/v1/nonce")
            .await;
        assert!(
            matches!(refused, Err(CallError::Problem(problem)) if problem.code == ProblemCode::TerminalRefused),
            "{urn}"
        );
    }
    served.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn serving_makes_no_database_and_says_what_is_missing() {
    let site = Site::new();
    site.ok(&["init", "--municipality", "131016"]);
    let served = Served::start(&site);
    let health = served.get("/health");
    assert!(health.starts_with("HTTP/1.1 503"));
    assert!(health.contains(r#"{"municipality":"132217","unavailable":"missing"}"#));
    assert!(health.contains(r#"{"municipality":"131016","unavailable":null}"#));
    served.end();
    assert!(
        files_below(&site.path("data"))
            .iter()
            .all(|file| file.file_stem().unwrap() == "131016")
    );
}

/// What a command says whose memory may be swapped out.
const NOT_LOCKED: &str = r#"{"event":"memory-not-locked"}"#;

#[test]
fn a_command_says_that_its_memory_is_not_locked() {
    let site = Site::new();
    let command = site.command(&["init", "--municipality", HOME]);
    // With the usual limit of 8 MiB at most, and no root's right to be beyond it.
    let usual = "ulimit -l 8192 2>/dev/null || true; \
        [ $(id -u) != 0 ] || set -- --bounding-set=-ipc_lock \"$@\"; exec setpriv \"$@\"";
    let limited = Command::new("sh")
        .args(["-c", usual, "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .output()
        .unwrap();
    assert!(limited.status.success());
    let said = String::from_utf8(limited.stderr).unwrap();
    assert_eq!(said.lines().collect::<Vec<_>>(), [NOT_LOCKED]);
}

#[test]
fn a_wrong_file_is_told_by_line_and_column_and_changes_nothing() {
    let site = Site::new();
    site.ok(&["init", "--municipality", HOME]);
    let file = csv(&[row(&number(1)), row(&number(2)).set("生年月日", "CANARY")]);
    let output = site.import(&file);
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    // Where memory cannot be locked, that is said first.
    let first = error.lines().find(|line| !line.contains(NOT_LOCKED));
    assert_eq!(
        first,
        Some(r#"{"line":3,"column":9,"name":"生年月日","code":"date"}"#)
    );
    assert!(!error.contains("CANARY"));
    let added = site.import(&csv(&[row(&number(1))]));
    assert!(
        String::from_utf8(added.stdout)
            .unwrap()
            .starts_with(r#"{"added":1"#)
    );
}

#[test]
fn without_an_anchor_for_the_surface_ap_it_starts_only_if_unbound_cards_are_accepted() {
    let site = Site::new();
    fs::remove_file(site.path("anchors/surface.pem")).unwrap();
    let output = site.run(&["serve"]);
    assert!(!output.status.success());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("none for the surface AP"), "{told}");

    let config = fs::read_to_string(site.path("vrs.toml")).unwrap();
    let accepting = config.replace(
        "accept_unbound_cards = false",
        "accept_unbound_cards = true",
    );
    assert_ne!(config, accepting);
    fs::write(site.path("vrs.toml"), accepting).unwrap();
    for municipality in [HOME, "131016", "141003"] {
        site.ok(&["init", "--municipality", municipality]);
    }
    assert!(
        Served::start(&site)
            .get("/health")
            .starts_with("HTTP/1.1 200")
    );
}

#[test]
fn it_starts_with_nothing_of_another_environment() {
    let site = Site::new();
    let config = fs::read_to_string(site.path("vrs.toml")).unwrap();
    let production = config.replace("environment = \"emulator\"", "environment = \"production\"");
    assert_ne!(config, production);
    fs::write(site.path("vrs.toml"), production).unwrap();
    let output = site.run(&["serve"]);
    assert!(!output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("trust anchors")
    );

    // Anchors and key of different environments: the key's turn.
    fs::write(site.path("vrs.toml"), config).unwrap();
    let key = fs::read_to_string(site.path("signing/statement.pem")).unwrap();
    let other = key.replace("environment: emulator", "environment: production");
    fs::write(site.path("signing/statement.pem"), other).unwrap();
    let output = site.run(&["serve"]);
    assert!(!output.status.success());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("statement key")
    );
}

#[test]
fn commands_name_a_municipality_that_is_there() {
    let site = Site::new();
    let output = site.import(&csv(&[row(&number(1))]));
    assert!(!output.status.success());
    assert!(!site.path(&format!("data/{}.sqlite", code(HOME))).exists());
    site.ok(&["init", "--municipality", HOME]);
    assert!(!site.run(&["init", "--municipality", HOME]).status.success());
    assert!(
        !site
            .run(&["init", "--municipality", "132218"])
            .status
            .success()
    );
}
