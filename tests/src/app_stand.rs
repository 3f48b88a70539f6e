//! An app on a resident's own device, and everything around it, for whoever drives its page in a browser: `stage app-stand`.
//!
//! The first line on standard output says what it is; then each line on standard input is a command, and is answered by one
//! line: `{"done":…,"app":PID}`, or `{"refused":"…"}`.
//!
//! | command | what |
//! |---|---|
//! | `{"insert":"ordinary"}`, with `"faults":["slow=300@ins=B0,times=always"]` perhaps | a persona's card on the reader |
//! | `{"remove":null}` | the card is taken |
//! | `{"reset_tries":"one-try-left"}` | the card's first tries |
//! | `{"stop":"center"}`, `{"start":"center"}`; `vrs`, `pcscd`, `app` | a program ends, or is started again |
//! | `{"passport":{"persona":"ordinary","how":"glare"}}`, with `"last_day":"200101"` perhaps | a photograph of the persona's passport: `done` is the JPEG file. Hows: `plain`, `turned`, `inclined`, `skewed`, `blurred`, `dark`, `glare`, `cut-off`, and `card` for a document of another kind |
//! | `{"dose":"ordinary"}` | the municipality records a further dose of the persona's |
//! | `{"revoke":ID}` | the municipality revokes a certificate |

use std::error::Error;
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use hw_sim::fault::Fault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::Table;

use crate::passport::Passport;
use crate::passport::photograph::{Photograph, Random};
use crate::passport::specimen::Specimen;
use crate::persona::Persona;
use crate::phone::Phone;
use crate::printer::free_port;
use crate::process::{Program, program};
use crate::reader::Reader;
use crate::world::{Options, World, repository, run, set};

/// What a stand is.
#[derive(Debug, Serialize)]
struct Description {
    /// Where the page is, without any secret.
    page: String,
    /// The file that leads whoever started the app to it.
    start: PathBuf,
    /// Where certificates are kept.
    wallet: PathBuf,
    /// Where the app's own files would be: its HOME and TMPDIR.
    home: PathBuf,
    /// Everybody's configuration, cards and databases too.
    ground: PathBuf,
    /// The issuer's public keys.
    keys: String,
    app: u32,
    /// The process of `pcscd`.
    service: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Insert(String),
    Remove(()),
    ResetTries(String),
    Stop(Part),
    Start(Part),
    Passport {
        persona: String,
        how: String,
        last_day: Option<String>,
    },
    Dose(String),
    Revoke(String),
}

#[derive(Debug, Deserialize)]
struct Line {
    #[serde(flatten)]
    order: Order,
    #[serde(default)]
    faults: Vec<Fault>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Center,
    Vrs,
    Pcscd,
    App,
}

/// What stands there.
struct Stand {
    // Dropped in this order: the app is the first to go.
    app: Option<Program>,
    reader: Reader,
    _phone: Phone,
    world: World,
    port: u16,
    photographs: u32,
}

/// Sets it up and carries out commands until there are no more.
///
/// # Errors
/// If something does not start.
pub fn serve() -> Result<(), Box<dyn Error>> {
    let mut stand = Stand::start()?;
    say(&stand.describe()?)?;
    for line in io::stdin().lock().lines() {
        let answer = match stand.carry_out(&line?) {
            Ok(done) => serde_json::json!({"done": done, "app": stand.app_id()}),
            Err(error) => serde_json::json!({"refused": error.to_string()}),
        };
        say(&answer)?;
    }
    Ok(())
}

fn say(object: &impl Serialize) -> io::Result<()> {
    let mut output = io::stdout().lock();
    serde_json::to_writer(&mut output, object)?;
    output.write_all(b"\n")?;
    output.flush()
}

