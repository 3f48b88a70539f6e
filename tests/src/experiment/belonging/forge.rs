//! Forgeries by whoever has the center's keys: certificates that verify, on pages that carry exactly them.

use std::io;
use std::sync::Arc;

use issuance_api::terminal::{IssueAnswer, Preview};
use issuance_api::{Array, Personal, PersonalBytes};
use issuance_center::center::Center;
use issuance_center::certificate::page::Content;
use issuance_center::certificate::qr::Symbol;
use issuance_center::certificate::shc::{Claims, Issuer, Jws, Payload};
use issuance_center::certificate::vdsnc::{self, Data, VdsNc};
use issuance_center::registry::Registry;
use issuance_center::signing::{KeyFile, Signer};

use crate::simulator::Clock;
use crate::simulator::town::Town;

pub(super) struct Forge {
    key: KeyFile,
    seal_key: KeyFile,
    seal_certificate: Vec<u8>,
    issuer: Issuer,
    works: Arc<crate::simulator::Works>,
}

impl Forge {
    pub(super) fn new<R: Registry>(
        town: &Town,
        center: &Center<R>,
        clock: &Clock,
    ) -> io::Result<Self> {
        let none = || io::Error::other("no barcode signer");
        let signers = center.parts().signing.barcodes().ok_or_else(none)?;
        let current = signers.current(clock.now()).ok_or_else(none)?;
        let folder = town.ground.path("center/signing/vdsnc").read_dir()?;
        let keys = folder.filter_map(Result::ok).map(|entry| entry.path());
        let key = keys
            .filter(|path| path.extension().is_some_and(|it| it == "key"))
            .max();
        Ok(Self {
            key: town.works.signing_key()?,
            seal_key: KeyFile::load(&key.ok_or_else(none)?).map_err(io::Error::other)?,
            seal_certificate: current.certificate().der().to_vec(),
            issuer: town.works.issuer().clone(),
            works: Arc::clone(&town.works),
        })
    }

    /// A certificate that says what this preview says, and otherwise is what was issued.
    pub(super) fn certificate(
        &self,
        preview: &Preview,
        issued: &IssueAnswer,
    ) -> Option<IssueAnswer> {
        let programme = self.works.programmes().find(&preview.programme)?;
        let payload = Payload::new(&Claims {
            issuer: &self.issuer,
            not_before: 1_790_000_000,
            types: programme.health_card_types(),
            holder: &preview.holder,
            passport: preview.passport.as_deref(),
            authority: &preview.authority.name,
            doses: &preview.doses,
            rid: &Array::new([5; 12]),
        });
        let sign = |message: &[u8]| self.key.sign(message);
        let jws = Jws::assemble(&payload.ok()?, self.key.public().kid(), sign).ok()?;
        let seal = issued.vds_nc.as_ref().map(|_| self.seal(preview, issued));
        let seal = match seal {
            Some(seal) => Some(seal?),
            None => None,
        };
        let symbol = Symbol::of(&jws).ok()?;
        let seal_symbol = seal.as_ref().map(Symbol::of_seal).transpose().ok()?;
        let page = self.works.typesetter().set(&Content {
            programme,
            preview,
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

    fn seal(&self, preview: &Preview, issued: &IssueAnswer) -> Option<VdsNc> {
        let programme = self.works.programmes().find(&preview.programme)?;
        let claims = vdsnc::Claims {
            certificate_id: &issued.certificate_id,
            passport: preview.passport.as_deref()?,
            birth_date: &preview.holder.birth_date,
            authority: &preview.authority,
            disease: &programme.disease().icd11,
            doses: &preview.doses,
        };
        let data = Data::new(&claims, self.seal_certificate.len()).ok()?;
        VdsNc::assemble(&data, &self.seal_certificate, |data| {
            self.seal_key.sign(data)
        })
        .ok()
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
