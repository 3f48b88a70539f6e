//! Whether everybody can know that a certificate holds no more.

use std::io;
use std::sync::Arc;

use issuance_center::event::Listener;
use issuance_center::public::{Public, Published};
use issuance_center::reports::Reports;
use issuance_center::revocations::Fetching;
use issuance_channel::build;
use issuance_channel::server::OpenService as _;
use verify::{CardIssuer, Jwks, RevokedCards, TrustList, Verdict};

use crate::simulator::Records;
use crate::simulator::town::{Open, Town};
use crate::world::ISSUER;

/// What `verify` says of it that has the list which the center publishes once it has asked the record system.
pub(super) async fn verdict(town: &Town, open: &Open<Records>, jws: &str) -> io::Result<Verdict> {
    let build = build::running().map_err(io::Error::other)?;
    let center = open.center.parts();
    let key = center.signing.public(open.clock.now()).clone();
    let path = format!("/.well-known/crl/{}.json", key.kid());
    let published = Arc::new(Published::new(vec![key], build));
    let mut fetching = Fetching::new(Arc::clone(&center.rids), Arc::clone(&published));
    fetching.poll(&center.registry, &*open.notes).await;
    let reports = Reports::new(
        Listener::Public,
        Arc::clone(&center.metrics),
        Arc::clone(&center.events),
        Arc::clone(&center.clock),
    );
    let public = Public { published, reports };
    let list = public.handle(&Default::default(), &path).await.into_body();
    let list = RevokedCards::parse(&String::from_utf8_lossy(&list)).map_err(io::Error::other)?;
    let mut trust = TrustList::default();
    trust.add_card_issuer(CardIssuer {
        url: Some(ISSUER.to_owned()),
        name: None,
        keys: Jwks::parse(&town.keys).map_err(io::Error::other)?,
        revoked: vec![list],
        fetched: None,
        lists_for: None,
    });
    let documents = verify::read([jws]);
    let [document] = &documents[..] else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    let now = open.clock.now().unix_timestamp();
    Ok(trust.judge(document, now).verdict)
}
