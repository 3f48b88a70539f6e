//! The kiosk's Debian package: what it puts where, what it leaves, and that the kiosk runs on a machine from the moment it starts.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use stage::machine::Machine;
use stage::printer::Printer;
use stage::process::{Program, poll, program};
use stage::world::{ISSUER, World, repository, set};

use crate::support::world;

const WITHIN: Duration = Duration::from_secs(60);
const UNIT: &str = "shomei-kiosk.service";

/// Its command line: not the compositor's, which names it.
const KIOSK: &str = "^/usr/bin/shomei-kiosk";

/// How exposed `systemd-analyze security` may find the unit, in tenths: what is left is that it shows a browser and speaks with
/// networks, screens and sound.
const EXPOSURE: &str = "25";

/// What it puts where, and who may do what with it.
const FILES: [(&str, u32); 17] = [
    ("etc/chromium/policies/managed/shomei-kiosk.json", 0o644),
    ("etc/shomei/kiosk.toml", 0o644),
    (
        "etc/systemd/system/shomei-kiosk.service.d/addresses.conf",
        0o644,
    ),
    ("usr/bin/shomei-kiosk", 0o755),
    ("usr/lib/sysctl.d/60-shomei-kiosk.conf", 0o644),
    ("usr/lib/systemd/logind.conf.d/60-shomei-kiosk.conf", 0o644),
    (
        "usr/lib/systemd/system/pcscd.service.d/60-shomei-kiosk.conf",
        0o644,
    ),
    (
        "usr/lib/systemd/system/pcscd.socket.d/60-shomei-kiosk.conf",
        0o644,
    ),
    ("usr/lib/systemd/system/shomei-kiosk.service", 0o644),
    ("usr/lib/sysusers.d/shomei-kiosk.conf", 0o644),
    ("usr/share/X11/xkb/rules/shomei-kiosk", 0o644),
    ("usr/share/X11/xkb/symbols/shomei-kiosk", 0o644),
    ("usr/share/doc/shomei-kiosk/README.md", 0o644),
    ("usr/share/doc/shomei-kiosk/copyright", 0o644),
    (
        "usr/share/doc/shomei-kiosk/examples/kiosk.example.toml",
        0o644,
    ),
    ("usr/share/doc/shomei-kiosk/licences.txt", 0o644),
    ("usr/share/polkit-1/rules.d/60-shomei-kiosk.rules", 0o644),
];

/// The package of the programs as built for the tests, made once.
fn package() -> PathBuf {
    static MADE: Mutex<Option<PathBuf>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.get_or_insert_with(|| {
        let built = program("stage");
        let target = built.parent().unwrap().parent().unwrap();
        let licences = Command::new("python3")
            .arg("kiosk-agent/package/licences.py")
            .current_dir(repository())
            .output()
            .unwrap();
        assert!(licences.status.success(), "{licences:?}");
        fs::write(program("licences.txt"), licences.stdout).unwrap();
        let package = program("shomei-kiosk.deb");
        let mut deb = Command::new(target.join("tools/bin/cargo-deb"));
        deb.args(["--locked", "--offline", "--quiet", "-p", "kiosk-agent"]);
        deb.args(["--no-build", "--no-strip", "--profile", "dev", "--fast"]);
        deb.arg("--output");
        deb.arg(&package).current_dir(repository());
        succeeds(deb.env("CARGO_TARGET_DIR", target));
        package
    })
    .clone()
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let [said, complained] =
        [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(output.status.success(), "{command:?}: {said}{complained}");
    said.into_owned()
}

/// One machine at a time: each has the port of its virtual reader's driver.
fn machine() -> (MutexGuard<'static, ()>, Machine) {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    (one, Machine::new().unwrap())
}

fn install(machine: &Machine) {
    machine
        .dpkg(&["--install", package().to_str().unwrap()])
        .unwrap();
}

/// Its number, out of `etc/passwd` or `etc/group`.
fn number(machine: &Machine, file: &str) -> Option<u32> {
    let text = fs::read_to_string(machine.path(file)).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("shomei-kiosk:"))?;
    line.split(':').nth(2)?.parse().ok()
}

fn analyze(machine: &Machine, arguments: &[&str]) -> String {
    let mut root = std::ffi::OsString::from("--root=");
    root.push(machine.path(""));
    succeeds(Command::new("systemd-analyze").arg(root).args(arguments))
}

