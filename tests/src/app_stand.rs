//! An app on a device, and everything around it, for whoever drives its page in a browser of their own: `stage app-stand`.
//!
//! The first line on standard output says what it is; then each line on standard input is a command, and is answered by one
//! line: `{"done":…,"app":PID}` (`null` while it is closed), or `{"refused":"…"}`. Beside those of [`crate::stand`] about reader, center,
//! record system and `pcscd` there are
//!
//! | command | what |
//! |---|---|
//! | `{"close":"app"}`, `{"kill":"app"}`, `{"open":"app"}` | the app ends as told, or at once; it is started again, on its port, with its wallet |
//! | `{"lock_minutes":1}` | it locks itself after so long; it is started again |
//! | `{"key_file":true}`, `false` | a key of the device opens the wallet, or a passphrase; the one there is goes, and the app is started again |
//! | `{"discard":"app"}` | the wallet goes, as when somebody forgot the passphrase; the app is started again |
//! | `{"device":"rooted"}` | the app is on another device of `hw-sim/devices`; it is started again |
//! | `{"passport":{"persona":"gaiji","taken":"glare","last_day":"200101","lines":null}}` | a photograph of the persona's passport (`taken`: [`Taken`], `last_day` and `lines`, a zone of another document, perhaps): `done` is the file |
//! | `{"dose":"ordinary"}` | the municipality records a further dose of the persona's |
//! | `{"fill":["PASSPHRASE",1]}` | copies of one of its certificates are put into the wallet, by the app's own means, until so many places are left; the app is started again |
//! | `{"revoke":["132217","ID"]}` | that municipality revokes the certificate |
//! | `{"search":{"process":PID,"of":"ordinary"}}` | `done` is what a process holds of a persona's holder ([`remains`](crate::experiment::forgetting::remains)) |

use std::error::Error;
use std::fs::Permissions;
use std::io::{self, BufRead};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use dev_pages::photograph::Photograph;
use rustix::process::Signal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use terminal::app::wallet::{MOST, Passphrase, Secret, Wallet};
use zeroize::Zeroizing;

use crate::again::again;
use crate::around::{Around, Carried, Line};
use crate::device::Device;
use crate::passport::Passport;
use crate::passport::specimen::Specimen;
use crate::passport::trial::Kind;
use crate::persona::Persona;
use crate::process::program;
use crate::random::Random;
use crate::reader::Reader;
use crate::stand::say;
use crate::world::{Options, World, repository, run, set};

/// Dots to a millimetre of a photograph.
const DOTS: f32 = 12.0;

/// What a stand is.
#[derive(Debug, Serialize)]
struct Description {
    /// Where the page is.
    page: String,
    /// The file that leads in whoever started the app.
    start: PathBuf,
    /// Control socket of the emulator, and the program that speaks to it.
    control: PathBuf,
    emulator: PathBuf,
    wallet: PathBuf,
    trust: PathBuf,
    /// Where the app's own files would be: its HOME and TMPDIR.
    home: PathBuf,
    /// Everybody's configuration, cards and databases.
    ground: PathBuf,
    /// The issuer's public keys.
    keys: String,
    app: Option<u32>,
    /// The process of `pcscd`.
    service: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Close(Own),
    Kill(Own),
    Open(Own),
    LockMinutes(u16),
    KeyFile(bool),
    Discard(Own),
    Device(String),
    Passport(Wanted),
    Dose(String),
    Fill(String, usize),
    Revoke([String; 2]),
}

/// What is this stand's own.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Own {
    App,
}

/// A photograph that is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    persona: String,
    #[serde(default)]
    taken: Taken,
    /// `YYMMDD`.
    last_day: Option<String>,
    /// In place of the passport's.
    lines: Option<Vec<String>>,
}

