//! What is there already: one's own certificates, and somebody's.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use issuance_api::{Problem, ProblemCode};
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::{Next, open, told};
use crate::app::desk::{Face, Findings, Intent, Shown};
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

pub(super) fn problem(error: &WalletError) -> Problem {
    match error {
        WalletError::Unknown => ProblemCode::CertificateGone,
        WalletError::Full => ProblemCode::WalletFull,
        WalletError::Broken | WalletError::Damaged => ProblemCode::CertificateUnreadable,
        _ => ProblemCode::OutputFailed,
    }
    .into()
}

/// Somebody's certificate, in a picture, a page or a text.
pub(super) async fn verify(verifying: &Arc<Verifying>, front: &mut impl Front) -> Next {
    loop {
        front.show(Shown::Verify);
        let codes = loop {
            match front.intent().await {
                Intent::Back => return Next::List,
                Intent::Picture(picture) if picture.is_frame() => {
                    let (frame, codes) = look_at(verifying, picture).await;
                    let seen = !codes.is_empty();
                    // There is none in it yet.
                    let none = Err(ProblemCode::CertificateUnreadable);
                    frame.answer(if seen { Ok(()) } else { none });
                    if seen {
                        break codes;
                    }
                }
                Intent::Picture(picture) => {
                    front.show(Shown::Working);
                    break look_at(verifying, picture).await.1;
                }
                _ => {}
            }
        };
        front.show(Shown::Verified {
            found: Findings(codes.into()),
            trust: verifying.trust(now()),
        });
        while !matches!(front.intent().await, Intent::Back) {}
    }
}

/// What is said of each code in it, where a thread may block. What cannot be read at all has none.
async fn look_at(verifying: &Arc<Verifying>, picture: Picture) -> (Picture, Vec<Value>) {
    let verifying = Arc::clone(verifying);
    let look = spawn_blocking(move || {
        let looked = verifying.look_at(picture.content().bytes(), now());
        let mut looked = looked.unwrap_or_default();
        let codes = match looked["codes"].take() {
            Value::Array(codes) => codes,
            _ => Vec::new(),
        };
        (picture, codes)
    });
    // Nothing there panics.
    look.await
        .unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
