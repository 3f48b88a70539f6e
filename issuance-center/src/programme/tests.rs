use std::{fs, path::PathBuf};

use time::macros::date;

use super::*;
use crate::testing::personal;

fn shipped() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("programmes")
}

fn covid() -> (Programmes, ProgrammeId) {
    (
        Programmes::load(&shipped()).unwrap(),
        "covid-19".parse().unwrap(),
    )
}

#[test]
fn both_shipped_programmes_are_offered_in_their_period() {
    let (programmes, _) = covid();
    let ids = |today| -> Vec<String> {
        let offers = programmes.offers(TerminalRole::Kiosk, today);
        offers.iter().map(|offer| offer.id.to_string()).collect()
    };
    assert_eq!(
        ids(date!(2026 - 11 - 24)),
        ["covid-19", "pandemic-influenza"]
    );
    assert_eq!(ids(date!(2021 - 12 - 20)), ["covid-19"]);
    assert!(ids(date!(2021 - 12 - 19)).is_empty());
    assert!(ids(date!(2031 - 04 - 01)).is_empty());
}

#[test]
fn only_who_takes_part_certifies() {
    let (programmes, id) = covid();
    let programme = programmes.find(&id).unwrap();
    let authority = programme.authority(&"132217".parse().unwrap()).unwrap();
    assert_eq!(authority.name, "東京都清瀬市");
    assert_eq!(authority.name_en, "Kiyose City, Tokyo");
    assert!(programme.authority(&"011002".parse().unwrap()).is_none());
    let kinds = programme.kinds(&"131016".parse().unwrap(), TerminalRole::Kiosk);
    let both = [CertificateKind::Domestic, CertificateKind::Abroad];
    assert_eq!(kinds, Some(both.as_slice()));
}

#[test]
fn a_municipality_certifies_under_the_names_by_which_it_is_offered() {
    let (programmes, _) = covid();
    for role in [TerminalRole::Kiosk, TerminalRole::App] {
        for offer in programmes.offers(role, date!(2026 - 11 - 23)) {
            let programme = programmes.find(&offer.id).unwrap();
            for municipality in &offer.municipalities {
                let certifies = programme.authority(&municipality.code);
                assert_eq!(certifies, Some(municipality.authority()));
            }
        }
    }
}

#[test]
fn a_product_was_renamed_and_the_day_of_vaccination_decides() {
    let (programmes, id) = covid();
    let programme = programmes.find(&id).unwrap();
    let product = |day: time::Date| {
        let dose = programme.present("モデルナ", "武田薬品工業", "3004667", day.into());
        dose.map(|dose| (dose.product, dose.cvx))
    };
    let of = |name: &str| Ok((personal(name), personal("207")));
    assert_eq!(
        product(date!(2021 - 12 - 17)),
        of("COVID-19ワクチンモデルナ筋注")
    );
    assert_eq!(product(date!(2021 - 12 - 18)), of("スパイクバックス筋注"));
    assert_eq!(product(date!(2021 - 05 - 23)), Err(VaccineUnknown::Name));
    assert_eq!(product(date!(2024 - 04 - 01)), Err(VaccineUnknown::Name));
}

#[test]
fn another_maker_than_the_vaccines_is_refused() {
    let (programmes, id) = covid();
    let programme = programmes.find(&id).unwrap();
    let day = date!(2021 - 07 - 01).into();
    let by = |maker| {
        let dose = programme.present("コミナティ", maker, "EY0779", day);
        dose.map(|dose| dose.maker)
    };
    assert_eq!(by("ファイザー"), Ok(personal("ファイザー")));
    assert_eq!(by(""), Ok(personal("ファイザー")));
    assert_eq!(by("モデルナ"), Err(VaccineUnknown::Maker));
}

#[test]
fn a_vaccine_without_cvx_follows_the_programmes_rule() {
    let (programmes, id) = covid();
    let programme = programmes.find(&id).unwrap();
    let day = date!(2024 - 01 - 10).into();
    let dose = programme.present("ダイチロナ", "第一三共", "TST001", day);
    assert_eq!(dose.unwrap().cvx.expose(), "500");
}

