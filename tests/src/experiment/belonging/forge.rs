//! Forgeries by whoever has the center's keys, or keys that nobody knows, on pages that carry exactly them.

use std::io;
use std::path::Path;
use std::sync::Arc;

use card::trust::Environment;
use issuance_api::terminal::{IssueAnswer, Preview};
use issuance_api::{Array, Personal, PersonalBytes};
use issuance_center::certificate::page::Content;
use issuance_center::certificate::qr::Symbol;
use issuance_center::certificate::shc::{Claims, Issuer, Jws, Payload};
use issuance_center::certificate::vdsnc::{self, Data, VdsNc};
use issuance_center::signing::vdsnc::{Csca, SignerCertificate, store};
use issuance_center::signing::{KeyFile, Signer};
use time::OffsetDateTime;

use crate::simulator::town::Town;

/// Under whose keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// The center's.
    Center,
    /// Signed with a key that nobody has published.
    UnknownKey,
    /// Sealed by the signer of a CSCA that nobody has pinned.
    UnknownCsca,
}

struct Sealer {
    key: KeyFile,
    certificate: Vec<u8>,
}

pub(super) struct Forge {
    key: KeyFile,
    unknown_key: KeyFile,
    sealer: Sealer,
    unknown_sealer: Sealer,
    issuer: Issuer,
    works: Arc<crate::simulator::Works>,
}

impl Sealer {
    /// The last signer of a folder.
    fn read(signers: &Path, csca: &Path) -> io::Result<Self> {
        let files = signers.read_dir()?.filter_map(Result::ok);
        let keys = files.map(|entry| entry.path());
        let key = keys
            .filter(|path| path.extension().is_some_and(|it| it == "key"))
            .max();
        let key = key.ok_or_else(|| io::Error::other("no barcode signer"))?;
        let csca = Csca::read(&std::fs::read_to_string(csca)?).map_err(io::Error::other)?;
        let certificate = std::fs::read_to_string(key.with_extension("pem"))?;
        let certificate = SignerCertificate::read(&certificate, &csca).map_err(io::Error::other)?;
        Ok(Self {
            key: KeyFile::load(&key).map_err(io::Error::other)?,
            certificate: certificate.der().to_vec(),
        })
    }
}

impl Forge {
    pub(super) fn new(town: &Town) -> io::Result<Self> {
        let ground = &town.ground;
        let (unknown, csca) = (ground.path("unknown.pem"), ground.path("unknown-csca"));
        KeyFile::create(&unknown, Environment::Emulator).map_err(io::Error::other)?;
        let signers = csca.join("signers");
        let now = OffsetDateTime::now_utc();
        store::new(&csca, &signers, "Unknown", Environment::Emulator, now)
            .map_err(io::Error::other)?;
        Ok(Self {
            key: town.works.signing_key()?,
            unknown_key: KeyFile::load(&unknown).map_err(io::Error::other)?,
            sealer: Sealer::read(
                &ground.path("center/signing/vdsnc"),
                &ground.path("center/vdsnc/csca.pem"),
            )?,
            unknown_sealer: Sealer::read(&signers, &csca.join("csca.pem"))?,
            issuer: town.works.issuer().clone(),
            works: Arc::clone(&town.works),
        })
    }

    /// A certificate whose health card says what the first preview says, its seal what the second does, and that otherwise is what was issued.
    pub(super) fn certificate(
        &self,
        by: By,
        in_card: &Preview,
        in_seal: &Preview,
        issued: &IssueAnswer,
    ) -> Option<IssueAnswer> {
        let programme = self.works.programmes().find(&in_card.programme)?;
        let payload = Payload::new(&Claims {
            issuer: &self.issuer,
            not_before: 1_790_000_000,
            types: programme.health_card_types(),
            holder: &in_card.holder,
            passport: in_card.passport.as_deref(),
            authority: &in_card.authority.name,
            doses: &in_card.doses,
            rid: &Array::new([5; 12]),
        });
        let key = match by {
            By::UnknownKey => &self.unknown_key,
            By::Center | By::UnknownCsca => &self.key,
        };
        let sign = |message: &[u8]| key.sign(message);
        let jws = Jws::assemble(&payload.ok()?, key.public().kid(), sign).ok()?;
        let seal = match &issued.vds_nc {
            Some(_) => Some(self.seal(by, in_seal, issued)?),
            None => None,
        };
        let symbol = Symbol::of(&jws).ok()?;
        let seal_symbol = seal.as_ref().map(Symbol::of_seal).transpose().ok()?;
        let page = self.works.typesetter().set(&Content {
            programme,
            preview: in_card,
            certificate_id: &issued.certificate_id,
            symbol: &symbol,
            seal: seal_symbol.as_ref(),
        });
        Some(IssueAnswer {
            certificate_id: issued.certificate_id,
            jws: jws.into_personal(),
            vds_nc: seal.map(VdsNc::into_personal),
            page: page.ok()?,
        })
    }

    fn seal(&self, by: By, preview: &Preview, issued: &IssueAnswer) -> Option<VdsNc> {
        let programme = self.works.programmes().find(&preview.programme)?;
        let sealer = match by {
            By::UnknownCsca => &self.unknown_sealer,
            By::Center | By::UnknownKey => &self.sealer,
        };
        let claims = vdsnc::Claims {
            certificate_id: &issued.certificate_id,
            passport: preview.passport.as_deref()?,
            birth_date: &preview.holder.birth_date,
            authority: &preview.authority,
            disease: &programme.disease().icd11,
            doses: &preview.doses,
        };
        let data = Data::new(&claims, sealer.certificate.len()).ok()?;
        VdsNc::assemble(&data, &sealer.certificate, |data| sealer.key.sign(data)).ok()
    }
}

/// With one bit of this byte otherwise.
pub(super) fn flipped(text: &Personal, at: usize) -> Personal {
    let mut characters: Vec<char> = text.expose().chars().collect();
    let at = at % characters.len();
    // What stays what it is, and is not the same.
    characters[at] = match characters[at] {
        'A' => 'B',
        '0' => '1',
        character if character.is_ascii_digit() => '0',
        character if character.is_ascii_alphabetic() => 'A',
        _ => 'x',
    };
    Personal::new(characters.into_iter().collect())
}

/// The first bytes of a page.
pub(super) fn cut(page: &PersonalBytes, at: usize) -> PersonalBytes {
    let bytes = page.as_bytes();
    PersonalBytes::new(bytes[..at % bytes.len()].to_vec())
}
