//! Records, review, and what is issued: a certificate of each kind, into the wallet.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use issuance_api::terminal::{Localized, MunicipalityOffer, Preview};
use issuance_api::{CertificateKind, MunicipalityCode, Problem, ProblemCode};

use super::{App, Gate, Next, ReadsPassports, answered, obstacle, open, told, unless_cancelled};
use crate::app::desk::{Intent, Shown};
use crate::app::front::Front;
use crate::app::porter::OpenWallet;
use crate::app::wallet::{Id, Kept};
use crate::conduct::welcome;
use crate::handover::Certificate;
use crate::output::{Output, OutputError, Undelivered};
use crate::ports::{Card, Center, Closed};
use crate::session::{CardTaken, Checked, Done, HandedOver, Previewed};

/// What asking for the records of one municipality led to: each way that there is went one way or the other.
#[derive(Default)]
struct Inquired {
    previewed: Vec<Previewed>,
    /// What can be asked again.
    left: Vec<CardTaken>,
    failed: Vec<(CertificateKind, Problem)>,
}

impl<G: Gate, K: Card, R: ReadsPassports> App<G, K, R> {
    /// Municipality, records and review.
    pub(super) async fn until_checked(
        &mut self,
        mut ways: Vec<CardTaken>,
        home: Option<MunicipalityCode>,
        center: &mut impl Center,
        front: &mut impl Front,
    ) -> Result<Vec<Previewed>, Closed> {
        loop {
            front.show(Shown::Working);
            let welcome = unless_cancelled(welcome(center, &self.latch), front).await?;
            let offered = ways.into_iter().map(|way| way.offered_by(welcome.clone()));
            ways = offered.collect::<Result<_, _>>()?;
            let offers = union(&ways);
            let of_card = ways.iter().find_map(CardTaken::home);
            let home = home.filter(|home| offers.iter().any(|offer| offer.code == *home));
            front.show(Shown::Municipality {
                offers,
                home: home.or(of_card),
            });
            let code = answered(front, |intent| match intent {
                Intent::Municipality(code) => Some(code),
                _ => None,
            });
            let code = code.await?;
            front.show(Shown::Working);
            let inquired = self.inquire(ways, code, center);
            let inquired = unless_cancelled(inquired, front).await?;
            if inquired.previewed.is_empty() {
                ways = nothing_found(inquired, front).await?;
                continue;
            }
            let previews = inquired.previewed.iter();
            front.show(Shown::Preview {
                previews: previews.map(|it| Arc::clone(it.preview())).collect(),
                failed: inquired.failed,
            });
            let goes_on = answered(front, |intent| match intent {
                Intent::Go => Some(true),
                Intent::Back => Some(false),
                _ => None,
            });
            if goes_on.await? {
                return Ok(inquired.previewed);
            }
            let previewed = inquired.previewed.into_iter().map(Previewed::back);
            ways = previewed.chain(inquired.left).collect();
            ways.sort_by_key(|way| way.kind() == CertificateKind::Abroad);
        }
    }

    async fn inquire(
        &self,
        ways: Vec<CardTaken>,
        code: MunicipalityCode,
        center: &mut impl Center,
    ) -> Result<Inquired, Closed> {
        let mut inquired = Inquired::default();
        for way in ways {
            let kind = way.kind();
            let offers = way.municipalities();
            if offers.iter().all(|offer| offer.code != code) {
                let problem = ProblemCode::KindNotOffered.into();
                inquired.failed.push((kind, problem));
                inquired.left.push(way);
                continue;
            }
            match way.inquire(code, 1, center, &self.latch).await {
                Ok(previewed) => inquired.previewed.push(previewed),
                Err(refused) => {
                    self.latch.in_service()?;
                    inquired.failed.push((kind, refused.problem));
                    inquired.left.extend(refused.again.map(|way| *way));
                }
            }
        }
        Ok(inquired)
    }

