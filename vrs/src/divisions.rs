//! The divisions this program serves, each opened when it is first needed and again after it failed.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use card::number::IndividualNumber;
use issuance_api::MunicipalityCode;

use crate::storage::{Division, Folders, Found, Reading, Session, Unavailable};

/// One municipality's, while it is open. Never locked over anything that waits.
type Slot = Mutex<Option<Arc<Division>>>;

/// All of them.
pub struct Divisions {
    folders: Folders,
    open: BTreeMap<MunicipalityCode, Slot>,
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
        let division = self.division(municipality).await?;
        let session = division.begin().await;
        session.inspect_err(|cause| self.failed(&division, *cause))
    }

    /// As [`begin`](Self::begin), and the person with this number, if registered there.
    ///
    /// # Errors
    /// As [`begin`](Self::begin); also if a row does not open or a dose is missing.
    pub async fn begin_for(
        &self,
        municipality: MunicipalityCode,
        number: &IndividualNumber,
    ) -> Result<(Session, Option<Found>), Unavailable> {
        let division = self.division(municipality).await?;
        let session = division.begin_for(number).await;
        session.inspect_err(|cause| self.failed(&division, *cause))
    }

    /// One moment of a municipality's records, which waits for nobody.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn read(&self, municipality: MunicipalityCode) -> Result<Reading, Unavailable> {
        let division = self.division(municipality).await?;
        let reading = division.read().await;
        reading.inspect_err(|cause| self.failed(&division, *cause))
    }

    /// As [`Division::look`].
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn look(
        &self,
        municipality: MunicipalityCode,
        anew: bool,
    ) -> Result<(), Unavailable> {
        let division = self.division(municipality).await?;
        let looked = division.look(anew).await;
        looked.inspect_err(|cause| self.failed(&division, *cause))
    }

    /// Whether one municipality's sentinel is found just now, and persons and register were whole when they were last looked through.
    ///
    /// # Errors
    /// As [`begin`](Self::begin).
    pub async fn health(&self, municipality: MunicipalityCode) -> Result<(), Unavailable> {
        self.read(municipality).await?;
        self.division(municipality).await?.is_whole()
    }

    async fn division(&self, municipality: MunicipalityCode) -> Result<Arc<Division>, Unavailable> {
        let slot = self.open.get(&municipality).ok_or(Unavailable::Missing)?;
        let open = lock(slot).clone();
        if let Some(division) = open {
            return Ok(division);
        }
        let opened = Division::open(&self.folders, municipality).await?;
        // Two at once may have opened it: one of them stays.
        Ok(Arc::clone(lock(slot).get_or_insert(opened)))
    }

    /// Opened anew at the next request, for what was wrong may have been put right; but not where another was only faster, or persons'
    /// rows are damaged: what is known of them would be forgotten.
    fn failed(&self, division: &Arc<Division>, cause: Unavailable) {
        let slot = self.open.get(&division.municipality());
        let stays = matches!(
            cause,
            Unavailable::Busy
                | Unavailable::Damaged
                | Unavailable::Persons
                | Unavailable::Certificates
        );
        if let (Some(slot), false) = (slot, stays) {
            lock(slot).take_if(|now| Arc::ptr_eq(now, division));
        }
    }

    /// Closes all of them.
    pub async fn close(&self) {
        for slot in self.open.values() {
            let division = lock(slot).take();
            if let Some(division) = division {
                division.close().await;
            }
        }
    }
}

fn lock(slot: &Slot) -> MutexGuard<'_, Option<Arc<Division>>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
