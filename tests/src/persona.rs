//! What the stage has to know of a persona: where it applies, and with which PIN.

use std::fs;
use std::io;
use std::path::Path;

use hw_sim::personalize::personalize;
use tempfile::TempDir;
use toml::Table;

use crate::world::repository;

/// Cards of these personas alone, as files, with their trust anchors: making keys for all twenty takes seconds.
///
/// # Errors
/// If there is no such persona, or no room.
pub fn personalized(personas: &[&str]) -> io::Result<TempDir> {
    let folder = TempDir::new()?;
    let chosen = folder.path().join("personas");
    fs::create_dir(&chosen)?;
    for persona in personas {
        let name = Path::new(persona).with_extension("toml");
        let shipped = repository().join("hw-sim/personas").join(&name);
        fs::copy(shipped, chosen.join(name))?;
    }
    personalize(&chosen, folder.path(), false).map_err(io::Error::other)?;
    Ok(folder)
}

/// A persona as an applicant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persona {
    /// File name in `hw-sim/personas`, without `.toml`.
    pub name: String,
    /// Municipality it lives in, and applies to.
    pub municipality: String,
    /// Its PIN.
    pub pin: String,
    /// Name on the card.
    pub holder: String,
    /// Birth date on the card, YYYYMMDD.
    pub birth_date: String,
}

impl Persona {
    /// Reads a persona's file, through `copy_of` where it is another's copy.
    ///
    /// # Errors
    /// If there is no such persona.
    pub fn load(name: &str) -> io::Result<Self> {
        let folder = repository().join("hw-sim/personas");
        let path = folder.join(name).with_extension("toml");
        if !path.is_file() {
            let names = names_in(&folder)?.join(", ");
            return Err(io::Error::other(format!(
                "no persona of that name; there are {names}"
            )));
        }
        let table: Table = fs::read_to_string(path)?
            .parse()
            .map_err(io::Error::other)?;
        let text = |table: &Table, key: &str| {
            table
                .get(key)
                .and_then(|value| value.as_str().map(str::to_owned))
        };
        if let Some(original) = text(&table, "copy_of") {
            return Ok(Self {
                name: name.to_owned(),
                ..Self::load(&original)?
            });
        }
        let holder = table.get("holder").and_then(|value| value.as_table());
        let required = |key: &str| {
            let value = holder.and_then(|holder| text(holder, key));
            value.ok_or_else(|| io::Error::other(format!("persona {name} has no {key}")))
        };
        Ok(Self {
            name: name.to_owned(),
            municipality: required("municipality")?,
            pin: text(&table, "pin").unwrap_or_else(|| "1234".to_owned()),
            holder: required("name")?,
            birth_date: required("birth_date")?,
        })
    }
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        names.extend(
            path.file_stem()
                .and_then(|stem| stem.to_str())
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}
