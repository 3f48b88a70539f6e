//! What is there already: one's own certificates, and somebody's.

use std::sync::Arc;
use std::time::SystemTime;

use issuance_api::{Problem, ProblemCode};
use tokio::task::spawn_blocking;

use super::{Next, open, told};
use crate::app::desk::{Content, Face, Intent, Shown};
use crate::app::front::Front;
use crate::app::picture::Picture;
use crate::app::porter::OpenWallet;
use crate::app::shelf::Opened;
use crate::app::verifying::Verifying;
use crate::app::wallet::{Id, WalletError};

/// A certificate of the wallet: shown, deleted, issued again.
pub(super) async fn certificate(
    wallet: &OpenWallet,
    id: Id,
    reported: Option<bool>,
    front: &mut impl Front,
) -> Next {
    let opened = Opened::of(id, &open(wallet));
    let opened = match opened {
        Ok(opened) => Arc::new(opened),
        Err(error) => {
            told(Shown::end(problem(&error).into()), front).await;
            return Next::List;
        }
    };
    loop {
        front.show(Shown::Certificate(Face::new(Arc::clone(&opened), reported)));
        let deletes = loop {
            match front.intent().await {
                Intent::Back => return Next::List,
                Intent::Again => return Next::Apply(Some(opened.proposal())),
                Intent::Delete => break really(&opened, front).await,
                _ => {}
            }
        };
        if !deletes {
            continue;
        }
        let deleted = open(wallet).delete(id);
        if let Err(error) = deleted {
            told(Shown::end(problem(&error).into()), front).await;
        }
        return Next::List;
    }
}

async fn really(opened: &Arc<Opened>, front: &mut impl Front) -> bool {
    front.show(Shown::Delete(Arc::clone(opened)));
    loop {
        match front.intent().await {
            Intent::Go => return true,
            Intent::Back => return false,
            _ => {}
        }
    }
}

fn problem(error: &WalletError) -> Problem {
    match error {
        WalletError::Unknown => ProblemCode::NotFound,
        WalletError::Broken | WalletError::Damaged => ProblemCode::CertificateUnreadable,
        _ => ProblemCode::OutputFailed,
    }
    .into()
}

/// Somebody's certificate, in a picture, a page or a text.
pub(super) async fn verify(verifying: &Arc<Verifying>, front: &mut impl Front) -> Next {
    loop {
        front.show(Shown::Verify);
        let found = loop {
            match front.intent().await {
                Intent::Back => return Next::List,
                Intent::Picture(picture) if picture.is_frame() => {
                    let (frame, found) = look_at(verifying, picture).await;
                    let seen = found
                        .as_ref()
                        .is_some_and(|found| found["codes"].as_array().is_some_and(|codes| !codes.is_empty()));
                    // There is no code in it yet.
                    let nothing = Err(ProblemCode::CertificateUnreadable);
                    frame.answer(if seen { Ok(()) } else { nothing });
                    if seen {
                        break found;
                    }
                }
                Intent::Picture(picture) => {
                    front.show(Shown::Working);
                    break look_at(verifying, picture).await.1;
                }
                _ => {}
            }
        };
        let found = found.map_or_else(|| serde_json::json!([]), |mut found| found["codes"].take());
        let trust = verifying.trust(now());
        front.show(Shown::Verified { found, trust });
        while !matches!(front.intent().await, Intent::Back) {}
    }
}

/// Looks where a thread may block. What cannot be read at all has nothing in it.
async fn look_at(
    verifying: &Arc<Verifying>,
    picture: Picture,
) -> (Picture, Option<serde_json::Value>) {
    todo!()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
