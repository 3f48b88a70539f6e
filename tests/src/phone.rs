//! Phones: the keystore of one, run by the real `hw-sim`, and the way of an app with it to the center.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use issuance_channel::client::{Deadlines, ServerConfig};
use issuance_channel::tls::TrustFiles;
use tempfile::TempDir;
use terminal::enrolment::EnrolmentConfig;
use terminal::keystore::{Attested, Keystore, KeystoreFailed, SocketKeystore};

use crate::process::{Program, program};
use crate::world::{World, repository};

/// A phone's keystore, running.
pub struct Phone {
    keystore: SocketKeystore,
    /// The program.
    pub program: Program,
    socket: PathBuf,
    _folder: TempDir,
}

impl Phone {
    /// One of `hw-sim/devices`, made by the world's authority.
    ///
    /// # Errors
    /// If it does not become ready.
    pub fn start(world: &World, device: &str) -> io::Result<Self> {
        let folder = TempDir::new()?;
        let socket = folder.path().join("keystore.sock");
        let mut command = Command::new(program("hw-sim"));
        command.args(["keystore", "run", "--authority"]);
        command.arg(world.ground.path("attestation"));
        let devices = repository().join("hw-sim/devices");
        command
            .arg("--device")
            .arg(devices.join(device).with_extension("toml"))
            .arg("--socket")
            .arg(&socket);
        let (program, _) = Program::serve("keystore", command)?;
        Ok(Self {
            keystore: SocketKeystore::at(socket.clone()),
            program,
            socket,
            _folder: folder,
        })
    }

    /// The keystore's socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its keystore.
    #[must_use]
    pub fn keystore(&self) -> Arc<dyn Keystore> {
        Arc::new(self.keystore.clone())
    }

    /// Its keystore, with what goes over it kept for a test to look at.
    #[must_use]
    pub fn watched(&self) -> Arc<Watched> {
        Arc::new(Watched {
            keystore: self.keystore.clone(),
            chains: Mutex::default(),
            signed: Mutex::default(),
        })
    }
}

/// Passes everything on, and keeps it.
pub struct Watched {
    keystore: SocketKeystore,
    chains: Mutex<Vec<Vec<Vec<u8>>>>,
    signed: Mutex<Vec<Vec<u8>>>,
}

impl Watched {
    /// The chains that were made.
    #[must_use]
    pub fn chains(&self) -> Vec<Vec<Vec<u8>>> {
        let chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        chains.clone()
    }

    /// The signatures that were made.
    #[must_use]
    pub fn signatures(&self) -> Vec<Vec<u8>> {
        let signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        signed.clone()
    }
}

impl Keystore for Watched {
    fn generate(&self, challenge: &[u8; 32]) -> Result<Attested, KeystoreFailed> {
        let attested = self.keystore.generate(challenge)?;
        let mut chains = self.chains.lock().unwrap_or_else(PoisonError::into_inner);
        chains.push(attested.chain.clone());
        Ok(attested)
    }

    fn sign(&self, key: u64, message: &[u8]) -> Result<Vec<u8>, KeystoreFailed> {
        let signature = self.keystore.sign(key, message)?;
        let mut signed = self.signed.lock().unwrap_or_else(PoisonError::into_inner);
        signed.push(signature.clone());
        Ok(signature)
    }

    fn delete(&self, key: u64) {
        self.keystore.delete(key);
    }
}

impl World {
    /// Where an app enrols and applies in this world.
    ///
    /// # Panics
    /// Never: the URN is one.
    #[must_use]
    pub fn app(&self) -> EnrolmentConfig {
        let server = |address: &str| ServerConfig {
            address: address.to_owned(),
            way: Default::default(),
            server_name: "localhost".to_owned(),
            expect: "urn:shomei:center:center-1".parse().expect("a URN"),
            trust: TrustFiles {
                roots: self.services("ca.pem"),
                revocations: self.services("revocations.pem"),
            },
            connections: 2,
            body_bytes: 4 * 1024 * 1024,
            deadlines: Deadlines::default(),
        };
        EnrolmentConfig {
            enrolment: server(&self.addresses.enrolment),
            center: server(&self.addresses.terminals),
        }
    }

    fn services(&self, file: &str) -> PathBuf {
        self.ground.path("pki/services").join(file)
    }
}
