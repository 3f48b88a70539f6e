//! A device with the app on it: keystore and program, and the folder in which it keeps things.

use std::io;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use toml::Table;

use crate::phone::Phone;
use crate::process::{Program, program};
use crate::world::{World, set};

/// The app's configuration.
pub const CONFIG: &str = "app/app.toml";

/// A device, with the app running unless it was closed.
pub struct Device {
    // Dropped in this order.
    app: Option<Program>,
    phone: Phone,
    page: String,
    start: PathBuf,
}

impl Device {
    /// A device of `hw-sim/devices`, with the app on it, started for the first time.
    ///
    /// # Errors
    /// If something does not start.
    pub fn start(world: &World, device: &str) -> io::Result<Self> {
        let mut it = Self::without_app(world, device)?;
        it.open(world)?;
        Ok(it)
    }

    /// A device and the app's configuration, which can be changed before it is opened.
    ///
    /// # Errors
    /// If something does not start.
    pub fn without_app(world: &World, device: &str) -> io::Result<Self> {
        let phone = Phone::start(world, device)?;
        world.ground.prepare_app(&world.addresses, phone.socket())?;
        std::fs::create_dir_all(world.ground.path("app/home"))?;
        Ok(Self {
            app: None,
            phone,
            page: String::new(),
            start: world.ground.path("app/start.html"),
        })
    }

    /// Starts the app, on the port it had before.
    ///
    /// # Errors
    /// If it does not become ready.
    ///
    /// # Panics
    /// If it runs already.
    pub fn open(&mut self, world: &World) -> io::Result<()> {
        assert!(self.app.is_none(), "it runs already");
        match std::fs::remove_file(&self.start) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // One that was killed leaves it.
            _ => {}
        }
        let mut command = self.command(world);
        command.arg("--start").arg(&self.start);
        let (app, mut ready) = Program::serve("app", command)?;
        let page = ready.remove("page").ok_or(io::ErrorKind::InvalidData)?;
        let port = page.rsplit(':').next().and_then(|port| port.parse().ok());
        let port: i64 = port.ok_or(io::ErrorKind::InvalidData)?;
        world
            .ground
            .edit(CONFIG, |config| set(config, "page.port", port))?;
        self.page = page;
        self.app = Some(app);
        Ok(())
    }

    /// Ends the app by a signal, and waits for its end.
    ///
    /// # Errors
    /// If it does not end.
    pub fn close(&mut self, signal: Signal) -> io::Result<()> {
        if let Some(mut app) = self.app.take() {
            app.signal(signal)?;
            app.end()?;
        }
        Ok(())
    }

    /// Closes it, changes its configuration and opens it again.
    ///
    /// # Errors
    /// As closing and opening.
    pub fn configure(&mut self, world: &World, change: impl FnOnce(&mut Table)) -> io::Result<()> {
        self.close(Signal::TERM)?;
        world.ground.edit(CONFIG, change)?;
        self.open(world)
    }

    /// Puts the app, with its wallet, on another device.
    ///
    /// # Errors
    /// As closing and opening.
    pub fn exchange(&mut self, world: &World, device: &str) -> io::Result<()> {
        let phone = Phone::start(world, device)?;
        let socket = phone.socket().to_string_lossy().into_owned();
        self.configure(world, |config| set(config, "keystore.socket", socket))?;
        self.phone = phone;
        Ok(())
    }

    /// Takes the wallet and all that is in it away, as somebody does who forgot the passphrase, and opens the app again.
    ///
    /// # Errors
    /// If the program refuses.
    pub fn discard(&mut self, world: &World) -> io::Result<()> {
        self.close(Signal::TERM)?;
        let status = self.command(world).arg("--discard").status()?;
        if !status.success() {
            return Err(io::Error::other("the app did not discard its wallet"));
        }
        self.open(world)
    }

    /// Where the page is: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn page(&self) -> &str {
        &self.page
    }

    /// The file that leads whoever started the app in.
    #[must_use]
    pub fn start_file(&self) -> &std::path::Path {
        &self.start
    }

    /// Whether the app runs.
    pub fn is_open(&mut self) -> bool {
        self.app.as_mut().is_some_and(Program::is_running)
    }

    /// The app's process.
    #[must_use]
    pub fn app(&self) -> Option<&Program> {
        self.app.as_ref()
    }

    fn command(&self, world: &World) -> Command {
        let mut command = Command::new(program("app"));
        command.arg("--config").arg(world.ground.path(CONFIG));
        // What it leaves behind can be looked for.
        let home = world.ground.path("app/home");
        command.current_dir(&home);
        command.env("HOME", &home).env("TMPDIR", &home);
        command.env_remove("XDG_RUNTIME_DIR");
        command
    }
}