/// How a photograph was taken.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Taken {
    /// Well.
    #[default]
    Well,
    /// Turned a little.
    Turned,
    /// Upside down.
    UpsideDown,
    /// With a light over the zone.
    Glare,
    /// Out of focus.
    Blurred,
    /// In the dark.
    Dark,
    /// From far to the side.
    Skewed,
    /// Without the lower line of the zone.
    CutOff,
    /// Well, of an identity card: its zone begins with another letter, which no check digit covers.
    OtherDocument,
}

/// What stands there.
struct Stand {
    // Dropped in this order: the app is the first to go.
    device: Device,
    around: Around,
    photographs: u32,
}

/// Sets it up and carries out commands until there are no more.
///
/// # Errors
/// If something does not start.
pub fn serve() -> Result<(), Box<dyn Error>> {
    // Nobody waits half a minute for what was revoked.
    let world = World::start(&Options {
        center: |config| drop(config.insert("revocations_seconds".to_owned(), 1.into())),
        ..Options::default()
    })?;
    let reader = Reader::start(&world.ground.path("cards/cards"))?;
    let device = Device::start(&world, "genuine")?;
    let mut stand = Stand {
        device,
        around: Around { reader, world },
        photographs: 0,
    };
    say(&stand.describe()?)?;
    for line in io::stdin().lock().lines() {
        let answer = match stand.carry_out(&line?) {
            Ok(done) => json!({"done": done, "app": stand.app()}),
            Err(error) => json!({"refused": error.to_string()}),
        };
        say(&answer)?;
    }
    Ok(())
}

impl Stand {
    fn describe(&self) -> Result<Description, Box<dyn Error>> {
        let Around { reader, world } = &self.around;
        Ok(Description {
            page: self.device.page().to_owned(),
            start: self.device.start_file().to_owned(),
            control: reader.socket().to_owned(),
            emulator: program("hw-sim"),
            wallet: world.ground.path("app/wallet"),
            trust: world.ground.path("app/trust"),
            home: world.ground.path("app/home"),
            ground: world.ground.path(""),
            keys: String::from_utf8(world.published_keys()?)?,
            app: self.app(),
            service: reader.service(),
        })
    }

    fn app(&self) -> Option<u32> {
        self.device.app().map(crate::process::Program::id)
    }

    fn carry_out(&mut self, line: &str) -> Result<Value, Box<dyn Error>> {
        let order = match self.around.carry_out(Line::<Order>::parse(line)?)? {
            Carried::Done(done) => return Ok(done),
            Carried::Own(order) => order,
        };
        let (device, world) = (&mut self.device, &self.around.world);
        match order {
            Order::Close(Own::App) => device.close(Signal::TERM)?,
            Order::Kill(Own::App) => device.close(Signal::KILL)?,
            Order::Open(Own::App) => device.open(world)?,
            Order::LockMinutes(minutes) => device.configure(world, |config| {
                set(config, "patience.lock_minutes", i64::from(minutes));
            })?,
            Order::KeyFile(there) => {
                device.discard(world)?;
                device.configure(world, |config| {
                    let wallet = config["wallet"].as_table_mut();
                    let wallet = wallet.expect("the example has a wallet");
                    wallet.remove("key_file");
                    if there {
                        wallet.insert("key_file".to_owned(), "wallet.key".into());
                    }
                })?;
            }
            Order::Discard(Own::App) => device.discard(world)?,
            Order::Device(name) => device.exchange(world, &name)?,
            Order::Passport(wanted) => return self.photograph(&wanted),
            Order::Dose(persona) => vaccinate(world, &persona)?,
            Order::Fill(passphrase, left) => {
                device.close(Signal::TERM)?;
                fill(&world.ground.path("app/wallet"), passphrase, left)?;
                device.open(world)?;
            }
            Order::Revoke([municipality, id]) => {
                let mut vrs: Command = world.ground.vrs();
                run(vrs.args(["revoke", "--municipality", &municipality, &id]))?;
            }
        }
        Ok(true.into())
    }

