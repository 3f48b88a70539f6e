//! Writes specimen pages: `cargo run -p issuance-center --example specimen -- FOLDER`.

use std::{env, fs, path::PathBuf};

#[path = "../specimen/mod.rs"]
mod specimen;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(env::args().nth(1).unwrap_or_else(|| ".".to_owned()));
    let programmes = specimen::programmes();
    let programme = specimen::covid(&programmes);
    let typesetter = specimen::typesetter();
    for (name, person) in [
        ("ordinary", &specimen::ORDINARY),
        ("seven-doses", &specimen::SEVEN_DOSES),
        ("gaiji", &specimen::GAIJI),
        ("long-latin", &specimen::LONG_LATIN),
        ("two-scripts", &specimen::TWO_SCRIPTS),
    ] {
        let preview = specimen::preview(programme, person);
        let page = specimen::page(&typesetter, programme, &preview).expect("specimens are right");
        fs::write(folder.join(name).with_extension("pdf"), page.as_bytes())?;
    }
    for (name, person, romanised) in specimen::ABROAD {
        let preview = specimen::preview_abroad(programme, person, romanised);
        let page = specimen::page(&typesetter, programme, &preview).expect("specimens are right");
        let name = format!("abroad-{name}");
        fs::write(folder.join(name).with_extension("pdf"), page.as_bytes())?;
    }
    Ok(())
}