impl Stand {
    fn start() -> Result<Self, Box<dyn Error>> {
        let world = World::start(&Options::default())?;
        let reader = Reader::start(&world.ground.path("cards/cards"))?;
        let phone = Phone::start(&world, "genuine")?;
        let port = free_port()?;
        for folder in ["home", "app", "app/trust", "photographs"] {
            fs::create_dir_all(world.ground.path(folder))?;
        }
        // Beside our own issuer, those of the published specimens are believed.
        copy(
            &repository().join("verify/tests/specimens"),
            &world.ground.path("app/trust"),
        )?;
        let configuration = configuration(&world, &phone, port)?;
        fs::write(world.ground.path(CONFIG), configuration.to_string())?;
        let mut stand = Self {
            app: None,
            reader,
            _phone: phone,
            world,
            port,
            photographs: 0,
        };
        stand.start_app()?;
        Ok(stand)
    }

    fn describe(&self) -> Result<Description, Box<dyn Error>> {
        let path = |name| self.world.ground.path(name);
        Ok(Description {
            page: format!("http://127.0.0.1:{}/", self.port),
            start: path(START),
            wallet: path("app/wallet"),
            home: path("home"),
            ground: path(""),
            keys: String::from_utf8(self.world.published_keys()?)?,
            app: self.app_id(),
            service: self.reader.service(),
        })
    }

    fn app_id(&self) -> u32 {
        self.app.as_ref().map_or(0, Program::id)
    }

    fn carry_out(&mut self, line: &str) -> Result<Value, Box<dyn Error>> {
        let Line { order, faults } = serde_json::from_str(line)?;
        match order {
            Order::Insert(persona) => self.reader.insert_faulty(&persona, None, faults)?,
            Order::Remove(()) => self.reader.remove()?,
            Order::ResetTries(persona) => self.reader.reset_tries(&persona)?,
            Order::Stop(part) => self.stop(part)?,
            Order::Start(part) => self.restart(part)?,
            Order::Passport {
                persona,
                how,
                last_day,
            } => {
                let file = self.photograph(&persona, &how, last_day)?;
                return Ok(file.to_string_lossy().into());
            }
            Order::Dose(persona) => self.vaccinate(&persona)?,
            Order::Revoke(id) => {
                let mut vrs = self.world.ground.vrs();
                run(vrs.args(["revoke", "--municipality", HOME, &id]))?;
            }
        }
        Ok(true.into())
    }

    fn stop(&mut self, part: Part) -> Result<(), Box<dyn Error>> {
        match part {
            Part::Center => self.world.center = None,
            Part::Vrs => self.world.vrs = None,
            Part::Pcscd => self.reader.lose_service()?,
            Part::App => {
                if let Some(mut app) = self.app.take() {
                    app.end()?;
                }
            }
        }
        Ok(())
    }

    fn restart(&mut self, part: Part) -> Result<(), Box<dyn Error>> {
        match part {
            Part::Center => self.world.start_center()?,
            Part::Vrs => self.world.start_vrs()?,
            Part::Pcscd => self.reader.restore_service()?,
            Part::App => self.start_app()?,
        }
        Ok(())
    }

    fn start_app(&mut self) -> io::Result<()> {
        let ground = &self.world.ground;
        let mut command = Command::new(program("app"));
        command.arg("--config").arg(ground.path(CONFIG));
        command.arg("--start").arg(ground.path(START));
        // What it leaves behind can be looked for.
        let home = ground.path("home");
        command.current_dir(&home);
        command.env("HOME", &home).env("TMPDIR", &home);
        command.env_remove("XDG_RUNTIME_DIR");
        self.app = Some(Program::serve("app", command)?.0);
        Ok(())
    }

    fn photograph(
        &mut self,
        persona: &str,
        how: &str,
        last_day: Option<String>,
    ) -> Result<PathBuf, Box<dyn Error>> {
        let persona = Persona::load(persona)?;
        let mut passport = Passport::of(&persona).ok_or("this persona has no passport")?;
        if let Some(last_day) = last_day {
            passport.last_day = last_day;
        }
        let mut lines = passport.lines();
        if how == "card" {
            // An identity card of the same size: no check digit covers the first letters.
            lines[0].replace_range(0..1, "I");
        }
        let page = Specimen::new(&lines).picture(DOTS);
        let picture = photograph(&page, how).ok_or("no such photograph")?;
        self.photographs += 1;
        let file = format!("photographs/{}.jpeg", self.photographs);
        let file = self.world.ground.path(&file);
        let picture = picture.jpeg(QUALITY);
        fs::write(&file, picture)?;
        Ok(file)
    }

