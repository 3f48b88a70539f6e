//! Certificates of the wallet as they are shown: in the list, and in full.

use std::sync::Arc;

use issuance_api::terminal::{Localized, Preview};
use issuance_api::{
    CertificateId, CertificateKind, MunicipalityCode, Personal, PersonalBytes, ProgrammeId,
};
use qrcode::{Color, EcLevel, QrCode};
use serde::Deserialize;

use super::screen::{Code, CodeName, Entry};
use super::wallet::{Id, Kept, Wallet, WalletError};

/// A certificate in the list.
#[derive(Debug)]
pub struct Listed {
    id: Id,
    name: Localized,
    issued: u64,
    pub(super) says: Arc<Preview>,
    older: bool,
    lapses: bool,
}

/// A certificate in full.
#[derive(Debug)]
pub struct Opened {
    pub(super) listed: Listed,
    /// For abroad: its id, with hyphens.
    pub(super) number: Option<Personal>,
    pub(super) codes: Vec<Code>,
    page: PersonalBytes,
}

/// What a certificate is issued again as: after a new dose.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Programme.
    pub programme: ProgrammeId,
    /// Kind.
    pub kind: CertificateKind,
    /// Municipality.
    pub municipality: MunicipalityCode,
}

impl Listed {
    fn of(id: Id, kept: &Kept, wallet: &Wallet) -> Self {
        let says = &kept.says;
        let is_newer = |(other, it): (Id, &Kept)| {
            let same = it.says.holder == says.holder
                && it.says.programme == says.programme
                && it.says.kind == says.kind
                && it.says.authority.code == says.authority.code;
            // One that lapses takes no other's place, and gives way to one of the same second.
            let later = (it.issued, wallet.lapses(id), other) > (kept.issued, false, id);
            same && !wallet.lapses(other) && later
        };
        Self {
            id,
            name: kept.name.clone(),
            issued: kept.issued,
            says: Arc::clone(says),
            older: wallet.certificates().any(is_newer),
            lapses: wallet.lapses(id),
        }
    }

    /// Which it is.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.id
    }

    /// As the page is told.
    pub(super) fn entry(&self) -> Entry<'_> {
        Entry {
            id: self.id,
            programme: &self.says.programme,
            name: &self.name,
            kind: self.says.kind,
            authority: &self.says.authority,
            issued_on: self.says.issued_on,
            doses: self.says.doses.len(),
            older: self.older,
            lapses: self.lapses,
        }
    }
}

/// Everything there is: a person's certificates together, the newest first, and first whoever has the newest.
#[must_use]
pub fn list(wallet: &Wallet) -> Vec<Listed> {
    let all = wallet.certificates();
    let mut all: Vec<_> = all.map(|(id, kept)| Listed::of(id, kept, wallet)).collect();
    all.sort_by_key(|listed| std::cmp::Reverse((listed.issued, listed.id)));
    let mut by_person: Vec<Listed> = Vec::with_capacity(all.len());
    for listed in all {
        let own = by_person
            .iter()
            .rposition(|it| it.says.holder == listed.says.holder);
        by_person.insert(own.map_or(by_person.len(), |own| own + 1), listed);
    }
    by_person
}

impl Opened {
    /// One of the wallet's.
    ///
    /// # Errors
    /// [`WalletError::Unknown`], [`WalletError::Broken`], [`WalletError::Disk`]; [`WalletError::Broken`] if it fits into no QR code
    /// either.
    pub fn of(id: Id, wallet: &Wallet) -> Result<Self, WalletError> {
        let kept = wallet.certificate(id).ok_or(WalletError::Unknown)?;
        let page = wallet.page(id)?;
        let card = code(CodeName::HealthCard, &kept.qr_text());
        let seal = kept.seal.as_ref();
        let seal = seal.map(|seal| code(CodeName::VdsNc, seal.expose()));
        let codes = std::iter::once(card).chain(seal);
        Ok(Self {
            listed: Listed::of(id, kept, wallet),
            number: kept.seal.as_ref().and_then(number),
            codes: codes.collect::<Option<_>>().ok_or(WalletError::Broken)?,
            page,
        })
    }

    /// Its page: one PDF.
    #[must_use]
    pub fn page(&self) -> &[u8] {
        self.page.as_bytes()
    }

    /// What it is issued again as.
    #[must_use]
    pub fn proposal(&self) -> Proposal {
        Proposal {
            programme: self.listed.says.programme.clone(),
            kind: self.listed.says.kind,
            municipality: self.listed.says.authority.code,
        }
    }

    /// Whether it lapses, for the center may not know that it is here.
    #[must_use]
    pub const fn lapses(&self) -> bool {
        self.listed.lapses
    }

    /// Whether name and birth date can be hidden.
    pub(super) fn hides(&self) -> bool {
        self.listed.says.kind == CertificateKind::Domestic
    }
}