#[test]
fn what_is_installed_is_what_a_kiosk_needs_and_goes_when_it_is_purged() {
    let (_one, machine) = machine();
    let before = machine.changed().unwrap();
    install(&machine);

    for (file, mode) in FILES {
        let about = machine
            .path(file)
            .metadata()
            .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(
            (about.mode() & 0o7777, about.uid(), about.gid()),
            (mode, 0, 0),
            "{file}"
        );
    }
    // What the center knows it by is the hash of the file that was built.
    let installed = fs::read(machine.path("usr/bin/shomei-kiosk")).unwrap();
    assert!(installed == fs::read(program("kiosk")).unwrap());
    let mut query = Command::new("dpkg-query");
    query.arg("--admindir").arg(machine.path("var/lib/dpkg"));
    let conffiles = succeeds(query.args(["--show", "--showformat=${Conffiles}", "shomei-kiosk"]));
    let mut conffiles: Vec<_> = conffiles
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    conffiles.sort_unstable();
    assert_eq!(
        conffiles,
        [
            "/etc/chromium/policies/managed/shomei-kiosk.json",
            "/etc/shomei/kiosk.toml",
            "/etc/systemd/system/shomei-kiosk.service.d/addresses.conf"
        ]
    );

    let user = number(&machine, "etc/passwd").unwrap();
    let group = number(&machine, "etc/group").unwrap();
    assert!(user < 1000, "one of the system's");
    let keys = machine.path("etc/shomei/pki").metadata().unwrap();
    assert_eq!(
        (keys.mode() & 0o7777, keys.uid(), keys.gid()),
        (0o750, 0, group)
    );
    let enabled = machine
        .path("etc/systemd/system/multi-user.target.wants")
        .join(UNIT);
    assert!(enabled.is_symlink(), "it starts with the machine");

    let complaints = analyze(&machine, &["--man=no", "verify", UNIT]);
    assert_eq!(complaints, "");
    let threshold = format!("--threshold={EXPOSURE}");
    analyze(&machine, &["security", "--offline=true", &threshold, UNIT]);

    let mut keys = machine.command("xkbcli");
    let keys = succeeds(keys.args(["compile-keymap", "--rules", "shomei-kiosk"]));
    let (_, keys) = keys.split_once("xkb_symbols").unwrap();
    for (key, is_there) in [
        ("Tab", true),
        ("Return", true),
        ("F24", true),
        ("Control_L", false),
        ("Alt_L", false),
        ("F1 ", false),
    ] {
        assert_eq!(keys.contains(key), is_there, "{key}");
    }

    // Once more, as an upgrade and by hand: nothing changes, and an operator's configuration stays.
    let config = machine.path("etc/shomei/kiosk.toml");
    let changed = fs::read_to_string(&config).unwrap() + "# ours\n";
    fs::write(&config, &changed).unwrap();
    fs::write(machine.path("etc/shomei/pki/terminal.key"), "key").unwrap();
    install(&machine);
    let script = "/var/lib/dpkg/info/shomei-kiosk.postinst";
    for _ in 0..2 {
        succeeds(machine.command(script).args(["configure", "0.1.0-1"]));
    }
    assert_eq!(fs::read_to_string(&config).unwrap(), changed);
    assert_eq!(number(&machine, "etc/passwd"), Some(user));
    assert!(enabled.is_symlink());

    machine.dpkg(&["--remove", "shomei-kiosk"]).unwrap();
    assert_eq!(fs::read_to_string(&config).unwrap(), changed);
    assert!(!machine.path("usr/bin/shomei-kiosk").exists());
    machine.dpkg(&["--purge", "shomei-kiosk"]).unwrap();
    let of_the_system = |path: &Path| {
        let path = path.to_string_lossy();
        let users = [
            "passwd",
            "group",
            "shadow",
            "gshadow",
            "subuid",
            "subgid",
            ".pwd.lock",
        ];
        let users = users.iter().any(|file| {
            path.strip_prefix("etc/")
                .is_some_and(|path| path.trim_end_matches('-') == *file)
        });
        users
            || path.starts_with("var/lib/dpkg/")
            || path.starts_with("var/log/")
            || path.starts_with("var/cache/")
    };
    let mut left = machine.changed().unwrap();
    left.retain(|path| !before.contains(path) && !of_the_system(path));
    assert_eq!(left, Vec::<PathBuf>::new());
    for file in ["etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"] {
        assert!(
            !fs::read_to_string(machine.path(file))
                .unwrap()
                .contains("shomei"),
            "{file}"
        );
    }
    assert!(!machine.path("etc/shomei").exists());
}

