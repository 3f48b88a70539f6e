//! The divisions this program serves, each opened when it is first needed and again after it failed.

use std::{collections::BTreeMap, sync::Arc};

use issuance_api::MunicipalityCode;
use tokio::sync::Mutex;

use crate::storage::{Division, Folders, Session, Unavailable};

/// All of them.
pub struct Divisions {
    folders: Folders,
    open: BTreeMap<MunicipalityCode, Mutex<Option<Arc<Division>>>>,
}

impl Divisions {
    /// Of these municipalities and no others.
    #[must_use]
    pub fn new(folders: Folders, municipalities: &[MunicipalityCode]) -> Self {
        Self {
            folders,
            open: municipalities
                .iter()
                .map(|code| (*code, Mutex::new(None)))
                .collect(),
        }
    }

    /// Whose records are here.
    pub fn municipalities(&self) -> impl Iterator<Item = MunicipalityCode> {
        self.open.keys().copied()
    }

    /// Whose databases lie here though they are not served.
    ///
    /// # Errors
    /// [`Unavailable::Missing`]: the folder cannot be listed.
    pub fn left_out(&self) -> Result<Vec<MunicipalityCode>, Unavailable> {
        let mut found = self.folders.municipalities()?;
        found.retain(|code| !self.holds(*code));
        Ok(found)
    }

    /// Whether this municipality's records are here.
    #[must_use]
    pub fn holds(&self, municipality: MunicipalityCode) -> bool {
        self.open.contains_key(&municipality)
    }

    /// A transaction on one municipality's records.
    ///
    /// # Errors
    /// [`Unavailable`]; `Missing` also for a municipality not held here.
    pub async fn begin(&self, municipality: MunicipalityCode) -> Result<Session, Unavailable> {
        let slot = self.open.get(&municipality).ok_or(Unavailable::Missing)?;
        let mut open = slot.lock().await;
        let division = match &*open {
            Some(division) => Arc::clone(division),
            None => {
                let division = Division::open(&self.folders, municipality).await?;
                Arc::clone(open.insert(division))
            }
        };
        drop(open);
        let session = division.begin().await;
        if session.is_err() {
            // Opened anew at the next request: what was wrong may have been put right.
            let mut open = slot.lock().await;
            if open.as_ref().is_some_and(|now| Arc::ptr_eq(now, &division)) {
                *open = None;
            }
        }
        session
    }

    /// Closes all of them.
    pub async fn close(&self) {
        for slot in self.open.values() {
            if let Some(division) = slot.lock().await.take() {
                division.close().await;
            }
        }
    }
}