#[test]
fn every_product_is_known_by_its_official_name() {
    let (programmes, _) = covid();
    for programme in programmes.iter() {
        let mut rows = 0;
        for specimen in programme.vaccines().specimens() {
            let found = programme.present(
                specimen.product.expose(),
                "",
                "TST001",
                specimen.date.expose(),
            );
            let found = found.map(|dose| (dose.product, dose.cvx));
            assert_eq!(found, Ok((specimen.product, specimen.cvx)));
            rows += 1;
        }
        assert!(rows > 1, "{}", programme.id());
    }
}

/// Copies the shipped folder of COVID-19 with one piece of one file replaced, and loads that.
fn with(file: &str, from: &str, to: &str) -> Result<Programmes, ProgrammeError> {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("covid-19");
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(shipped().join("covid-19")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let text = fs::read_to_string(folder.join(file)).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(folder.join(file), text.replacen(from, to, 1)).unwrap();
    Programmes::load(dir.path())
}

#[test]
fn every_fault_is_found_with_its_file_and_row() {
    let field = |field, rule| Fault::Field { field, rule };
    let code = field(
        "code",
        "a 全国地方公共団体コード: six digits with the right check digit",
    );
    let overlap = Fault::Overlap {
        name: "スパイクバックス".to_owned(),
        other: 10,
    };
    for (file, from, to, row, fault) in [
        ("municipalities.toml", "131016", "131017", Some(1), code),
        (
            "municipalities.toml",
            "132217",
            "131016",
            Some(2),
            Fault::Repeated(1),
        ),
        (
            "municipalities.toml",
            "よこはまし",
            "ヨコハマシ",
            Some(3),
            field("name.reading", "hiragana only"),
        ),
        (
            "vaccines.toml",
            "\"2021-12-17\"",
            "\"2021-12-18\"",
            Some(11),
            overlap,
        ),
        (
            "vaccines.toml",
            "\"コミナティ\", \"コミナティ筋注\"",
            "\"コミナティ\"",
            Some(1),
            field("names", "the product's Japanese name has to be among them"),
        ),
        (
            "vaccines.toml",
            "\"208\"",
            "\"2O8\"",
            Some(1),
            field("cvx", "a CVX code: two or three digits"),
        ),
        (
            "vaccines.toml",
            "XM8NQ0",
            "XM8NQO",
            Some(1),
            field("icd11", "an ICD-11 extension code such as XM68M6"),
        ),
        (
            "vaccines.toml",
            "2021-02-14",
            "2021-02-30",
            Some(1),
            field("valid-from", "a day, YYYY-MM-DD"),
        ),
        (
            "vaccines.toml",
            "2021-02-14",
            "2024-04-01",
            Some(1),
            field("valid-until", "may not lie before valid-from"),
        ),
        (
            "certificate.toml",
            "2021-12-20",
            "2021-12-21",
            Some(1),
            field(
                "valid-from",
                "the first row's not after the programme's first day",
            ),
        ),
        (
            "certificate.toml",
            "legal-ground = ",
            "legal-ground = { ja = \"例\", en = \"x\" }\n[[text]]\nvalid-from = \"2021-12-20\"\ntitle = { ja = \"例\", en = \"x\" }\nstatement = { ja = \"例\", en = \"x\" }\nlegal-ground = ",
            Some(2),
            field("valid-from", "later than that of the row before"),
        ),
        (
            "programme.toml",
            "2031-03-31",
            "2021-12-19",
            None,
            field("period", "its last day may not lie before its first"),
        ),
        (
            "programme.toml",
            "id = \"covid-19\"",
            "id = \"covid-20\"",
            None,
            Fault::Folder,
        ),
    ] {
        let error = with(file, from, to).unwrap_err();
        assert!(error.file.ends_with(file), "{from} → {to}: {error}");
        assert_eq!((error.row, error.fault), (row, fault), "{from} → {to}");
    }
}

#[test]
fn abroad_needs_icd11_in_every_row() {
    let offers = with(
        "municipalities.toml",
        "[\"domestic\", \"abroad\"]",
        "[\"abroad\"]",
    );
    assert!(offers.is_ok(), "all rows of COVID-19 have one");
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("pandemic-influenza");
    fs::create_dir(&folder).unwrap();
    for file in ["programme.toml", "vaccines.toml", "municipalities.toml"] {
        let text = fs::read_to_string(shipped().join("pandemic-influenza").join(file)).unwrap();
        fs::write(
            folder.join(file),
            text.replace("[\"domestic\"]", "[\"abroad\"]"),
        )
        .unwrap();
    }
    let error = Programmes::load(dir.path()).unwrap_err();
    assert_eq!(
        (error.row, error.fault),
        (Some(1), Fault::AbroadWithoutIcd11(1))
    );
}

#[test]
fn unknown_fields_are_faults() {
    let error = with("programme.toml", "[disease]", "[disease]\nextra = 1").unwrap_err();
    assert!(matches!(error.fault, Fault::Toml(_)));
}

#[test]
fn a_page_has_the_texts_of_its_day_of_issue() {
    let next = "legal-ground = { ja = \"例\", en = \"x\" }\n[[text]]\nvalid-from = \"2027-01-01\"\ntitle = { ja = \"新しい題\", en = \"new\" }\nstatement = { ja = \"例\", en = \"x\" }\nlegal-ground = ";
    let programmes = with("certificate.toml", "legal-ground = ", next).unwrap();
    let programme = programmes.iter().next().unwrap();
    let title = |day| programme.texts_on(day).title().ja.as_str();
    use time::macros::date;
    assert_eq!(
        title(date!(2026 - 12 - 31)),
        "新型コロナウイルス感染症 予防接種証明書"
    );
    assert_eq!(title(date!(2027 - 01 - 01)), "新しい題");
    assert_eq!(title(date!(2031 - 03 - 31)), "新しい題");
}

/// English name of the shipped product, CVX, ICD-11 extension code, row by row. `programmes/SOURCES.md` says where they are from.
const CODES: [(&str, Option<&str>, &str); 18] = [
    ("Comirnaty", Some("208"), "XM8NQ0"),
    ("Comirnaty, 5 to 11 years", Some("218"), "XM8NQ0"),
    ("Comirnaty, 6 months to 4 years", Some("219"), "XM8NQ0"),
    (
        "Comirnaty, bivalent (original/Omicron BA.1)",
        Some("520"),
        "XM8NQ0",
    ),
    (
        "Comirnaty, bivalent (original/Omicron BA.4-5)",
        Some("300"),
        "XM8NQ0",
    ),
    ("Comirnaty (Omicron XBB.1.5)", Some("309"), "XM8NQ0"),
    (
        "Comirnaty, 5 to 11 years (Omicron XBB.1.5)",
        Some("310"),
        "XM8NQ0",
    ),
    (
        "Comirnaty, 6 months to 4 years (Omicron XBB.1.5)",
        Some("308"),
        "XM8NQ0",
    ),
    // Renamed in December 2021.
    ("COVID-19 Vaccine Moderna", Some("207"), "XM3DT5"),
    ("Spikevax", Some("207"), "XM3DT5"),
    (
        "Spikevax, bivalent (original/Omicron BA.1)",
        Some("519"),
        "XM3DT5",
    ),
    (
        "Spikevax, bivalent (original/Omicron BA.4-5)",
        Some("229"),
        "XM3DT5",
    ),
    ("Spikevax (Omicron XBB.1.5)", Some("312"), "XM3DT5"),
    (
        "Spikevax, 6 months to 11 years (Omicron XBB.1.5)",
        Some("311"),
        "XM3DT5",
    ),
    ("Vaxzevria", Some("210"), "XM4YL8"),
    ("Nuvaxovid", Some("211"), "XM9T65"),
    ("Jcovden", Some("212"), "XM6QV1"),
    // Without a CVX of its own the explicit rule holds; without a code of its own in ICD-11, the generic one.
    ("Daichirona (Omicron XBB.1.5)", None, "XM68M6"),
];

/// What CDC's table calls them, shortened: code, maker (by MVX), what it was made from, micrograms a dose. Each row of the shipped table that has such a
/// code has to be that.
const CDC: [(&str, &str, &str, &str); 17] = [
    ("207", "Moderna", "", "100"),
    ("208", "Pfizer", "", "30"),
    ("210", "AstraZeneca", "", ""),
    ("211", "Novavax", "", "5"),
    ("212", "Janssen", "", ""),
    ("218", "Pfizer", "", "10"),
    ("219", "Pfizer", "", "3"),
    ("229", "Moderna", "BA.4-5", "50"),
    ("300", "Pfizer", "BA.4-5", "30"),
    ("301", "Pfizer", "BA.4-5", "10"),
    ("308", "Pfizer", "XBB.1.5", "3"),
    ("309", "Pfizer", "XBB.1.5", "30"),
    ("310", "Pfizer", "XBB.1.5", "10"),
    ("311", "Moderna", "XBB.1.5", "25"),
    ("312", "Moderna", "XBB.1.5", "50"),
    ("519", "Moderna", "BA.1", "50"),
    ("520", "Pfizer", "BA.1", "30"),
];

/// As `programmes/SOURCES.md` says, whose tables were looked at.
#[test]
fn each_cvx_is_of_that_maker_strain_and_dose_in_cdcs_table() {
    let programmes = Programmes::load(&shipped()).unwrap();
    let programme = programmes.find(&"covid-19".parse().unwrap()).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for row in &programme.vaccines().rows {
        let (product, Some(cvx)) = (row.product.en.as_str(), row.cvx.as_deref()) else {
            continue;
        };
        let (_, maker, strain, dose) = CDC.into_iter().find(|it| it.0 == cvx).unwrap();
        seen.insert(cvx);
        assert!(row.maker.en.contains(maker), "{product}: {maker}");
        let strains = ["BA.1", "BA.4-5", "XBB.1.5"];
        let said = strains.into_iter().find(|it| product.contains(it));
        assert_eq!(said.unwrap_or_default(), strain, "{product}");
        // By age: Japan's children's doses are those of the United States.
        let by_age = match (maker, strain) {
            ("Pfizer", _) if product.contains("6 months to 4") => "3",
            ("Pfizer", _) if product.contains("5 to 11") => "10",
            ("Pfizer", _) => "30",
            ("Moderna", _) if product.contains("6 months to 11") => "25",
            ("Moderna", "") => "100",
            ("Moderna", _) => "50",
            _ => dose,
        };
        assert_eq!(by_age, dose, "{product}");
    }
    assert_eq!(seen.len(), CDC.len(), "{seen:?}");
}

/// First and last day of each row: whoever changes one changes what was certified, and says so here.
const DAYS: [(&str, &str, &str); 19] = [
    ("Comirnaty", "2021-02-14", "2024-03-31"),
    ("Comirnaty, 5 to 11 years", "2022-02-21", "2024-03-31"),
    ("Comirnaty, 6 months to 4 years", "2022-10-24", "2024-03-31"),
    (
        "Comirnaty, bivalent (original/Omicron BA.1)",
        "2022-09-20",
        "2024-03-31",
    ),
    (
        "Comirnaty, bivalent (original/Omicron BA.4-5)",
        "2022-10-13",
        "2024-03-31",
    ),
    (
        "Comirnaty, 5 to 11 years, bivalent (original/Omicron BA.4-5)",
        "2023-03-08",
        "2024-03-31",
    ),
    ("Comirnaty (Omicron XBB.1.5)", "2023-09-20", "2024-03-31"),
    (
        "Comirnaty, 5 to 11 years (Omicron XBB.1.5)",
        "2023-09-20",
        "2024-03-31",
    ),
    (
        "Comirnaty, 6 months to 4 years (Omicron XBB.1.5)",
        "2023-09-20",
        "2024-03-31",
    ),
    ("COVID-19 Vaccine Moderna", "2021-05-24", "2021-12-17"),
    ("Spikevax", "2021-12-18", "2024-03-31"),
    (
        "Spikevax, bivalent (original/Omicron BA.1)",
        "2022-09-20",
        "2024-03-31",
    ),
    (
        "Spikevax, bivalent (original/Omicron BA.4-5)",
        "2022-11-28",
        "2024-03-31",
    ),
    ("Spikevax (Omicron XBB.1.5)", "2023-09-25", "2024-03-31"),
    (
        "Spikevax, 6 months to 11 years (Omicron XBB.1.5)",
        "2023-09-25",
        "2024-03-31",
    ),
    ("Vaxzevria", "2021-08-03", "2022-09-30"),
    ("Nuvaxovid", "2022-05-25", "2024-03-31"),
    ("Jcovden", "2022-06-20", "2024-03-31"),
    ("Daichirona (Omicron XBB.1.5)", "2023-11-28", "2024-03-31"),
];

/// What stands on the page, in Japanese and English: title, statement, legal ground.
const TEXTS: [[&str; 2]; 3] = [
    [
        "新型コロナウイルス感染症 予防接種証明書",
        "Vaccination Certificate of COVID-19",
    ],
    [
        "上記の者は、下記のとおり新型コロナウイルス感染症の予防接種を受けたことを証明する。",
        "This is to certify that the person named above has been vaccinated against COVID-19 as stated below.",
    ],
    [
        "予防接種法附則第７条第１項（特例臨時接種）",
        "Immunization Act, Supplementary Provisions, Article 7, paragraph 1",
    ],
];

#[test]
fn days_and_texts_are_those_that_were_reviewed() {
    let (programmes, id) = covid();
    let programme = programmes.find(&id).unwrap();
    let rows = programme.vaccines().rows.iter();
    let days: Vec<_> = rows
        .map(|row| {
            let until = row.until.map(|day| day.to_string()).unwrap_or_default();
            (row.product.en.clone(), row.from.to_string(), until)
        })
        .collect();
    let reviewed = DAYS.map(|(product, from, until)| (product.into(), from.into(), until.into()));
    assert_eq!(days, reviewed);
    // One row of texts holds for the whole period.
    for day in [
        date!(2021 - 12 - 20),
        date!(2026 - 11 - 24),
        date!(2031 - 03 - 31),
    ] {
        let texts = programme.texts_on(day);
        let said = [texts.title(), texts.statement(), texts.legal_ground()];
        let said = said.map(|text| [text.ja.as_str(), text.en.as_str()]);
        assert_eq!(said, TEXTS, "{day}");
    }
}

#[test]
fn codes_are_those_of_the_specification_and_each_row_has_its_days() {
    let programmes = Programmes::load(&shipped()).unwrap();
    let programme = programmes.find(&"covid-19".parse().unwrap()).unwrap();
    assert_eq!(programme.disease().icd11, "RA01.0");
    let table = programme.vaccines();
    for (product, cvx, icd11) in CODES {
        let mut rows = table.rows.iter().filter(|row| row.product.en == product);
        let row = rows.next().unwrap_or_else(|| panic!("no row of {product}"));
        assert!(rows.next().is_none(), "{product} once");
        assert_eq!(
            (row.cvx.as_deref(), row.icd11.as_deref()),
            (cvx, Some(icd11)),
            "{product}"
        );
        // No vaccination was given outside the programme's years.
        assert!(row.from >= time::macros::date!(2021 - 02 - 14), "{product}");
        assert!(
            row.until
                .is_some_and(|until| until <= time::macros::date!(2024 - 03 - 31)),
            "{product}"
        );
    }
    // What the specification's table does not name.
    let others = table
        .rows
        .iter()
        .filter(|row| CODES.iter().all(|(product, ..)| row.product.en != *product));
    let others: Vec<_> = others
        .map(|row| (row.product.en.as_str(), row.cvx.as_deref()))
        .collect();
    assert_eq!(
        others,
        [(
            "Comirnaty, 5 to 11 years, bivalent (original/Omicron BA.4-5)",
            Some("301")
        )]
    );
    assert_eq!(table.without_cvx.as_deref(), Some("500"));
}
