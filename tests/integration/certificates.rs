//! What was issued, in the eyes of software that is not ours.

use std::fs;

use serde_json::json;
use stage::judges::page;
use stage::persona::Persona;
use tempfile::TempDir;

use crate::support::{HOME, block_on, preview, world};
use stage::applicant::Applicant;

#[test]
fn outside_judges_agree_with_every_issued_certificate() {
    let world = world();
    let folder = TempDir::new().unwrap();
    let jwks = folder.path().join("jwks.json");
    fs::write(&jwks, world.published_keys().unwrap()).unwrap();
    for (name, doses) in [("ordinary", 2), ("seven-doses", 7), ("gaiji", 2)] {
        let persona = Persona::load(name).unwrap();
        let (pdf, shc) = (
            folder.path().join(name).with_extension("pdf"),
            folder.path().join(name),
        );
        let previewed = block_on(async {
            let applicant = Applicant::new(world.terminal("kiosk-0001"));
            let previewed = preview(&world, &applicant, name).await;
            let issued = applicant.issue(&previewed.state).await.unwrap();
            fs::write(&pdf, issued.page.as_bytes()).unwrap();
            fs::write(&shc, numeric(issued.jws.expose())).unwrap();
            previewed.preview
        });

        let judged = page::card(&shc, &jwks).unwrap();
        assert_eq!(judged["issuer"], stage::world::ISSUER);
        assert_eq!(judged["name"], persona.holder, "{name}");
        let [year, month, day] = [0..4, 4..6, 6..8].map(|part| &persona.birth_date[part]);
        assert_eq!(
            judged["birth_date"],
            format!("{year}-{month}-{day}"),
            "{name}"
        );
        let shown: Vec<_> = previewed
            .doses
            .iter()
            .map(|dose| {
                let date = String::from(dose.date.expose());
                json!({"date": date, "cvx": dose.cvx, "lot": dose.lot, "status": "completed"})
            })
            .collect();
        assert_eq!(judged["doses"], json!(shown), "{name}");
        assert_eq!(shown.len(), doses, "{name}");

        let qr = fs::read_to_string(&shc).unwrap();
        for dots_per_inch in [150, 200, 300] {
            let picture = page::rasterise(&pdf, dots_per_inch).unwrap();
            assert!(
                page::zbar(&picture).unwrap() == [qr.as_str()],
                "zbar: {name} at {dots_per_inch}"
            );
            assert!(
                page::zxing(&picture).unwrap() == [qr.as_str()],
                "zxing: {name} at {dots_per_inch}"
            );
        }
        let text = page::text(&pdf).unwrap();
        for part in persona.holder.split('\u{3000}') {
            assert!(text.contains(part), "{name}: pdftotext finds {part}");
        }
        for dose in &previewed.doses {
            assert!(
                text.contains(dose.lot.expose()),
                "{name}: pdftotext finds {}",
                dose.lot.expose()
            );
        }
    }
    assert_eq!(world.registered(HOME).unwrap(), 3);
}

/// `shc:/` and two digits a character, written anew so that the center's own encoder is judged too.
fn numeric(jws: &str) -> String {
    let digits = jws.bytes().map(|byte| format!("{:02}", byte - 45));
    std::iter::once("shc:/".to_owned()).chain(digits).collect()
}
