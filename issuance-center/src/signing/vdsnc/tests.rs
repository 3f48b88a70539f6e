use std::os::unix::fs::PermissionsExt;

use p256::{
    SecretKey, ecdsa::DerSignature, ecdsa::SigningKey, elliptic_curve::Generate,
    pkcs8::EncodePublicKey,
};
use time::{Duration, macros::datetime};
use x509_cert::{
    Certificate,
    builder::{self, Builder, CertificateBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    der::{EncodePem, asn1::ObjectIdentifier, asn1::OctetString, pem::LineEnding},
    ext::Extension,
    name::Name,
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::Validity,
};

use super::{
    store::{self, Listed, StoreError},
    *,
};

const NOW: OffsetDateTime = datetime!(2026-11-24 10:00 UTC);

const CHANGED: Reloaded = Reloaded {
    changed: true,
    unreadable: None,
};

struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Self {
        let keys = Self(tempfile::tempdir().unwrap());
        let environment = Environment::Emulator;
        store::new(&keys.csca(), &keys.signers(), "CSCA", environment, NOW).unwrap();
        keys
    }

    fn csca(&self) -> PathBuf {
        self.0.path().join("csca")
    }

    fn signers(&self) -> PathBuf {
        self.0.path().join("signers")
    }

    fn paths(&self) -> SignerPaths {
        SignerPaths {
            csca: self.csca().join("csca.pem"),
            list: self.csca().join("csca.crl.pem"),
            former: Vec::new(),
            signers: self.signers(),
        }
    }

    fn load(&self, now: OffsetDateTime) -> Result<BarcodeSigners, SignersError> {
        BarcodeSigners::load(&self.paths(), Environment::Emulator, now)
    }

    /// The one certificate there is.
    fn signer(&self) -> PathBuf {
        certificates(&self.signers()).unwrap().pop().unwrap()
    }
}

