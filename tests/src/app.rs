//! The app, run as on somebody's device, and a page of it without a browser: what goes over the wire, and nothing drawn.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use toml::Table;

use crate::phone::Phone;
use crate::process::{Program, poll, program};
use crate::world::{ISSUER, World, set};

/// Longer than any step of an application on a busy machine.
const WITHIN: Duration = Duration::from_secs(90);

/// The passphrase of every wallet here.
pub const PASSPHRASE: &str = "correct horse battery";

/// An app, running.
pub struct App {
    /// The program.
    pub program: Program,
    /// `127.0.0.1:PORT`.
    pub host: String,
    /// What lets in whoever started it.
    pub start_secret: String,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Head, as it came.
    pub head: String,
    /// Body.
    pub body: Vec<u8>,
}

/// A page that was let in.
pub struct Page {
    host: String,
    /// What lets it in.
    pub secret: String,
    screen: Arc<Mutex<Value>>,
}

impl World {
    /// An app's folder in this world, with its configuration; what changes it comes last.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn prepare_app(
        &self,
        phone: &Phone,
        change: impl FnOnce(&mut Table),
    ) -> io::Result<PathBuf> {
        let folder = self.ground.path("app");
        std::fs::create_dir_all(&folder)?;
        let example = include_str!("../../kiosk-agent/app.example.toml");
        let mut config: Table = example.parse().map_err(io::Error::other)?;
        for (section, address) in [
            ("enrolment", &self.addresses.enrolment),
            ("center", &self.addresses.terminals),
        ] {
            set(&mut config, &format!("{section}.address"), address.as_str());
            for (key, file) in [("roots", "ca.pem"), ("revocations", "revocations.pem")] {
                let key = format!("{section}.trust.{key}");
                set(&mut config, &key, format!("../pki/services/{file}"));
            }
        }
        let socket = phone.socket().to_string_lossy().into_owned();
        set(&mut config, "keystore.socket", socket);
        set(&mut config, "issuer.iss", ISSUER);
        set(&mut config, "issuer.keys", "../center/jwks.json");
        set(&mut config, "issuer.csca", "../center/vdsnc/csca.pem");
        set(&mut config, "page.port", 0);
        set(&mut config, "page.open", toml::Value::Array(Vec::new()));
        let public = self.addresses.public.as_str();
        set(&mut config, "verify.center.address", public);
        set(&mut config, "verify.center.roots", "../pki/services/ca.pem");
        change(&mut config);
        let path = folder.join("app.toml");
        std::fs::write(&path, config.to_string())?;
        Ok(path)
    }
}

impl App {
    /// Starts it.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn start(config: &Path) -> io::Result<Self> {
        let start = config.with_file_name("start.html");
        // One that was killed left its file.
        let _ = std::fs::remove_file(&start);
        let mut command = Command::new(program("app"));
        command
            .arg("--config")
            .arg(config)
            .arg("--start")
            .arg(&start);
        let (program, ready) = Program::serve("app", command)?;
        let page = ready.get("page").cloned().unwrap_or_default();
        let leads = std::fs::read_to_string(&start)?;
        let secret = leads.split_once("/#").and_then(|(_, rest)| rest.get(..64));
        Ok(Self {
            program,
            host: page.trim_start_matches("http://").to_owned(),
            start_secret: secret.unwrap_or_default().to_owned(),
        })
    }

    /// Opens its wallet, or makes it, with [`PASSPHRASE`].
    ///
    /// # Errors
    /// If it does not let in.
    pub fn open(&self) -> io::Result<Page> {
        let passphrase = json!({"passphrase": PASSPHRASE, "language": "en"});
        let answer = ask(
            &self.host,
            "POST /unlock",
            &self.start_secret,
            &[],
            passphrase.to_string().as_bytes(),
        )?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let secret = said["secret"].as_str();
        let secret = secret.ok_or_else(|| io::Error::other(format!("{}", answer.status)))?;
        Page::follow(&self.host, secret)
    }
}