/// The certificate's id, as the VDS-NC has it and people write it.
fn number(seal: &Personal) -> Option<Personal> {
    #[derive(Deserialize)]
    struct Seal<'a> {
        #[serde(borrow)]
        data: Data<'a>,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        msg: Message<'a>,
    }
    #[derive(Deserialize)]
    struct Message<'a> {
        uvci: &'a str,
    }
    let seal: Seal<'_> = serde_json::from_str(seal.expose()).ok()?;
    let id: CertificateId = seal.data.msg.uvci.parse().ok()?;
    Some(Personal::new(id.to_string()))
}

/// As large as a screen shows it, and as easy to read: with little redundancy, for nothing is smudged.
fn code(name: CodeName, text: &str) -> Option<Code> {
    let symbol = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let modules = symbol.to_colors();
    let rows = modules.chunks(symbol.width()).map(|row| {
        let module = |module: &Color| module.select('1', '0');
        row.iter().map(module).collect()
    });
    Some(Code {
        name,
        rows: rows.collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rqrr::PreparedImage;
    use tempfile::TempDir;

    use super::*;
    use crate::app::wallet::{DeviceKey, Secret};
    use crate::handover::testing::{preview, said};

    fn wallet(folder: &Path) -> Wallet {
        let key = DeviceKey::create(&folder.join("key")).unwrap();
        Wallet::create(&folder.join("wallet"), &Secret::DeviceKey(key)).unwrap()
    }

    fn kept(name: &str, issued: u64, kind: CertificateKind) -> Kept {
        let mut says = preview();
        says.holder.name = Personal::new(name.to_owned());
        says.kind = kind;
        Kept {
            jws: Personal::new("eyJ-abc.DEF_123".to_owned()),
            seal: (kind == CertificateKind::Abroad).then(|| Personal::new("{\"data\":1}".into())),
            issued,
            name: said("COVID-19"),
            says: Arc::new(says),
        }
    }

    #[test]
    fn the_list_is_by_person_with_the_newest_first_and_marks_what_is_older() {
        use CertificateKind::{Abroad, Domestic};
        let folder = TempDir::new().unwrap();
        let mut wallet = wallet(folder.path());
        for (name, issued, kind) in [
            ("甲", 10, Domestic),
            ("乙", 20, Domestic),
            ("甲", 30, Domestic),
            ("甲", 15, Abroad),
        ] {
            let id = wallet.put(kept(name, issued, kind), b"%PDF").unwrap();
            wallet.reported(id).unwrap();
        }
        let listed = list(&wallet);
        let said: Vec<_> = listed
            .iter()
            .map(|it| (it.says.holder.name.expose(), it.issued, it.older))
            .collect();
        let expected = [
            ("甲", 30, false),
            ("甲", 15, false),
            ("甲", 10, true),
            ("乙", 20, false),
        ];
        assert_eq!(said, expected);
        // What lapses is no newer one.
        wallet.put(kept("甲", 40, Domestic), b"%PDF").unwrap();
        let listed = list(&wallet);
        let said = listed.iter().take(2).map(|it| (it.lapses, it.older));
        assert_eq!(said.collect::<Vec<_>>(), [(true, false), (false, false)]);
    }

    #[test]
    fn its_id_is_the_one_on_its_page() {
        let id = CertificateId::from_mac(&[7; 32]);
        let uvci = id.to_string().replace('-', "");
        let seal = format!(r#"{{"data":{{"hdr":{{"v":1}},"msg":{{"uvci":"{uvci}"}}}}}}"#);
        let number_of = |seal: &str| number(&Personal::new(seal.to_owned()));
        let said = number_of(&seal).unwrap();
        assert_eq!(said.expose(), id.to_string());
        assert!(number_of("{\"data\":1}").is_none());
    }

    #[test]
    fn its_codes_read_as_what_is_kept() {
        let folder = TempDir::new().unwrap();
        let mut wallet = wallet(folder.path());
        let kept = kept("甲", 1, CertificateKind::Abroad);
        let texts = [
            kept.qr_text().to_string(),
            kept.seal.as_ref().unwrap().expose().to_owned(),
        ];
        let id = wallet.put(kept, b"%PDF").unwrap();
        let opened = Opened::of(id, &wallet).unwrap();
        for (code, text) in opened.codes.iter().zip(texts) {
            let side = (code.rows.len() + 8) * 4;
            let dark = |x: usize, y: usize| {
                let at = |at: usize| (at / 4).checked_sub(4);
                let row = at(y).and_then(|y| code.rows.get(y));
                let module = row.zip(at(x)).and_then(|(row, x)| row.as_bytes().get(x));
                module == Some(&b'1')
            };
            let grey = |x, y| if dark(x, y) { 0 } else { 255 };
            let mut image = PreparedImage::prepare_from_greyscale(side, side, grey);
            let (_, read) = image.detect_grids()[0].decode().unwrap();
            assert_eq!(read, text);
        }
    }
}