/// Gives an installed kiosk what its operator would: keys, and where center and printer are.
fn configure(machine: &Machine, world: &World, printer: &Printer) {
    let user = number(machine, "etc/passwd").unwrap();
    let keys = machine.path("etc/shomei/pki");
    for (from, to, mode) in [
        ("pki/terminals/kiosk-0001.pem", "terminal.pem", 0o644),
        ("pki/terminals/kiosk-0001.key", "terminal.key", 0o600),
        ("pki/services/ca.pem", "services-root.pem", 0o644),
        ("pki/services/revocations.pem", "services.crl", 0o644),
        ("pki/services/ca.pem", "printer-ca.pem", 0o644),
        ("center/jwks.json", "jwks.json", 0o644),
        ("center/vdsnc/csca.pem", "csca.pem", 0o644),
    ] {
        let to = keys.join(to);
        fs::copy(world.ground.path(from), &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(mode)).unwrap();
        std::os::unix::fs::chown(&to, Some(user), None).unwrap();
    }
    let path = machine.path("etc/shomei/kiosk.toml");
    let mut config = fs::read_to_string(&path).unwrap().parse().unwrap();
    set(
        &mut config,
        "center.address",
        world.addresses.terminals.as_str(),
    );
    set(&mut config, "center.server_name", "localhost");
    set(&mut config, "issuer.iss", ISSUER);
    if sandbox::is_whole() {
        // Where the unit does not let it confine itself it does not start.
        set(&mut config, "sandbox.landlock", "demanded");
    }
    set(
        &mut config,
        "printer.uri",
        format!("ipps://localhost:{}/ipp/print", printer.port()),
    );
    fs::write(path, config.to_string()).unwrap();

    // There is no screen: the compositor has one that nobody sees. And nobody waits for half a minute.
    let folder = machine.path("etc/systemd/system").join(format!("{UNIT}.d"));
    let screen = "Environment=WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1";
    fs::write(
        folder.join("test.conf"),
        format!("[Service]\n{screen}\nWatchdogSec=4\n"),
    )
    .unwrap();
}

fn becomes_active(machine: &Machine, restarts: u32) {
    let wanted = ("active".to_owned(), restarts.to_string());
    let is = || {
        let state = machine.property(UNIT, "ActiveState").ok()?;
        Some((state, machine.property(UNIT, "NRestarts").ok()?))
    };
    let reached = poll(WITHIN, || is().filter(|is| *is == wanted));
    let journal = || {
        machine
            .inside("journalctl")
            .unwrap()
            .args(["--no-pager", "--unit", UNIT])
            .output()
    };
    assert!(
        reached.is_some(),
        "{:?}, not {wanted:?}: {:?}",
        is(),
        journal()
    );
}

/// The processes of the unit there, with their command lines.
fn processes(machine: &Machine, part: &str) -> Vec<u32> {
    let found =
        succeeds(
            machine
                .inside("pgrep")
                .unwrap()
                .args(["--full", "--uid", "shomei-kiosk", part]),
        );
    found.lines().map(|line| line.parse().unwrap()).collect()
}

fn as_user(machine: &Machine, user: &str, command: &[&str]) -> std::process::Output {
    let mut shell = machine.inside("setpriv").unwrap();
    shell.args(["--reuid", user, "--clear-groups", "--regid"]);
    shell.arg(if user == "nobody" { "nogroup" } else { user });
    shell.args(command).output().unwrap()
}

