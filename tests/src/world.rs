//! A small world to issue certificates in: keys, cards, VRS and center, all real, all on loopback.
//!
//! ```text
//! FOLDER/pki        certificates of terminals and services (dev-pki)
//! FOLDER/cards      the personas' cards, anchors and their CA (hw-sim personalize)
//! FOLDER/attestation who vouches for phones (hw-sim keystore make)
//! FOLDER/programmes the shipped programmes
//! FOLDER/vrs        vrs.toml, statement key, one database and key a municipality
//! FOLDER/center     center.toml, signing key, jwks.json, barcode signers
//! FOLDER/issuer     jwks.json and csca.pem, as terminals pin them
//! FOLDER/csca       CSCA of certificates for abroad
//! FOLDER/kiosk      kiosk.toml; page.toml, with the browser; app.toml, with an app's certificate
//! FOLDER/app        app.toml, wallet and trust list of an app, where there is one
//! ```

use std::io;
use std::process::Command;

use dev_pki::{Issued, Leaf};
use issuance_channel::client::{Client, Config as ClientConfig, Deadlines};
use issuance_channel::tls::TlsFiles;

use crate::process::Program;

mod ground;

pub use ground::{
    ATTENDANT, Edit, FOURTH, Ground, ISSUER, MUNICIPALITIES, Options, Programs, limit, repository,
    set,
};
pub(crate) use ground::{reading, run, sqlite};

/// The world, running.
pub struct World {
    /// Keys, cards and configurations.
    pub ground: Ground,
    /// The record system; none while it is stopped.
    pub vrs: Option<Program>,
    /// The center; none while it is stopped.
    pub center: Option<Program>,
    /// Where they listen.
    pub addresses: Addresses,
}

/// Where the programs listen.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// VRS, for centers.
    pub vrs: String,
    /// VRS, health and metrics.
    pub vrs_admin: String,
    /// Center, for terminals.
    pub terminals: String,
    /// Center, for apps that enrol.
    pub enrolment: String,
    /// Center, public keys.
    pub public: String,
    /// Center, health and metrics.
    pub admin: String,
}

/// A center beside the world's own.
pub struct Beside {
    /// The program.
    pub program: Program,
    urn: String,
    terminals: String,
}

impl Beside {
    /// A client of it with a certificate of the world's `pki/terminals`.
    ///
    /// # Panics
    /// If there is no such certificate.
    #[must_use]
    pub fn terminal(&self, world: &World, certificate: &str) -> Client {
        world.client(
            &self.terminals,
            &self.urn,
            &format!("terminals/{certificate}"),
        )
    }
}

impl World {
    /// Starts VRS and center.
    ///
    /// # Errors
    /// If one of them does not become ready.
    pub fn start(options: &Options) -> io::Result<Self> {
        let ground = Ground::prepare(options)?;
        let mut world = Self {
            ground,
            vrs: None,
            center: None,
            addresses: Addresses::default(),
        };
        world.start_vrs()?;
        world
            .ground
            .prepare_center(&world.addresses, options.center)?;
        world.start_center()?;
        world.ground.prepare_kiosk(&world.addresses)?;
        Ok(world)
    }