    /// One more dose than the municipality's file has of the persona.
    fn vaccinate(&self, persona: &str) -> Result<(), Box<dyn Error>> {
        let holder = Persona::load(persona)?.holder;
        let records = repository().join(format!("tests/data/vrs/{HOME}.csv"));
        let records = fs::read_to_string(records)?;
        let (header, rows) = records.split_once('\n').ok_or("no header")?;
        let own: Vec<&str> = rows
            .lines()
            .filter(|row| row.contains(&format!(",{holder},")))
            .collect();
        let last = own.last().ok_or("this persona has no record here")?;
        let mut cells: Vec<&str> = last.split(',').collect();
        for (name, value) in [
            ("年度", "2022"),
            ("接種日", "20220618"),
            ("種別", "3回目"),
            ("請求年月", "202206"),
            ("予診日", "20220618"),
            ("ロット番号", "FP9654"),
        ] {
            let mut columns = header.trim_end().trim_start_matches('\u{feff}').split(',');
            let column = columns.position(|column| column == name);
            cells[column.ok_or("no such column")?] = value;
        }
        let further = cells.join(",");
        let file = self.world.ground.path("vrs/further.csv");
        fs::write(&file, format!("{header}\n{}\n{further}\n", own.join("\n")))?;
        let mut vrs = self.world.ground.vrs();
        run(vrs.args(["import", "--municipality", HOME]).arg(&file))?;
        Ok(())
    }
}

/// The app's configuration, and the file that leads to its page.
const CONFIG: &str = "app/app.toml";
const START: &str = "app/start.html";
/// Where the personas live.
const HOME: &str = "132217";
/// Dots to a millimetre of a photograph.
const DOTS: f32 = 12.0;

/// Of its JPEG.
const QUALITY: u8 = 85;
/// Grey of the table that a passport lies on.
const TABLE: f32 = 90.0;

/// A page photographed in one of the ways that are told apart, always the same.
fn photograph(page: &Photograph, how: &str) -> Option<Photograph> {
    let mut random = Random(1);
    Some(match how {
        "plain" | "card" => page.clone(),
        "turned" => page.turned(8.0, TABLE),
        "inclined" => page.inclined(18.0, -12.0, TABLE),
        "skewed" => page.inclined(52.0, -45.0, TABLE),
        "blurred" => page.blurred(4.5),
        "dark" => page.clone().lit(0.03, 0.03).noisy(3.0, &mut random),
        "glare" => page.clone().shone_upon((0.5, 0.86), (0.12, 0.08), 1.0),
        "cut-off" => page.cut(0.0, 0.0, 1.0, 0.86),
        _ => return None,
    })
}

fn configuration(world: &World, phone: &Phone, port: u16) -> io::Result<Table> {
    let example = fs::read_to_string(repository().join("kiosk-agent/app.example.toml"))?;
    let mut config: Table = example.parse().map_err(io::Error::other)?;
    let services = |file: &str| format!("../pki/services/{file}");
    for (server, address) in [
        ("enrolment", &world.addresses.enrolment),
        ("center", &world.addresses.terminals),
    ] {
        set(&mut config, &format!("{server}.address"), address.as_str());
        set(
            &mut config,
            &format!("{server}.trust.roots"),
            services("ca.pem"),
        );
        set(
            &mut config,
            &format!("{server}.trust.revocations"),
            services("revocations.pem"),
        );
    }
    set(
        &mut config,
        "keystore.socket",
        phone.socket().to_string_lossy().into_owned(),
    );
    set(&mut config, "issuer.iss", crate::world::ISSUER);
    set(&mut config, "issuer.keys", "../center/jwks.json");
    set(&mut config, "issuer.csca", "../center/vdsnc/csca.pem");
    set(&mut config, "page.port", i64::from(port));
    set(&mut config, "page.open", Vec::<toml::Value>::new());
    let public = world.addresses.public.as_str();
    set(&mut config, "verify.center.address", public);
    set(&mut config, "verify.center.roots", services("ca.pem"));
    Ok(config)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