    /// Has what was reviewed issued, and keeps it. What one kind fails of stops no other.
    pub(super) async fn issue(
        &mut self,
        previewed: Vec<Previewed>,
        name: Localized,
        wallet: &OpenWallet,
        center: &mut impl Center,
        front: &mut impl Front,
    ) -> Result<Next, Closed> {
        let both = previewed.len() > 1;
        let (mut kept, mut failed) = (Vec::new(), Vec::new());
        for previewed in previewed {
            front.show(Shown::Issuing);
            let says = Arc::clone(previewed.preview());
            let kind = says.kind;
            let mut place = Place {
                wallet,
                name: name.clone(),
                says,
                id: None,
            };
            let issued = previewed.confirm(center, &self.issuer, &self.latch).await;
            let handed_over = match issued {
                Ok(checked) => until_kept(checked, &mut place, front).await,
                Err(problem) => Err(problem),
            };
            match (handed_over, place.id) {
                (Ok(handed_over), Some(id)) => {
                    let Done { reported } = handed_over.report(center).await;
                    if reported {
                        // If that cannot be written, it is taken for one that lapses when the wallet is next opened: rather once too often.
                        let _ = open(wallet).reported(id);
                    }
                    kept.push((id, reported));
                }
                (Ok(_), None) => failed.push((kind, ProblemCode::OutputFailed.into())),
                (Err(problem), _) => failed.push((kind, problem)),
            }
            if self.latch.in_service().is_err() {
                break;
            }
        }
        // One of which the center does not know is shown first: it lapses.
        kept.sort_by_key(|(_, reported)| *reported);
        let Some((id, reported)) = kept.first().copied() else {
            let (_, problem) = failed.swap_remove(0);
            return Err(problem.into());
        };
        for (kind, problem) in failed {
            let shown = Shown::obstacle(problem, both.then_some(kind));
            told(shown.since(self.latch.mismatch()), front).await;
        }
        Ok(Next::Certificate {
            id,
            reported: Some(reported),
        })
    }
}

/// Nothing can be issued: tells why, each once, and with what can be asked again, if anything.
async fn nothing_found(
    inquired: Inquired,
    front: &mut impl Front,
) -> Result<Vec<CardTaken>, Closed> {
    let Inquired { left, failed, .. } = inquired;
    let mut failed = failed.into_iter();
    let (kind, problem) = failed.next().ok_or(ProblemCode::InternalError)?;
    if left.is_empty() {
        return Err(problem.into());
    }
    let others: Vec<_> = failed.filter(|(_, other)| *other != problem).collect();
    let alone = others.is_empty();
    obstacle(problem, (!alone).then_some(kind), front).await?;
    for (kind, problem) in others {
        obstacle(problem, Some(kind), front).await?;
    }
    Ok(left)
}

/// Puts a certificate into the wallet. Where it cannot be written, it is tried again for as long as the resident wants.
async fn until_kept(
    mut checked: Checked,
    place: &mut Place<'_>,
    front: &mut impl Front,
) -> Result<HandedOver, Problem> {
    loop {
        let refused = match checked.hand_over(place, &mut |_| ()).await {
            Ok(handed_over) => return Ok(handed_over),
            Err(refused) => refused,
        };
        let problem = refused.problem;
        checked = *refused.again.ok_or_else(|| problem.clone())?;
        if obstacle(problem.clone(), None, front).await.is_err() {
            return Err(problem);
        }
    }
}

/// What any of them can be asked for.
fn union(ways: &[CardTaken]) -> Vec<MunicipalityOffer> {
    let mut offers: Vec<MunicipalityOffer> = Vec::new();
    for offer in ways.iter().flat_map(CardTaken::municipalities) {
        if offers.iter().all(|known| known.code != offer.code) {
            offers.push(offer.clone());
        }
    }
    offers
}

/// The wallet as a place for one certificate: what was checked, with what was previewed.
struct Place<'a> {
    wallet: &'a OpenWallet,
    name: Localized,
    says: Arc<Preview>,
    /// Where it is.
    id: Option<Id>,
}

impl Output for Place<'_> {
    async fn settled(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    async fn ready(&mut self, _: u8) -> Result<(), OutputError> {
        let ready = open(self.wallet).ready();
        ready.map_err(|_| OutputError::Folder)
    }

    async fn deliver(
        &mut self,
        certificate: &Certificate,
        _: &mut (dyn FnMut(u8) + Send),
    ) -> Result<(), Undelivered> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let issued = since.map_or(0, |since| since.as_secs());
        let kept = Kept::of(
            certificate,
            self.name.clone(),
            Arc::clone(&self.says),
            issued,
        );
        let put = open(self.wallet).put(kept, certificate.page());
        self.id = Some(put.map_err(|_| OutputError::Folder)?);
        Ok(())
    }

    async fn abandon(&mut self) {}
}