    /// Starts VRS, where it listened before.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn start_vrs(&mut self) -> io::Result<()> {
        let (vrs, mut ready) = Program::serve("vrs", self.ground.serving_vrs())?;
        self.vrs = Some(vrs);
        self.addresses.vrs = ready.remove("centers").unwrap_or_default();
        self.addresses.vrs_admin = ready.remove("admin").unwrap_or_default();
        let address = self.addresses.vrs.as_str();
        self.ground.edit("vrs/vrs.toml", |config| {
            set(config, "listen.centers", address)
        })
    }

    /// Starts the center, where it listened before.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn start_center(&mut self) -> io::Result<()> {
        let (center, mut ready) = Program::serve("center", self.ground.center())?;
        self.center = Some(center);
        let mut address = |name| ready.remove(name).unwrap_or_default();
        self.addresses.terminals = address("terminals");
        self.addresses.enrolment = address("enrolment");
        self.addresses.public = address("public");
        self.addresses.admin = address("admin");
        let Addresses {
            terminals,
            enrolment,
            public,
            ..
        } = &self.addresses;
        self.ground.edit("center/center.toml", |config| {
            set(config, "terminals.listen", terminals.as_str());
            set(config, "enrolment.listener.listen", enrolment.as_str());
            set(config, "public.listen", public.as_str());
        })
    }

    /// Starts another center beside the first, with the same keys, under a name and with a certificate of its own. VRS has to know the name.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn start_beside(&self, id: &str) -> io::Result<Beside> {
        let urn = format!("urn:shomei:center:{id}");
        let leaf = Leaf::service(&urn, time::Duration::days(1));
        let services = &self.ground.pki.services;
        services.issue(id, &leaf).map_err(io::Error::other)?;
        let file = format!("center/{id}.toml");
        std::fs::copy(
            self.ground.path("center/center.toml"),
            self.ground.path(&file),
        )?;
        self.ground.edit(&file, |config| {
            set(config, "id", id);
            for listener in ["terminals", "enrolment.listener", "public", "admin"] {
                set(config, &format!("{listener}.listen"), "127.0.0.1:0");
            }
            for user in ["terminals", "enrolment.listener", "vrs"] {
                for (key, extension) in [("certificate", "pem"), ("key", "key")] {
                    let own = format!("../pki/services/{id}.{extension}");
                    set(config, &format!("{user}.tls.{key}"), own);
                }
            }
        })?;
        let command = self.ground.center_of(&file);
        let (program, mut ready) = Program::serve("center", command)?;
        Ok(Beside {
            program,
            urn,
            terminals: ready.remove("terminals").unwrap_or_default(),
        })
    }

    /// A certificate for a kiosk of that name, which lasts a day: the [`terminal`](Self::terminal) of that name has it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn certify(&self, name: &str) -> io::Result<Issued> {
        let urn = format!("urn:shomei:terminal:kiosk:dev:{name}");
        let leaf = Leaf::terminal(&urn, time::Duration::days(1));
        let issued = self.ground.pki.terminals.issue(name, &leaf);
        issued.map_err(io::Error::other)
    }

    /// What the center publishes at `/.well-known/jwks.json`, fetched over TLS by a program that is not ours.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn published_keys(&self) -> io::Result<Vec<u8>> {
        self.fetch_public("/.well-known/jwks.json")
    }

    /// A document of the public listener, fetched with `curl`.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn fetch_public(&self, path: &str) -> io::Result<Vec<u8>> {
        let port = self.addresses.public.rsplit(':').next().unwrap_or_default();
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--fail",
            "--noproxy",
            "*",
            "--max-time",
            "10",
            "--cacert",
        ]);
        curl.arg(self.ground.path("pki/services/ca.pem"));
        run(curl.arg(format!("https://localhost:{port}{path}")))
    }

    /// The center's `/metrics`, fetched with `curl`.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn center_metrics(&self) -> io::Result<String> {
        self.metrics(&self.addresses.admin)
    }

    /// The `/metrics` of whoever listens there for it, fetched with `curl`.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn metrics(&self, admin: &str) -> io::Result<String> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--fail", "--noproxy", "*", "--max-time", "10"]);
        let metrics = run(curl.arg(format!("http://{admin}/metrics")))?;
        String::from_utf8(metrics).map_err(io::Error::other)
    }

    /// Whether the terminals' listener answers a client without a certificate, here `curl`.
    ///
    /// # Errors
    /// If `curl` cannot be run.
    pub fn answers_without_certificate(&self, path: &str) -> io::Result<bool> {
        let port = self
            .addresses
            .terminals
            .rsplit(':')
            .next()
            .unwrap_or_default();
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--noproxy", "*", "--max-time", "10", "--cacert"]);
        curl.arg(self.ground.path("pki/services/ca.pem"));
        let output = curl
            .arg(format!("https://localhost:{port}{path}"))
            .output()?;
        Ok(output.status.success())
    }

    /// Certificates in a municipality's register, counted by a program that is not ours.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn registered(&self, municipality: &str) -> io::Result<u64> {
        let database = format!("vrs/data/{municipality}.sqlite");
        let mut sqlite = reading(&self.ground.path(&database));
        let count = run(sqlite.arg("SELECT count(*) FROM certificate"))?;
        String::from_utf8_lossy(&count)
            .trim()
            .parse()
            .map_err(io::Error::other)
    }

    /// Whether the public revocation list of its key names a card.
    ///
    /// # Errors
    /// If the list cannot be fetched, or the card is none.
    pub fn is_revoked(&self, jws: &str) -> io::Result<bool> {
        let keys = String::from_utf8(self.published_keys()?).map_err(io::Error::other)?;
        let keys = verify::Jwks::parse(&keys).map_err(io::Error::other)?;
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let card = verify::check(jws, &keys, now).map_err(io::Error::other)?;
        let list = self.fetch_public(&format!("/.well-known/crl/{}.json", card.kid))?;
        let list: serde_json::Value = serde_json::from_slice(&list)?;
        let rids = list["rids"].as_array().ok_or(io::ErrorKind::InvalidData)?;
        Ok(rids.iter().any(|rid| rid.as_str() == card.rid.as_deref()))
    }

    /// A client of the center with a certificate of `pki/terminals`.
    ///
    /// # Panics
    /// If there is no such certificate.
    #[must_use]
    pub fn terminal(&self, certificate: &str) -> Client {
        self.client_of_center(&format!("terminals/{certificate}"))
    }

    /// A client of the center with any certificate below `pki`.
    ///
    /// # Panics
    /// If there is no such certificate.
    #[must_use]
    pub fn client_of_center(&self, certificate: &str) -> Client {
        self.client(
            &self.addresses.terminals,
            "urn:shomei:center:center-1",
            certificate,
        )
    }

    /// A client of VRS with any certificate below `pki`.
    ///
    /// # Panics
    /// If there is no such certificate.
    #[must_use]
    pub fn client_of_vrs(&self, certificate: &str) -> Client {
        self.client(&self.addresses.vrs, "urn:shomei:vrs:vrs-1", certificate)
    }

    /// A client of VRS with the center's certificate: what a center gone bad has.
    ///
    /// # Panics
    /// If the center's certificate cannot be read.
    #[must_use]
    pub fn as_center(&self) -> Client {
        self.client_of_vrs("services/center")
    }

    fn client(&self, address: &str, expect: &str, certificate: &str) -> Client {
        let certificate = self.ground.path("pki").join(certificate);
        let services = self.ground.path("pki/services");
        Client::new(ClientConfig {
            address: address.to_owned(),
            way: Default::default(),
            server_name: "localhost".to_owned(),
            expect: expect.parse().expect("a service's URN"),
            tls: TlsFiles {
                certificate: certificate.with_extension("pem"),
                key: certificate.with_extension("key"),
                roots: services.join("ca.pem"),
                revocations: services.join("revocations.pem"),
            },
            connections: 4,
            body_bytes: 4 * 1024 * 1024,
            deadlines: Deadlines::default(),
        })
        .expect("the development PKI has this certificate")
    }
}