    fn photograph(&mut self, wanted: &Wanted) -> Result<Value, Box<dyn Error>> {
        let mut passport =
            Passport::of(&Persona::load(&wanted.persona)?).ok_or("this persona has no passport")?;
        if let Some(day) = &wanted.last_day {
            passport.last_day.clone_from(day);
        }
        let lines = wanted.lines.clone();
        let mut lines = lines.unwrap_or_else(|| passport.lines().to_vec());
        if let (Taken::OtherDocument, Some(upper)) = (wanted.taken, lines.first_mut()) {
            upper.replace_range(0..1, "I");
        }
        let page = Specimen::new(&lines).picture(DOTS);
        self.photographs += 1;
        let name = format!("photograph-{}.jpg", self.photographs);
        let path = self.around.world.ground.path(&name);
        std::fs::write(&path, wanted.taken.of(&page))?;
        Ok(path.to_string_lossy().into_owned().into())
    }
}

impl Taken {
    /// A page so: a JPEG file's content, the same each time.
    fn of(self, page: &Photograph) -> Vec<u8> {
        const TABLE: f32 = 60.0;
        let mut random = Random::new(1);
        let picture = match self {
            Self::Well | Self::OtherDocument => page.clone(),
            Self::Turned => page.turned(6.0, TABLE),
            Self::UpsideDown => page.turned(180.0, TABLE),
            Self::Glare => page.clone().shone_upon((0.5, 0.86), (0.12, 0.08), 1.0),
            Self::Blurred => page.blurred(4.5),
            Self::Dark => page.clone().lit(0.03, 0.03).noisy(3.0, || random.normal()),
            Self::Skewed => return Kind::FarInclined.photograph(page, &mut random),
            Self::CutOff => page.cut(0.0, 0.0, 1.0, 0.86),
        };
        picture.jpeg(90)
    }
}

/// As full as years would make it: every copy is sealed and written as an issued certificate is. In memory first, for each is forced to
/// its disk by itself.
fn fill(folder: &Path, passphrase: String, left: usize) -> Result<(), Box<dyn Error>> {
    let secret = Secret::Passphrase(Passphrase::new(&Zeroizing::new(passphrase))?);
    let owner = Permissions::from_mode(0o700);
    let memory = tempfile::Builder::new()
        .permissions(owner)
        .tempdir_in("/dev/shm")?;
    copy_files(folder, memory.path())?;
    let (mut wallet, _) = Wallet::open(memory.path(), &secret)?;
    let mut all = wallet.certificates().map(|(id, kept)| (id, again(kept)));
    let (id, kept) = all.next().ok_or("there is none to copy")?;
    drop(all);
    let page = wallet.page(id)?;
    while wallet.certificates().count() + left < MOST {
        let id = wallet.put(again(&kept), page.as_bytes())?;
        wallet.reported(id)?;
    }
    drop(wallet);
    Ok(copy_files(memory.path(), folder)?)
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    for file in from.read_dir()? {
        let file = file?;
        std::fs::copy(file.path(), to.join(file.file_name()))?;
    }
    Ok(())
}

/// One more dose than the municipality's file has of the persona.
fn vaccinate(world: &World, persona: &str) -> Result<(), Box<dyn Error>> {
    let persona = Persona::load(persona)?;
    let records = repository().join(format!("tests/data/vrs/{}.csv", persona.municipality));
    let records = std::fs::read_to_string(records)?;
    let (header, rows) = records.split_once('\n').ok_or("no header")?;
    let is_own = |row: &&str| row.contains(&format!(",{},", persona.holder));
    let own: Vec<&str> = rows.lines().filter(is_own).collect();
    let last = own.last().ok_or("this persona has no record there")?;
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
    let (own, further) = (own.join("\n"), cells.join(","));
    let file = world.ground.path("further.csv");
    std::fs::write(&file, format!("{header}\n{own}\n{further}\n"))?;
    let mut vrs: Command = world.ground.vrs();
    vrs.args(["import", "--municipality", &persona.municipality]);
    run(vrs.arg(&file))?;
    Ok(())
}