#[test]
fn what_is_made_is_what_it_has_to_be_and_its_keys_are_their_owners_alone() {
    let keys = Keys::new();
    let signers = keys.load(NOW).unwrap();
    let signer = signers.current(NOW).unwrap();
    let (from, until) = signer.certificate().signs();
    assert_eq!((until - from).whole_days(), 95);
    assert_eq!(
        signer.certificate().valid_until().date(),
        time::macros::date!(2037 - 02 - 27)
    );
    let der = signer.certificate().der().len();
    assert!(der < 400, "{der} bytes: it stands in every barcode");
    for key in [
        keys.csca().join("csca.key"),
        keys.signer().with_extension("key"),
    ] {
        let mode = fs::metadata(key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // The CSCA's key is not needed: the center has none.
    fs::remove_file(keys.csca().join("csca.key")).unwrap();
    assert!(keys.load(NOW).is_ok());
    let again = store::new(
        &keys.csca(),
        &keys.signers(),
        "CSCA",
        Environment::Emulator,
        NOW,
    );
    assert!(matches!(again, Ok(()) | Err(StoreError::NotWritten(_))));
}

#[test]
fn nothing_that_is_there_is_written_over() {
    let keys = Keys::new();
    let before = fs::read(keys.csca().join("csca.pem")).unwrap();
    let (other, empty) = (keys.0.path().join("other"), keys.0.path().join("empty"));
    let again = |csca: &Path, signers: &Path| {
        store::new(csca, signers, "CSCA", Environment::Emulator, NOW).unwrap_err()
    };
    assert!(matches!(
        again(&keys.csca(), &empty),
        StoreError::Key(KeyError::NotWritten(_))
    ));
    assert!(
        matches!(again(&other, &keys.signers()), StoreError::NotWritten(path) if path == keys.signers())
    );
    assert_eq!(fs::read(keys.csca().join("csca.pem")).unwrap(), before);
}

#[test]
fn a_signer_signs_in_its_time_and_the_next_takes_over_by_itself() {
    let keys = Keys::new();
    let first = keys.load(NOW).unwrap();
    let first = first.current(NOW).unwrap().certificate().serial();
    let later = NOW + Duration::days(80);
    store::rotate(&keys.csca(), &keys.signers(), later).unwrap();
    let signers = keys.load(NOW).unwrap();
    let serial = |at| signers.current(at).map(|it| it.certificate().serial());
    assert_eq!(serial(NOW), Some(first.clone()));
    assert_eq!(serial(NOW + Duration::days(79)), Some(first.clone()));
    assert_ne!(serial(NOW + Duration::days(81)), Some(first));
    // A list for ninety days, and two signers for 95 from their first: then nobody signs.
    assert_eq!(
        serial(NOW + Duration::days(91)),
        None,
        "the list has expired"
    );
    store::crl(
        &keys.csca(),
        &keys.signers(),
        &[],
        90,
        NOW + Duration::days(90),
    )
    .unwrap();
    assert_eq!(signers.reload(), CHANGED);
    assert_eq!(signers.reload(), Reloaded::default());
    let serial = |at| signers.current(at).map(|it| it.certificate().serial());
    assert!(serial(NOW + Duration::days(174)).is_some());
    assert_eq!(
        serial(NOW + Duration::days(176)),
        None,
        "both signers are over"
    );
}

#[test]
fn what_stops_the_start_is_said() {
    let keys = Keys::new();
    let signer = keys.signer();
    let key = signer.with_extension("key");

    let over = NOW + Duration::days(96);
    store::crl(&keys.csca(), &keys.signers(), &[], 90, over).unwrap();
    let said = keys.load(over).err().unwrap().to_string();
    assert!(
        said.contains("signing period") && said.contains("2027-02-27"),
        "{said}"
    );
    let too_late = keys.load(over + Duration::days(91));
    assert_eq!(
        too_late.err(),
        Some(SignersError::ListOver(keys.paths().list))
    );
    let never = datetime!(2042-01-01 00:00 UTC);
    assert_eq!(
        keys.load(never).err(),
        Some(SignersError::CscaOver(keys.paths().csca))
    );

    let other = BarcodeSigners::load(&keys.paths(), Environment::Production, NOW);
    assert_eq!(other.err(), Some(SignersError::Environment(key.clone())));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(
        keys.load(NOW).err(),
        Some(SignersError::Key(KeyError::Exposed(key.clone())))
    );
    fs::remove_file(&key).unwrap();
    assert_eq!(keys.load(NOW).err(), Some(SignersError::NoKey(key.clone())));
    KeyFile::write(&SecretKey::generate(), &key, Environment::Emulator).unwrap();
    assert_eq!(keys.load(NOW).err(), Some(SignersError::OtherKey(key)));
    fs::remove_file(&signer).unwrap();
    assert_eq!(
        keys.load(NOW).err(),
        Some(SignersError::NoSigner(keys.signers()))
    );
    fs::write(&signer, "-----BEGIN CERTIFICATE-----\n").unwrap();
    assert!(matches!(
        keys.load(NOW),
        Err(SignersError::Profile {
            rule: ProfileError::Form,
            ..
        })
    ));

    // A signer of somebody else's CSCA.
    let others = Keys::new();
    fs::copy(others.signer(), &signer).unwrap();
    let said = keys.load(NOW).err().unwrap().to_string();
    assert!(said.contains("signature"), "{said}");
}

#[test]
fn a_revoked_signer_signs_no_more_and_stays_revoked() {
    let keys = Keys::new();
    let signers = keys.load(NOW).unwrap();
    let serial = signers.current(NOW).unwrap().certificate().serial();
    let crl = |revoke: &[String]| store::crl(&keys.csca(), &keys.signers(), revoke, 30, NOW);
    let unknown = crl(&["40".to_owned()]);
    assert!(matches!(unknown, Err(StoreError::UnknownSerial(_))));
    let old = fs::read(keys.paths().list).unwrap();
    crl(std::slice::from_ref(&serial)).unwrap();
    assert_eq!(signers.reload(), CHANGED);
    assert!(signers.current(NOW).is_none());
    let fingerprint = signers.signers()[0].fingerprint().clone();
    assert!(signers.find(&fingerprint, NOW).is_none());
    assert_eq!(
        keys.load(NOW).err(),
        Some(SignersError::Revoked(keys.signers()))
    );
    // Nobody puts an old list back.
    let new = fs::read(keys.paths().list).unwrap();
    fs::write(keys.paths().list, &old).unwrap();
    assert!(signers.reload().unreadable.is_some());
    assert!(signers.current(NOW).is_none());
    fs::write(keys.paths().list, &new).unwrap();
    crl(&[]).unwrap();
    assert_eq!(signers.reload(), CHANGED);
    assert!(signers.current(NOW).is_none(), "entries stay");

    let listed = store::list(&keys.csca(), &keys.signers()).unwrap();
    assert!(matches!(&listed[1], Listed::List { revoked: 1, .. }));
    assert!(
        matches!(&listed[2], Listed::Signer { serial: it, key: true, revoked: true, .. } if *it == serial)
    );
}

#[test]
fn the_lists_of_cscas_before_are_published_and_read_again() {
    let (former, keys) = (Keys::new(), Keys::new());
    let before = ListPaths {
        csca: former.paths().csca,
        list: former.paths().list,
    };
    let load = |paths: &SignerPaths| BarcodeSigners::load(paths, Environment::Emulator, NOW);
    let with = |former| SignerPaths {
        former: vec![former],
        ..keys.paths()
    };
    let signers = load(&with(before.clone())).unwrap();
    let published = || {
        let lists = signers.all_lists();
        let each = lists.split_inclusive("-----END X509 CRL-----\n");
        each.map(str::to_owned).collect::<Vec<_>>()
    };
    let first = published();
    assert_eq!(first.len(), 2);
    let written = |keys: &Keys| fs::read_to_string(keys.paths().list).unwrap();
    assert_eq!(first, [written(&keys), written(&former)]);
    assert_eq!(signers.reload(), Reloaded::default());
    let serial = former.signer();
    let serial = serial.file_stem().unwrap().to_str().unwrap().to_owned();
    let later = NOW + Duration::days(1);
    store::crl(&former.csca(), &former.signers(), &[serial], 90, later).unwrap();
    assert_eq!(signers.reload(), CHANGED);
    assert_ne!(first[1], written(&former));
    assert_eq!(published(), [written(&keys), written(&former)]);

    // One that cannot be read keeps no other back.
    let whole = written(&former);
    fs::write(former.paths().list, "").unwrap();
    store::crl(&keys.csca(), &keys.signers(), &[], 90, later).unwrap();
    let reloaded = signers.reload();
    assert!(reloaded.changed && reloaded.unreadable.is_some());
    assert_eq!(published(), [written(&keys), whole.clone()]);
    fs::write(former.paths().list, whole).unwrap();
    assert_eq!(signers.reload(), Reloaded::default());

    // Nobody's list, and one that nobody made anew.
    let other = ListPaths {
        csca: keys.paths().csca,
        list: before.list.clone(),
    };
    assert!(matches!(
        load(&with(other)),
        Err(SignersError::Profile { .. })
    ));
    store::crl(&former.csca(), &former.signers(), &[], 1, later).unwrap();
    assert_eq!(signers.reload(), CHANGED);
    // That one expired stops nobody, and is an alarm.
    let late = NOW + Duration::days(3);
    let signers = BarcodeSigners::load(&with(before), Environment::Emulator, late).unwrap();
    assert_eq!(signers.former_days_left(late), Some(0));
    assert_eq!(signers.former_days_left(later), Some(1));
    assert!(signers.days_left(late) > 80);
    assert_eq!(keys.load(late).unwrap().former_days_left(late), None);
}

#[test]
fn what_is_exported_is_enough_for_verifiers_and_holds_no_key() {
    let keys = Keys::new();
    let out = keys.0.path().join("out");
    for _ in 0..2 {
        store::export(&keys.csca(), &keys.signers(), &out).unwrap();
    }
    let mut files = Vec::new();
    for folder in [out.clone(), out.join("signers")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let text = fs::read_to_string(&path).unwrap();
                assert!(!text.contains("PRIVATE"), "{}", path.display());
                files.push(path);
            }
        }
    }
    assert_eq!(files.len(), 3);
    let csca = Csca::read(&fs::read_to_string(out.join("csca.pem")).unwrap()).unwrap();
    let list = fs::read_to_string(out.join("csca.crl.pem")).unwrap();
    assert!(RevocationList::read(&list, &csca).is_ok());
}

