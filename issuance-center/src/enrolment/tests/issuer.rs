//! The issuer of apps' certificates: what it refuses to start with, and how long its certificates last.

use std::os::unix::fs::PermissionsExt;

use dev_pki::Leaf;

use super::*;

#[test]
fn an_issuer_that_does_not_fit_is_told_at_start() {
    let ground = Ground::new();
    assert!(ground.ca().is_ok());
    let with = |change: &dyn Fn(&mut Ground)| {
        let mut ground = Ground::new();
        change(&mut ground);
        ground.ca().map(drop)
    };
    let key = |ground: &Ground| ground.path("pki/apps/ca.key");
    let refused = with(&|it| {
        fs::set_permissions(key(it), fs::Permissions::from_mode(0o640)).unwrap();
    });
    assert!(matches!(refused, Err(CaError::Exposed(_))), "{refused:?}");
    let refused = with(&|it| drop(fs::remove_file(key(it))));
    assert!(matches!(refused, Err(CaError::Unreadable(_))));
    let refused = with(&|it| drop(fs::copy(it.path("pki/services/ca.key"), key(it))));
    assert_eq!(refused, Err(CaError::NotItsKey));
    let refused = with(&|it| it.config.terminals.apps = None);
    assert_eq!(refused, Err(CaError::NotTrusted));
    let refused = with(&|it| it.config.terminals.apps = Some(it.path("pki/foreign/ca.pem")));
    assert_eq!(refused, Err(CaError::NotTrusted));
    let refused = with(&|it| it.config.terminals.tls.roots = it.path("pki/apps/ca.pem"));
    assert_eq!(refused, Err(CaError::Terminals));
    let refused = with(&|it| {
        let leaf = Leaf::terminal("urn:shomei:terminal:app:x:1", time::Duration::hours(1));
        it.pki.apps.issue("leaf", &leaf).unwrap();
        let ca = &mut it.config.enrolment.as_mut().unwrap().ca;
        (ca.certificate, ca.key) = (
            it.folder.path().join("pki/apps/leaf.pem"),
            it.folder.path().join("pki/apps/leaf.key"),
        );
    });
    assert_eq!(refused, Err(CaError::NoCa));
    let refused = with(&|it| {
        let lasts = time::Duration::minutes(-1);
        dev_pki::Authority::create(&it.path("pki/apps"), lasts).unwrap();
    });
    assert_eq!(refused, Err(CaError::NotValid));
}

#[test]
fn a_certificate_ends_with_its_issuer() {
    let ground = Ground::new();
    dev_pki::Authority::create(&ground.path("pki/apps"), time::Duration::minutes(10)).unwrap();
    let mut keystore = keystore("genuine");
    let generated = keystore.generate(&[1; 32]).unwrap();
    let spki =
        issuance_channel::identity::public_key(&generated.chain[0].as_slice().into()).unwrap();
    let (_, lasts) = ground
        .ca()
        .unwrap()
        .issue(&spki, OffsetDateTime::now_utc())
        .unwrap();
    assert!(lasts <= Duration::from_secs(600));
}
