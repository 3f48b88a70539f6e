//! Who checks certificates, outside the programs under test.

use std::io;

use issuance_api::CertificateId;
use issuance_api::terminal::IssueAnswer;
use verify::{Content, Country, Csca, Jwks, TrustList, Verdict};

use crate::simulator::Resident;
use crate::world::Ground;

/// Knows under which keys certificates are signed and sealed.
pub(super) struct Verifier {
    keys: Jwks,
    seals: TrustList,
}

impl Verifier {
    /// Of what is issued on this ground.
    pub(super) fn at(ground: &Ground) -> io::Result<Self> {
        let keys = std::fs::read_to_string(ground.path("center/jwks.json"))?;
        let csca = std::fs::read(ground.path("center/vdsnc/csca.pem"))?;
        let mut seals = TrustList::default();
        seals.add_country(Country {
            code: "JPN".to_owned(),
            name: None,
            cscas: Csca::parse_all(&csca).map_err(io::Error::other)?,
            revoked: Vec::new(),
        });
        Ok(Self {
            keys: Jwks::parse(&keys).map_err(io::Error::other)?,
            seals,
        })
    }

    /// Whether all of it holds and says what is this resident's: the health card at this Unix time, and the seal, where it has one.
    pub(super) fn is_of(&self, issued: &IssueAnswer, resident: &Resident, now: i64) -> bool {
        let card = verify::check(issued.jws.expose(), &self.keys, now);
        let (seal, id) = (issued.vds_nc.as_ref(), &issued.certificate_id);
        card.is_ok_and(|card| resident.is_certified_by(&card))
            && seal.is_none_or(|seal| self.is_seal_of(seal.expose(), id, resident))
    }

    fn is_seal_of(&self, text: &str, id: &CertificateId, resident: &Resident) -> bool {
        let documents = verify::read([text]);
        let [document] = &documents[..] else {
            return false;
        };
        // A seal says nothing of its own time, and its signer's is years.
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let report = self.seals.judge(document, now);
        // Nobody has a list of revoked signers here.
        let holds = matches!(report.verdict, Verdict::Valid | Verdict::Unchecked(_));
        let Some(Content::Vaccination(said)) = report.content else {
            return false;
        };
        holds && said.id.expose() == id.to_string().replace('-', "") && resident.is_sealed_by(&said)
    }
}
