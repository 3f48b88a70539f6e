//! The registers of issues, compared with what was handed out.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;

use issuance_api::MunicipalityCode;
use vrs::storage::{Division, Folders};

use super::counter::Handed;
use crate::simulator::People;
use crate::world::{reading, run};

/// What the registers say otherwise than the kiosks.
pub(super) async fn differences(
    people: &People,
    folders: &Folders,
    handed: &HashMap<String, Handed>,
) -> io::Result<usize> {
    let mut registered: HashMap<String, (MunicipalityCode, String, String)> = HashMap::new();
    let mut persons: HashMap<(MunicipalityCode, String), usize> = HashMap::new();
    // Of each resident those for abroad by an app: handed over, as the center confirmed, and all that came.
    let mut by_app = vec![[0, 0]; people.residents.len()];
    for own in handed.values().filter(|own| own.by_app) {
        let [confirmed, all] = &mut by_app[own.resident];
        *confirmed += usize::from(own.reported);
        *all += 1;
    }
    let mut differences = 0;
    for (municipality, _) in &people.records {
        for row in rows(&folders.data.join(format!("{municipality}.sqlite")))? {
            let [id, person, state] = row;
            registered.insert(id, (*municipality, person, state));
        }
        let division = Division::open(folders, *municipality).await;
        let division = division.map_err(io::Error::other)?;
        let mut session = division.begin().await.map_err(io::Error::other)?;
        for (n, resident) in people.residents.iter().enumerate() {
            if resident.municipality == *municipality {
                let found = session
                    .person(&resident.number)
                    .await
                    .map_err(io::Error::other)?;
                let found = found.ok_or_else(|| io::Error::other("a resident is gone"))?;
                let person = serde_json::to_string(&found.id)?;
                persons.insert((*municipality, person), n);
                // What a kiosk's may rest on: sealed, so that VRS alone can read it.
                let passports = session.passports(found.id).await;
                let passports = passports.map_err(io::Error::other)?;
                let own = resident.passport().data();
                differences += passports.iter().filter(|it| **it != own).count();
                let [confirmed, all] = by_app[n];
                differences += usize::from(!(confirmed..=all).contains(&passports.len()));
            }
        }
        drop(session);
        division.close().await;
    }
    for (
        id,
        Handed {
            resident, reported, ..
        },
    ) in handed
    {
        let right = registered
            .get(id)
            .is_some_and(|(municipality, person, state)| {
                let whose = persons.get(&(*municipality, person.clone()));
                // An answer that was lost on the way to the kiosk may have been a `delivered` that counts.
                whose == Some(resident)
                    && (!reported || state == "delivered")
                    && state != "reserved"
            });
        differences += usize::from(!right);
    }
    // Two certificates of one application.
    let applications: HashSet<_> = handed.values().map(|it| it.application).collect();
    differences += handed.len() - applications.len();
    // One that is there may not have reached its kiosk; then it lapsed.
    differences += registered
        .iter()
        .filter(|(id, (_, _, state))| {
            !handed.contains_key(*id) && state != "lapsed" && state != "revoked"
        })
        .count();
    Ok(differences)
}

/// Certificates of a register: id, person, state. Read by a program that is not ours.
pub(in crate::experiment) fn rows(database: &Path) -> io::Result<Vec<[String; 3]>> {
    let mut sqlite = reading(database);
    let rows = run(sqlite.arg("SELECT certificate_id, person, state FROM certificate"))?;
    let rows = String::from_utf8_lossy(&rows).into_owned();
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::to_owned);
        let mut next = || cells.next().ok_or(io::ErrorKind::InvalidData);
        Ok([next()?, next()?, next()?])
    };
    rows.lines().map(row).collect()
}