/// A certificate with this one thing another than it should be.
struct Deviating<'a> {
    right: &'a Certificate,
    extensions: Vec<Extension>,
    subject: Name,
}

impl BuilderProfile for Deviating<'_> {
    fn get_issuer(&self, subject: &Name) -> Name {
        let tbs = self.right.tbs_certificate();
        if tbs.issuer() == tbs.subject() {
            subject.clone()
        } else {
            tbs.issuer().clone()
        }
    }
    fn get_subject(&self) -> Name {
        self.subject.clone()
    }
    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(text).unwrap()
}

fn extension(id: &str, critical: bool, value: &[u8]) -> Extension {
    Extension {
        extn_id: oid(id),
        critical,
        extn_value: OctetString::new(value).unwrap(),
    }
}

fn deviating(
    right: &Certificate,
    key: &SigningKey,
    signer: &SigningKey,
    change: impl FnOnce(&mut Vec<Extension>, &mut Name, &mut Validity),
) -> String {
    let tbs = right.tbs_certificate();
    let mut extensions = tbs.extensions().unwrap().clone();
    let mut subject = tbs.subject().clone();
    let mut validity = *tbs.validity();
    change(&mut extensions, &mut subject, &mut validity);
    let profile = Deviating {
        right,
        extensions,
        subject,
    };
    let spki = key.verifying_key().to_public_key_der().unwrap();
    let spki = SubjectPublicKeyInfo::try_from(spki.as_bytes()).unwrap();
    let serial = SerialNumber::new(&[0x41]).unwrap();
    let builder = CertificateBuilder::new(profile, serial, validity, spki).unwrap();
    let made = builder.build::<_, DerSignature>(signer).unwrap();
    made.to_pem(LineEnding::LF).unwrap()
}

