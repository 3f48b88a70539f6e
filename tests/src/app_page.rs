//! A page of the app without a browser: what goes over the wire, and nothing drawn.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::device::Device;
use crate::process::poll;

/// Longer than any step of an application on a busy machine.
const WITHIN: Duration = Duration::from_secs(90);

/// The passphrase of every wallet here.
pub const PASSPHRASE: &str = "correct horse battery";

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

impl Device {
    /// What lets in whoever started the app.
    ///
    /// # Errors
    /// If its file is not there.
    pub fn start_secret(&self) -> io::Result<String> {
        let leads = std::fs::read_to_string(self.start_file())?;
        let secret = leads.split_once("/#").and_then(|(_, rest)| rest.get(..64));
        Ok(secret.ok_or(io::ErrorKind::InvalidData)?.to_owned())
    }

    /// Opens the wallet, or makes it, with [`PASSPHRASE`].
    ///
    /// # Errors
    /// If it does not let in.
    pub fn unlock(&self) -> io::Result<Page> {
        let host = self.page().trim_start_matches("http://");
        let passphrase = json!({"passphrase": PASSPHRASE, "language": "en"}).to_string();
        let secret = self.start_secret()?;
        let answer = ask(host, "POST /unlock", &secret, &[], passphrase.as_bytes())?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let secret = said["secret"].as_str();
        let secret = secret.ok_or_else(|| io::Error::other(answer.status.to_string()))?;
        Page::follow(host, secret)
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

/// One request, as the page would send it; other headers of the same names take the place of its own.
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
    let own = [
        ("Host", host.to_owned()),
        ("Origin", format!("http://{host}")),
        ("Authorization", format!("Bearer {secret}")),
        ("Content-Length", body.len().to_string()),
    ];
    let mut head = format!("{first} HTTP/1.0\r\n");
    for (name, value) in own {
        if headers.iter().all(|(other, _)| *other != name) {
            head += &format!("{name}: {value}\r\n");
        }
    }
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