impl Page {
    /// Follows the screens.
    ///
    /// # Errors
    /// If it is not let in.
    pub fn follow(host: &str, secret: &str) -> io::Result<Self> {
        let mut stream = TcpStream::connect(host)?;
        write!(
            stream,
            "GET /screens HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {secret}\r\n\r\n"
        )?;
        let screen = Arc::new(Mutex::new(Value::Null));
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let Some(told) = line.strip_prefix("data: ") else {
                    continue;
                };
                let told = serde_json::from_str(told).unwrap_or_default();
                *shown.lock().unwrap_or_else(PoisonError::into_inner) = told;
            }
        });
        Ok(Self {
            host: host.to_owned(),
            secret: secret.to_owned(),
            screen,
        })
    }

    /// What stands there.
    #[must_use]
    pub fn screen(&self) -> Value {
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        screen.clone()
    }

    /// Waits for a screen that is so.
    ///
    /// # Errors
    /// If another one stands there at the end.
    pub fn until(&self, is: impl Fn(&Value) -> bool) -> io::Result<Value> {
        let seen = poll(WITHIN, || Some(self.screen()).filter(&is));
        seen.ok_or_else(|| io::Error::other(format!("{} stands there", self.screen())))
    }

    /// Waits for a screen of this name. A problem that comes in its place is an error.
    ///
    /// # Errors
    /// If another one stands there at the end.
    pub fn wait(&self, name: &str) -> io::Result<Value> {
        let screen =
            self.until(|screen| screen["screen"] == name || screen["screen"] == "problem")?;
        if screen["screen"] == name {
            Ok(screen)
        } else {
            Err(io::Error::other(format!(
                "{} in place of {name}",
                screen["code"]
            )))
        }
    }

    /// Presses, on the screen that stands there; with the status of the answer.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn press(&self, intent: &str, value: Value) -> io::Result<u16> {
        let mut press = json!({"serial": self.screen()["serial"], "intent": intent});
        if !value.is_null() {
            press["value"] = value;
        }
        let answer = self.post("/press", &[], press.to_string().as_bytes())?;
        Ok(answer.status)
    }

    /// Waits for a screen, and presses on it.
    ///
    /// # Errors
    /// If it does not come, or does not take the press.
    pub fn on(&self, name: &str, intent: &str, value: Value) -> io::Result<Value> {
        let screen = self.wait(name)?;
        match self.press(intent, value)? {
            204 => Ok(screen),
            status => Err(io::Error::other(format!("{intent} on {name}: {status}"))),
        }
    }

    /// Enters a PIN, digit by digit.
    ///
    /// # Errors
    /// If it is not asked for.
    pub fn enter(&self, pin: &str) -> io::Result<()> {
        self.wait("pin")?;
        for digit in pin.chars() {
            self.press("digit", digit.to_string().into())?;
        }
        self.press("enter", Value::Null)?;
        Ok(())
    }

    /// Sends a file for the screen that stands there.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn picture(&self, media_type: &str, file: &[u8], is_frame: bool) -> io::Result<Answer> {
        let serial = self.screen()["serial"].to_string();
        let mut headers = vec![
            ("Screen-Serial", serial.as_str()),
            ("Content-Type", media_type),
        ];
        if is_frame {
            headers.push(("Picture", "frame"));
        }
        self.post("/picture", &headers, file)
    }

    /// What is there to be had.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn get(&self, path: &str) -> io::Result<Answer> {
        ask(&self.host, &format!("GET {path}"), &self.secret, &[], b"")
    }

    /// Sends something.
    ///
    /// # Errors
    /// If there is no answer.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<Answer> {
        ask(
            &self.host,
            &format!("POST {path}"),
            &self.secret,
            headers,
            body,
        )
    }
}

/// One request, as the page would send it.
///
/// # Errors
/// If there is no answer.
pub fn ask(
    host: &str,
    first: &str,
    secret: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(WITHIN))?;
    let mut head = format!(
        "{first} HTTP/1.0\r\nHost: {host}\r\nOrigin: http://{host}\r\nAuthorization: Bearer {secret}\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let malformed = || io::Error::other("no answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(malformed)?;
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer).map_err(io::Error::other)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(malformed)?,
        head,
        body,
    })
}