#[test]
fn each_rule_of_the_profile_is_looked_at() {
    let keys = Keys::new();
    let csca_pem = fs::read_to_string(keys.csca().join("csca.pem")).unwrap();
    let csca = Csca::read(&csca_pem).unwrap();
    let csca_key = KeyFile::load(&keys.csca().join("csca.key")).unwrap();
    let csca_key = csca_key.signing_key();
    let root: Certificate = x509_cert::der::DecodePem::from_pem(&csca_pem).unwrap();
    let field = |pem: &str| match Csca::read(pem) {
        Ok(_) => "nothing",
        Err(ProfileError::Field { field, .. }) => field,
        Err(ProfileError::Form) => "form",
    };
    let root = |change: fn(&mut Vec<Extension>, &mut Name, &mut Validity)| {
        field(&deviating(&root, csca_key, csca_key, change))
    };
    assert_eq!(root(|_, _, _| ()), "nothing");
    assert_eq!(
        root(|all, _, _| all.retain(|it| it.extn_id != oid("2.5.29.19"))),
        "basicConstraints"
    );
    assert_eq!(
        root(|all, _, _| all[0].critical = false),
        "basicConstraints"
    );
    let no_length: fn(&mut Vec<Extension>, &mut Name, &mut Validity) =
        |all, _, _| all[0] = extension("2.5.29.19", true, &[0x30, 3, 1, 1, 0xff]);
    assert_eq!(root(no_length), "basicConstraints");
    assert_eq!(root(|all, _, _| all[1].critical = false), "keyUsage");
    let signs_too: fn(&mut Vec<Extension>, &mut Name, &mut Validity) =
        |all, _, _| all[1] = extension("2.5.29.15", true, &[3, 2, 1, 0x86]);
    assert_eq!(root(signs_too), "keyUsage");
    assert_eq!(root(|all, _, _| drop(all.pop())), "subjectKeyIdentifier");
    assert_eq!(
        root(|_, name, _| *name = "CN=CSCA".parse().unwrap()),
        "subject"
    );
    assert_eq!(
        root(|_, name, _| *name = "CN=CSCA,C=UT".parse().unwrap()),
        "subject"
    );

    let signer: Certificate =
        x509_cert::der::DecodePem::from_pem(fs::read(keys.signer()).unwrap()).unwrap();
    let key = SigningKey::from(&SecretKey::generate());
    let field = |pem: &str| match SignerCertificate::read(pem, &csca) {
        Ok(_) => "nothing",
        Err(ProfileError::Field { field, .. }) => field,
        Err(ProfileError::Form) => "form",
    };
    let leaf = |change: fn(&mut Vec<Extension>, &mut Name, &mut Validity)| {
        field(&deviating(&signer, &key, csca_key, change))
    };
    assert_eq!(leaf(|_, _, _| ()), "nothing");
    assert_eq!(
        field(&deviating(&signer, &key, &key, |_, _, _| ())),
        "signature"
    );
    assert_eq!(
        leaf(|all, _, _| drop(all.remove(0))),
        "authorityKeyIdentifier"
    );
    assert_eq!(leaf(|all, _, _| drop(all.remove(1))), "extendedKeyUsage");
    assert_eq!(leaf(|all, _, _| drop(all.remove(2))), "documentType");
    assert_eq!(
        leaf(|all, _, _| all[1].critical = false),
        "extendedKeyUsage"
    );
    // Proof of testing is another document.
    let testing: fn(&mut Vec<Extension>, &mut Name, &mut Validity) = |all, _, _| {
        all[2] = extension(
            "2.23.136.1.1.6.2",
            false,
            &[0x30, 9, 2, 1, 0, 0x31, 4, 0x13, 2, b'N', b'T'],
        );
    };
    assert_eq!(leaf(testing), "documentType");
    let health: fn(&mut Vec<Extension>, &mut Name, &mut Validity) = |all, _, _| {
        all[1] = extension(
            "2.5.29.37",
            true,
            &[0x30, 8, 6, 6, 0x67, 0x81, 8, 1, 1, 0x0e],
        );
    };
    assert_eq!(leaf(health), "extendedKeyUsage");
    // SKI, KU, SAN, PKUP.
    for id in ["2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.16"] {
        let more = |all: &mut Vec<Extension>, _: &mut Name, _: &mut Validity| {
            all.push(extension(id, false, &[0x30, 0]));
        };
        assert_eq!(
            field(&deviating(&signer, &key, csca_key, more)),
            "extensions"
        );
    }
    assert_eq!(
        leaf(|_, name, _| *name = "CN=signer".parse().unwrap()),
        "subject"
    );
    for days in [-4, 2] {
        let longer = |_: &mut Vec<Extension>, _: &mut Name, validity: &mut Validity| {
            let until = validity.not_after.to_system_time() + Duration::days(days);
            *validity = Validity::new(validity.not_before, until.try_into().unwrap());
        };
        assert_eq!(
            field(&deviating(&signer, &key, csca_key, longer)),
            "validity"
        );
    }
}