#[test]
fn an_installed_kiosk_serves_from_the_start_of_its_machine() {
    let (_one, mut machine) = machine();
    let world = world();
    let pki = world.ground.path("pki/services");
    let printer = Printer::start(&pki.join("center.pem"), &pki.join("center.key")).unwrap();
    install(&machine);
    configure(&machine, &world, &printer);
    offer_polkit_pcscd(&machine);
    machine.boot().unwrap();

    // Ready is what shows its page in its browser, under the policies.
    becomes_active(&machine, 0);
    let fed = || {
        machine
            .property(UNIT, "WatchdogTimestampMonotonic")
            .unwrap()
    };
    let first = fed();
    assert!(
        poll(WITHIN, || (fed() != first).then_some(())).is_some(),
        "it says that it works"
    );

    // The browser has its own sandbox in that of the unit.
    let renderer = processes(&machine, "type=renderer")[0];
    let about = succeeds(
        machine
            .inside("cat")
            .unwrap()
            .arg(format!("/proc/{renderer}/status")),
    );
    let line = |name: &str| {
        about
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
            .trim()
            .to_owned()
    };
    assert_eq!(
        (line("Seccomp:"), line("NoNewPrivs:")),
        ("2".to_owned(), "1".to_owned())
    );
    assert!(
        line("NStgid:").split_whitespace().count() >= 3,
        "a namespace within this machine's: {about}"
    );
    let without = machine
        .inside("pgrep")
        .unwrap()
        .args(["--full", "--", "--no-sandbox"])
        .output();
    assert_eq!(
        without.unwrap().status.code(),
        Some(1),
        "nothing goes without it"
    );

    // Beside the core, and not the core.
    for beside in ["^kiosk-launcher", "^kiosk-names", "^kiosk-marker"] {
        assert_eq!(processes(&machine, beside).len(), 1, "{beside}");
    }
    assert_eq!(processes(&machine, KIOSK).len(), 1);

    // Cards are the kiosk's alone.
    let list = ["opensc-tool", "--list-readers"];
    let [ours, others] = ["shomei-kiosk", "nobody"].map(|user| as_user(&machine, user, &list));
    assert!(
        String::from_utf8_lossy(&ours.stdout).contains("Virtual PCD"),
        "{ours:?}"
    );
    assert!(
        !String::from_utf8_lossy(&others.stdout).contains("Virtual PCD"),
        "{others:?}"
    );
    let environment = "tr '\\0' '\\n' < /proc/$(pgrep --exact pcscd)/environ";
    let environment = succeeds(machine.inside("sh").unwrap().args(["-c", environment]));
    for overwriting in ["MALLOC_PERTURB_=", "glibc.malloc.tcache_count=0"] {
        assert!(environment.contains(overwriting), "{overwriting}");
    }
    for action in ["access_pcsc", "access_card"] {
        assert!(is_allowed(&machine, "shomei-kiosk", action), "{action}");
        assert!(!is_allowed(&machine, "nobody", action), "{action}");
    }

    nothing_written_is_run(&machine);
    only_the_kiosk_s_page_is_opened(&machine);

    // A kiosk that hangs is started anew.
    let kiosk = processes(&machine, KIOSK)[0];
    succeeds(
        machine
            .inside("kill")
            .unwrap()
            .args(["-STOP", &kiosk.to_string()]),
    );
    becomes_active(&machine, 1);
    // And so is one that crashes, or loses its screen.
    let kiosk = processes(&machine, KIOSK)[0];
    succeeds(
        machine
            .inside("kill")
            .unwrap()
            .args(["-KILL", &kiosk.to_string()]),
    );
    becomes_active(&machine, 2);
    let compositor = processes(&machine, "^/usr/bin/cage")[0];
    succeeds(
        machine
            .inside("kill")
            .unwrap()
            .args(["-KILL", &compositor.to_string()]),
    );
    becomes_active(&machine, 3);

    stays_out_of_service(&machine);

    // Told to end, it ends by itself.
    succeeds(machine.inside("systemctl").unwrap().args(["stop", UNIT]));
    let how =
        ["ActiveState", "Result", "ExecMainStatus"].map(|it| machine.property(UNIT, it).unwrap());
    assert_eq!(how, ["inactive", "success", "0"]);
}

/// Not even what the kiosk's user wrote itself, wherever the unit lets it write.
fn nothing_written_is_run(machine: &Machine) {
    const FOLDERS: [&str; 5] = [
        "/run/shomei-kiosk",
        "/var/lib/shomei-kiosk",
        "/tmp",
        "/var/tmp",
        "/dev/shm",
    ];
    let script = "cp /bin/true $0/run && $0/run; ran=$?; rm $0/run && exit $ran";
    let user = ["setpriv", "--reuid", "shomei-kiosk", "--clear-groups"];
    let runs = |prefix: &[&str], folder: &str| {
        let mut command = machine.inside("env").unwrap();
        command
            .args(prefix)
            .args(user)
            .args(["sh", "-c", script, folder]);
        let output = command.output().unwrap();
        (output.status.code(), output)
    };
    let core = processes(machine, KIOSK)[0].to_string();
    for folder in FOLDERS {
        let (ran, output) = runs(&["nsenter", "--target", &core, "--mount"], folder);
        assert_eq!(ran, Some(126), "{folder}: {output:?}");
    }
    // The control: out of the unit it is.
    let (ran, output) = runs(&[], "/tmp");
    assert_eq!(ran, Some(0), "{output:?}");
}

