//! What is there already: one's own certificates, and somebody's.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use issuance_api::{Problem, ProblemCode};
use serde_json::Value;
use tokio::task::spawn_blocking;
use verify::scan;

use super::{Next, Step, meanwhile, open, told};
use crate::app::desk::{Content, Face, Findings, Intent, Shown};
use crate::app::front::Front;
use crate::app::picture::Picture;
use crate::app::porter::OpenWallet;
use crate::app::scanner::Scanner;
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
    let reported = if opened.lapses() {
        Some(false)
    } else {
        reported
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
pub(super) async fn verify(
    scanner: &Scanner,
    verifying: &Arc<Verifying>,
    front: &mut impl Front,
) -> Next {
    loop {
        front.show(Shown::Verify);
        let codes = loop {
            let picture = match front.intent().await {
                Intent::Back => return Next::List,
                Intent::Picture(picture) => picture,
                _ => continue,
            };
            let is_frame = picture.is_frame();
            if !is_frame {
                front.show(Shown::Working);
            }
            // Whoever goes takes the picture with them.
            let looked = meanwhile(look_at(scanner, verifying, picture), front);
            let (frame, codes) = match looked.await {
                Ok(Step::On(looked)) => looked,
                Ok(Step::Back) => return Next::List,
                // Nothing that was shown: another.
                Err(_) => break None,
            };
            if !is_frame {
                break Some(codes);
            }
            let seen = !codes.is_empty();
            // There is none in it yet.
            let none = Err(ProblemCode::CertificateUnreadable);
            frame.answer(if seen { Ok(()) } else { none });
            if seen {
                break Some(codes);
            }
        };
        let Some(codes) = codes else { continue };
        front.show(Shown::Verified {
            found: Findings(codes.into()),
            trust: verifying.trust(now()),
        });
        while !matches!(front.intent().await, Intent::Back) {}
    }
}

/// What is said of each code in it. What cannot be read, or not in time, has none.
async fn look_at(
    scanner: &Scanner,
    verifying: &Arc<Verifying>,
    picture: Picture,
) -> Result<(Picture, Vec<Value>), Problem> {
    let texts = match picture.content() {
        // What a text says is there already, unless it is a page that says to be one.
        Content::Text(text) if !text.starts_with("%PDF") => scan::texts(text.as_bytes()).ok(),
        file => scanner.texts(file.bytes()).await.ok(),
    };
    let verifying = Arc::clone(verifying);
    // Where a thread may block: signatures take a moment.
    let judged = spawn_blocking(move || verifying.judge(&texts.unwrap_or_default(), now()));
    let mut judged = judged.await.unwrap_or_default();
    let codes = match judged["codes"].take() {
        Value::Array(codes) => codes,
        _ => Vec::new(),
    };
    Ok((picture, codes))
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}
