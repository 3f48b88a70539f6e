//! The commands that handle a kiosk's cabinet, as a tester types them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// `hw-sim run --cabinet`; ended when it is dropped.
struct Running {
    program: Child,
    folder: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn hw_sim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_hw-sim"))
}

impl Running {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["cards", "paper"] {
            fs::create_dir(path(name)).unwrap();
        }
        // Nobody listens there: no card is inserted.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        let mut program = hw_sim()
            .args(["run", "--port", &port])
            .args(["--cards".as_ref(), path("cards").as_os_str()])
            .args(["--control".as_ref(), path("control").as_os_str()])
            .args(["--cabinet".as_ref(), path("cabinet").as_os_str()])
            .args(["--paper".as_ref(), path("paper").as_os_str()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        let said = program.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut ready).unwrap();
        assert!(ready.starts_with("ready "), "{ready}");
        Self { program, folder }
    }

    fn does(&self, command: &str) -> Output {
        does(&self.folder.path().join("cabinet"), command)
    }

    fn done(&self, command: &str) {
        let output = self.does(command);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{command}: {said}");
    }

    fn status(&self) -> String {
        String::from_utf8(self.does("cabinet status").stdout).unwrap()
    }
}

fn does(socket: &Path, command: &str) -> Output {
    let mut program = hw_sim();
    program.args(command.split(' ')).arg("--cabinet");
    program.arg(socket).output().unwrap()
}

#[test]
fn a_tester_handles_the_cabinet() {
    let running = Running::start();
    let status = "slot: clear\ntray: clear\npayment: ready\n  yen inserted 0, kept 0, returned 0, held 0, owed 0\n";
    assert_eq!(running.status(), status);

    // Nobody pays now.
    let coin = running.does("coin 100");
    assert!(!coin.status.success());
    let said = String::from_utf8(coin.stderr).unwrap();
    assert_eq!(said, "hw-sim: the coin fell through\n");
    assert!(
        running
            .status()
            .contains("inserted 100, kept 0, returned 100")
    );

    running.done("slot put");
    running.done("cabinet fault slot-stuck tray-fails");
    running.done("slot take");
    assert!(
        running
            .status()
            .starts_with("slot: occupied\ntray: failed\n")
    );
    running.done("cabinet mend");
    assert!(running.status().starts_with("slot: clear\ntray: clear\n"));

    running.done("tray drop");
    assert!(running.status().contains("tray: occupied"));
    running.done("tray take");
    fs::write(running.folder.path().join("paper/1-page.pdf"), "a page").unwrap();
    assert!(running.status().contains("tray: occupied"));
    running.done("tray take");
    assert!(running.status().contains("tray: clear"));

    let refused = running.does("tray shake");
    assert_eq!(refused.status.code(), Some(2));
    let nobody = does(&running.folder.path().join("nobody"), "cabinet status");
    assert!(!nobody.status.success());
}