/// With the mark of a kiosk that took itself out of service: it starts, and says so, until an operator's command.
fn stays_out_of_service(machine: &Machine) {
    let user = number(machine, "etc/passwd").unwrap();
    let state = machine.path("var/lib/shomei-kiosk");
    let about = state.metadata().unwrap();
    assert_eq!((about.mode() & 0o7777, about.uid()), (0o700, user));
    assert_eq!(state.read_dir().unwrap().count(), 0);
    let said = || {
        let mut journal = machine.inside("journalctl").unwrap();
        let journal = succeeds(journal.args(["--no-pager", "--output=cat", "--unit", UNIT]));
        let found = r#""event":"out-of-service","mark":"found""#;
        journal.lines().filter(|line| line.contains(found)).count()
    };
    let restart = || {
        succeeds(machine.inside("systemctl").unwrap().args(["restart", UNIT]));
        becomes_active(machine, 0);
    };
    // As the unit lets the kiosk write it.
    let mark = state.join("out-of-service");
    fs::write(&mark, "").unwrap();
    for starts in 1..=2 {
        restart();
        assert_eq!(said(), starts);
    }
    let mut operator = machine.inside("shomei-kiosk").unwrap();
    let config = ["--config", "/etc/shomei/kiosk.toml"];
    succeeds(operator.args(config).arg("--return-to-service"));
    assert!(!mark.exists());
    restart();
    assert_eq!(said(), 2);
}

/// A pcscd with polkit would bring this; Debian 12's has none.
fn offer_polkit_pcscd(machine: &Machine) {
    let actions = ["access_pcsc", "access_card"].map(|action| {
        format!(
            "<action id=\"org.debian.pcsc-lite.{action}\"><description>{action}</description><message>{action}</message>\
             <defaults><allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>yes</allow_active></defaults></action>"
        )
    });
    let policy = format!(
        "<?xml version=\"1.0\"?><policyconfig>{}</policyconfig>",
        actions.concat()
    );
    fs::write(
        machine.path("usr/share/polkit-1/actions/org.debian.pcsc-lite.policy"),
        policy,
    )
    .unwrap();
    // Its socket is dbus's, which starts polkit when it is asked.
    let wants = machine.path("etc/systemd/system/sockets.target.wants");
    fs::create_dir_all(&wants).unwrap();
    let _ = symlink("/lib/systemd/system/dbus.socket", wants.join("dbus.socket"));
}

fn is_allowed(machine: &Machine, user: &str, action: &str) -> bool {
    let script = format!(
        "setpriv --reuid {user} --clear-groups sleep 60 & sleep 0.1; \
         pkcheck --action-id org.debian.pcsc-lite.{action} --process $!; status=$?; kill $!; exit $status"
    );
    let output = machine
        .inside("sh")
        .unwrap()
        .args(["-c", &script])
        .output()
        .unwrap();
    // 1 is no; what is neither is no answer.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{output:?}");
    output.status.success()
}

/// A frame of another address stays empty, and the kiosk's own page opens after it.
fn only_the_kiosk_s_page_is_opened(machine: &Machine) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let heard = Arc::clone(&asked);
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            let _ = BufReader::new(&stream).read_line(&mut line);
            heard.lock().unwrap().push(line);
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    let script = format!(
        "profile=$(mktemp -d /run/shomei-kiosk/test-XXXXXX) && cd $profile && \
         echo '<iframe src=http://localhost:{port}/other></iframe><meta http-equiv=refresh content=\"2;url=http://127.0.0.1:{port}/own\">' > page.html && \
         exec env HOME=$profile timeout 60 chromium --headless --disable-gpu --no-first-run --user-data-dir=$profile file://$profile/page.html"
    );
    let mut browser = machine.inside("setpriv").unwrap();
    browser.args([
        "--reuid",
        "shomei-kiosk",
        "--regid",
        "shomei-kiosk",
        "--clear-groups",
        "sh",
        "-c",
        &script,
    ]);
    let browser = Program::start("chromium", browser).unwrap();
    let own = || {
        asked
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.contains("/own"))
            .then_some(())
    };
    let opened = poll(WITHIN, own).is_some();
    // Of the command that was started only the first process is ours to end. It may have ended.
    let others = ["--signal", "KILL", "--full", "/run/shomei-kiosk/test-"];
    machine
        .inside("pkill")
        .unwrap()
        .args(others)
        .output()
        .unwrap();
    assert!(opened, "{:?}", browser.log.all());
    let asked = asked.lock().unwrap();
    assert!(
        !asked.iter().any(|line| line.contains("/other")),
        "{asked:?}"
    );
}
