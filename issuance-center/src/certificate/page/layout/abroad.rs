//! The page for use abroad and in Japan.
//!
//! ```text
//! frame, waves
//!   title                                   kind
//!   name
//!   name as in the passport
//!   birth date       nationality       passport number
//!   statement
//!   doses: number, date, kind, maker, product, lot, country; 以下余白 below the last
//!   SMART Health Card    VDS-NC, larger    date of issue, legal basis, authority
//!   certificate id
//!   notes
//! ```

use issuance_api::{
    CertificateId,
    terminal::{Dose, DoseAbroad, Preview},
};

use super::{
    super::{
        PageError,
        pen::{ACCENT, BLACK, GREY, Ink, MM, Place, TINT},
        sheet::{Align, HEALTH_CARD, Lang, SEAL, Sheet},
        tags::{Element, Role},
        text::{Block, Ladder},
    },
    BODY, DoseTable, HEAD, LABEL, MAX_DOSES, NAME, NOTE, Pair, Setter, TITLE, VALUE, both, days,
    notes, values,
};
use crate::programme::Programme;

const LEFT: f32 = 19.0;
const WIDTH: f32 = 172.0;

/// Width of the labels of the holder's table.
const LABEL_WIDTH: f32 = 31.0;
/// Left edge and width of each of the three facts in its last row, label and value.
const THIRDS: [(f32, f32, f32); 3] = [(0.0, 31.0, 33.0), (64.0, 20.0, 18.0), (102.0, 27.0, 43.0)];
const HOLDER_TOP: f32 = 40.0;
const HOLDER_ROWS: [f32; 3] = [13.0, 9.5, 9.5];

const STATEMENT_TOP: f32 = 73.5;
const TABLE_TOP: f32 = 85.0;
const HEAD_HEIGHT: f32 = 9.0;
const ROW_HEIGHT: f32 = 10.6;

/// Left edge and width of each column of the table of doses.
const COLUMNS: [(f32, f32); 7] = [
    (0.0, 14.0),
    (14.0, 28.0),
    (42.0, 33.0),
    (75.0, 23.0),
    (98.0, 41.0),
    (139.0, 20.0),
    (159.0, 13.0),
];
const HEADS: [(&str, &str); 7] = [
    ("接種回数", "Dose number"),
    ("接種年月日", "Date of vaccination"),
    ("ワクチンの種類", "Vaccine type"),
    ("メーカー", "Manufacturer"),
    ("製品名", "Product"),
    ("製造番号", "Lot number"),
    ("接種国", "Country"),
];

/// Where the symbols and what stands beside them begin, and the sides of the squares the symbols stand in.
const PROOF_TOP: f32 = 172.0;
const CARD_PANEL: f32 = 53.0;
const SEAL_PANEL: f32 = 75.0;
const GAP: f32 = 2.5;
/// Below the smaller symbol and its caption.
const ID_TOP: f32 = PROOF_TOP + CARD_PANEL + 8.6;
const SEAL_LEFT: f32 = LEFT + CARD_PANEL + GAP;
const FACTS_LEFT: f32 = SEAL_LEFT + SEAL_PANEL + GAP;
const FACTS_WIDTH: f32 = LEFT + WIDTH - FACTS_LEFT;

/// Two lines of each fill a row.
const CELL: (Ladder, Ladder) = (
    &[(8.5, 1), (8.0, 1), (7.5, 1), (7.0, 1), (6.5, 2), (5.0, 3)],
    &[(6.5, 1), (6.0, 1), (5.5, 1), (5.0, 2), (4.5, 2)],
);
const NARROW_OFFICE: (Ladder, Ladder) = (
    &[(13.0, 1), (11.0, 1), (9.5, 2), (8.0, 3)],
    &[(7.5, 1), (7.0, 2), (6.0, 3)],
);
const NARROW_NOTE: (Ladder, Ladder) = (
    &[(7.0, 2), (6.5, 3), (6.0, 4)],
    &[(6.0, 3), (5.5, 4), (5.0, 5)],
);
/// On one line, to be read out.
const ID: Ladder = &[(10.0, 1), (9.0, 1), (8.0, 1), (7.0, 1)];

const NOTES: [(&str, &str); 3] = [
    (
        "この証明書の内容は、二つの二次元コードの電子署名により確認できます。紙面は複写できるため、確認は必ず二次元コードを読み取って行ってください。",
        "The digital signatures in the two QR codes prove this certificate. Paper can be copied: always verify by reading a QR code.",
    ),
    (
        "この証明書は、発行した市区町村が保有する接種記録に基づくものです。旅券の氏名は旅券の記載によります。",
        "This certificate states the vaccination records held by the municipality that issued it. The name in Latin letters is the passport's.",
    ),
    (
        "二次元コードには氏名、生年月日、旅券番号および接種記録が含まれます。画像を公開しないでください。",
        "The QR codes contain names, date of birth, passport number and vaccination records. Do not publish their images.",
    ),
];

/// Every text of the page, fitted to its place.
pub(super) struct Texts {
    title: Pair,
    kind: Pair,
    name_label: Pair,
    name: Block,
    romanised_label: Pair,
    romanised: Block,
    thirds: [(Pair, Pair); 3],
    statement: Pair,
    heads: Vec<Pair>,
    doses: Vec<Vec<Pair>>,
    nothing_follows: Option<Pair>,
    captions: [Pair; 2],
    id: Option<(Pair, Pair)>,
    facts: Vec<(Pair, Pair)>,
    office: Pair,
    notes: Vec<Pair>,
}

impl Setter<'_> {
    fn dose_abroad(&self, dose: &Dose, abroad: &DoseAbroad) -> Result<Vec<Pair>, PageError> {
        let number = format!("{}回目", abroad.number);
        let english = abroad.number.to_string();
        let (day_ja, day_en) = days(dose.date.expose());
        let country = match abroad.country.expose() {
            "JPN" => "日本",
            _ => "",
        };
        let cells = [
            (number.as_str(), english.as_str()),
            (&day_ja, &day_en),
            (dose.vaccine.expose(), dose.vaccine_en.expose()),
            (dose.maker.expose(), dose.maker_en.expose()),
            (dose.product.expose(), dose.product_en.expose()),
            (dose.lot.expose(), ""),
            (country, abroad.country.expose()),
        ];
        let cells = cells.into_iter().zip(COLUMNS);
        cells
            .map(|(texts, (_, width))| self.regular(texts, width - 3.0, CELL))
            .collect()
    }
}

impl Texts {
    /// Fits all texts; without a certificate id, all others, to see whether they can be printed.
    pub(super) fn new(
        set: &Setter<'_>,
        programme: &Programme,
        preview: &Preview,
        certificate_id: Option<&CertificateId>,
    ) -> Result<Self, PageError> {
        if preview.doses.len() > MAX_DOSES {
            return Err(PageError::TooManyDoses);
        }
        // A preview for abroad without a passport is none.
        let passport = preview.passport.as_ref().ok_or(PageError::Invalid)?;
        let texts = programme.texts_on(preview.issued_on.get());
        let name = preview.holder.name.expose();
        let (name_face, name_clusters) = set.fonts.for_name(name)?;
        let value_width = WIDTH - LABEL_WIDTH - 8.0;
        let birth = days(preview.holder.birth_date.expose());
        let issued = days(preview.issued_on);
        let third = |(label, (value, english)): ((&str, &str), (&str, &str)), at: usize| {
            let (_, label_width, width) = THIRDS[at];
            Ok((
                set.regular(label, label_width - 4.0, LABEL)?,
                set.regular((value, english), width - 4.0, (VALUE, LABEL.1))?,
            ))
        };
        let width = FACTS_WIDTH - 4.0;
        let fact = |label: (&str, &str), value: Pair| Ok((set.regular(label, width, HEAD)?, value));
        let facts = vec![
            fact(
                ("発行年月日", "Date of issue"),
                set.regular((&issued.0, &issued.1), width, (VALUE, LABEL.1))?,
            )?,
            fact(
                ("根拠法令", "Legal basis"),
                set.regular(both(texts.legal_ground()), width, NARROW_NOTE)?,
            )?,
        ];
        let id = certificate_id.map(|id| {
            let id = set.bold((&id.to_string(), ""), CARD_PANEL - 4.0, (ID, LABEL.1))?;
            fact(("証明書ID", "Certificate ID"), id)
        });
        Ok(Self {
            title: set.bold(both(texts.title()), WIDTH - 10.0, TITLE)?,
            kind: set.regular(
                ("海外用及び国内用", "For use abroad and in Japan"),
                44.0,
                LABEL,
            )?,
            name_label: set.regular(("氏名", "Name"), LABEL_WIDTH - 4.0, LABEL)?,
            name: Block::fit_clusters(name_face, name_clusters, name, value_width * MM, NAME)?,
            romanised_label: set.regular(
                ("氏名（旅券の記載）", "Name in passport"),
                LABEL_WIDTH - 4.0,
                LABEL,
            )?,
            romanised: {
                // One space is enough for a reader: the QR code keeps both.
                let name = passport.romanised_name.expose().replace("  ", " ");
                let name = zeroize::Zeroizing::new(name);
                Block::fit(&set.fonts.bold, &name, value_width * MM, VALUE)?
            },
            thirds: [
                third((("生年月日", "Date of birth"), (&birth.0, &birth.1)), 0)?,
                third(
                    (("国籍", "Nationality"), (passport.nationality.expose(), "")),
                    1,
                )?,
                third(
                    (
                        ("旅券番号", "Passport number"),
                        (passport.number.expose(), ""),
                    ),
                    2,
                )?,
            ],
            statement: set.regular(both(texts.statement()), WIDTH, BODY)?,
            heads: HEADS
                .iter()
                .zip(COLUMNS)
                .map(|(texts, (_, width))| set.bold(*texts, width - 2.5, HEAD))
                .collect::<Result<_, _>>()?,
            doses: preview
                .doses
                .iter()
                .map(|dose| {
                    let abroad = dose.abroad.as_ref().ok_or(PageError::Invalid)?;
                    set.dose_abroad(dose, abroad)
                })
                .collect::<Result<_, _>>()?,
            nothing_follows: (preview.doses.len() < MAX_DOSES)
                .then(|| set.regular(("以下余白", "Nothing follows"), WIDTH, LABEL))
                .transpose()?,
            captions: [
                set.regular(
                    ("電子署名付き二次元コード", "SMART Health Card"),
                    CARD_PANEL,
                    NOTE,
                )?,
                set.regular(
                    (
                        "電子署名付き二次元コード（出入国用）",
                        "ICAO VDS-NC, for border control",
                    ),
                    SEAL_PANEL,
                    NOTE,
                )?,
            ],
            id: id.transpose()?,
            facts,
            office: office(set, &preview.authority)?,
            notes: NOTES
                .iter()
                .map(|texts| set.regular(*texts, WIDTH - 4.0, NOTE))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// 市区町村長.
fn office(
    set: &Setter<'_>,
    authority: &issuance_api::terminal::Authority,
) -> Result<Pair, PageError> {
    let ja = format!("{}長", authority.name);
    let en = format!("Mayor of {}", authority.name_en);
    set.bold((&ja, &en), FACTS_WIDTH, NARROW_OFFICE)
}

/// Fits everything that comes from a programme's files, and takes note of what most of its pages say.
pub(super) fn learn(set: &Setter<'_>, programme: &Programme) -> Result<(), PageError> {
    for texts in programme.texts() {
        set.bold(both(texts.title()), WIDTH - 10.0, TITLE)?;
        set.regular(both(texts.statement()), WIDTH, BODY)?;
        set.regular(both(texts.legal_ground()), FACTS_WIDTH - 4.0, NARROW_NOTE)?;
    }
    for dose in programme.vaccines().specimens() {
        if let Some(abroad) = &dose.abroad {
            set.dose_abroad(&dose, abroad)?;
        }
    }
    let only_fits = Setter::new(set.fonts, None);
    for authority in programme.authorities() {
        office(&only_fits, &authority)?;
    }
    Ok(())
}

pub(super) fn draw<'t>(sheet: &mut Sheet<'_>, texts: &Texts, title: &'t str) -> Vec<Element<'t>> {
    let mut tree = Vec::new();
    let heading = Place::mm(LEFT, 23.5, WIDTH, 15.0);
    let heading = sheet.pair(heading, Align::Centre, &texts.title, ACCENT);
    tree.push(Element::new(Role::Heading(title), heading));
    let kind = Place::mm(LEFT + WIDTH - 44.0, 15.5, 44.0, 8.0);
    sheet.pen.frame(kind, 0.6, ACCENT);
    let kind = sheet.pair(kind, Align::Centre, &texts.kind, ACCENT);
    tree.push(Element::new(Role::Paragraph, kind));
    tree.push(holder(sheet, texts));
    let statement = Place::mm(LEFT, STATEMENT_TOP, WIDTH, 10.0);
    let statement = sheet.pair(statement, Align::Left, &texts.statement, BLACK);
    tree.push(Element::new(Role::Paragraph, statement));
    let (table, end) = DOSES.draw(sheet, &texts.heads, texts.doses.iter().map(Vec::as_slice));
    tree.push(table);
    if let Some(pair) = &texts.nothing_follows {
        let place = Place::mm(LEFT, end + 1.0, WIDTH, 8.0);
        tree.push(Element::new(
            Role::Paragraph,
            sheet.pair(place, Align::Centre, pair, GREY),
        ));
    }
    tree.push(proof(sheet, texts));
    tree.push(issue(sheet, texts));
    tree.push(notes(sheet, &texts.notes, (LEFT, WIDTH), 257.0));
    tree
}

fn holder(sheet: &mut Sheet<'_>, texts: &Texts) -> Element<'static> {
    let [first, second, third] = HOLDER_ROWS;
    let row = |y: f32, height: f32| Place::mm(LEFT, y, WIDTH, height);
    let names: [(&Pair, &Block, Ink, Lang, Place); 2] = [
        (
            &texts.name_label,
            &texts.name,
            BLACK,
            Lang::Ja,
            row(HOLDER_TOP, first),
        ),
        (
            &texts.romanised_label,
            &texts.romanised,
            BLACK,
            Lang::En,
            row(HOLDER_TOP + first, second),
        ),
    ];
    let mut rows = Vec::new();
    for (label, value, ink, lang, place) in names {
        rows.push(sheet.row(place, LABEL_WIDTH * MM, label, &[(value, ink, lang)]));
    }
    let y = HOLDER_TOP + first + second;
    let mut cells = Vec::new();
    for ((label, value), (x, label_width, width)) in texts.thirds.iter().zip(THIRDS) {
        let label_place = Place::mm(LEFT + x, y, label_width, third);
        sheet.pen.fill(label_place, TINT);
        let label = sheet.pair(label_place.inset(3.0 * MM, 0.0), Align::Left, label, ACCENT);
        let value_place = Place::mm(LEFT + x + label_width, y, width, third);
        let value = sheet.stack(
            value_place.inset(3.0 * MM, 0.0),
            Align::Left,
            &values(value),
        );
        cells.push(Element::new(Role::HeadOfRow, label));
        cells.push(Element::new(Role::Cell, value));
    }
    sheet.rule_above(row(y, third));
    rows.push(Element::new(Role::Row, cells));
    sheet.close_table(row(HOLDER_TOP, first + second + third));
    Element::new(Role::Table, rows)
}

/// The table of doses.
const DOSES: DoseTable<7> = DoseTable {
    left: LEFT,
    width: WIDTH,
    top: TABLE_TOP,
    head_height: HEAD_HEIGHT,
    row_height: ROW_HEIGHT,
    columns: COLUMNS,
    free: 2.5,
};

fn proof(sheet: &mut Sheet<'_>, texts: &Texts) -> Element<'static> {
    const CAPTION: f32 = 7.0;
    let figures = [
        (
            Place::mm(LEFT, PROOF_TOP, CARD_PANEL, CARD_PANEL),
            HEALTH_CARD,
            "電子署名付き二次元コード（SMART Health Card）。氏名、生年月日、接種記録と発行者の署名が入っています。",
        ),
        (
            Place::mm(SEAL_LEFT, PROOF_TOP, SEAL_PANEL, SEAL_PANEL),
            SEAL,
            "電子署名付き二次元コード（ICAO VDS-NC）。旅券の氏名、旅券番号、生年月日、接種記録と発行者の署名が入っています。",
        ),
    ];
    let mut parts = Vec::new();
    for ((panel, least, alt), caption) in figures.into_iter().zip(&texts.captions) {
        parts.push(sheet.frame(panel, least, alt));
        let place = Place {
            y: panel.y + panel.height + 0.6 * MM,
            height: CAPTION * MM,
            ..panel
        };
        let caption = sheet.pair(place, Align::Centre, caption, BLACK);
        parts.push(Element::new(Role::Caption, caption));
    }
    Element::new(Role::Group, parts)
}

fn issue(sheet: &mut Sheet<'_>, texts: &Texts) -> Element<'static> {
    let (mut rows, y) = facts(sheet, &texts.facts, (FACTS_LEFT, FACTS_WIDTH), PROOF_TOP);
    let id = texts.id.as_slice();
    rows.extend(facts(sheet, id, (LEFT, CARD_PANEL), ID_TOP).0);
    let facts = Element::new(Role::Table, rows);
    let bottom = PROOF_TOP + SEAL_PANEL;
    let office = Place::mm(FACTS_LEFT, y, FACTS_WIDTH, (bottom - y).max(1.0));
    let office = sheet.pair(office, Align::Centre, &texts.office, BLACK);
    Element::new(Role::Group, [facts, Element::new(Role::Paragraph, office)])
}

/// Facts one below the other, and where they end in millimetres.
fn facts(
    sheet: &mut Sheet<'_>,
    facts: &[(Pair, Pair)],
    (left, width): (f32, f32),
    top: f32,
) -> (Vec<Element<'static>>, f32) {
    const LABEL: f32 = 7.0;
    const AFTER: f32 = 1.4;
    let mut rows = Vec::new();
    let mut y = top;
    for (label, value) in facts {
        let place = Place::mm(left, y, width, LABEL);
        sheet.pen.fill(place, TINT);
        sheet.rule_above(place);
        let label = sheet.pair(place.inset(2.0 * MM, 0.0), Align::Left, label, ACCENT);
        let blocks = values(value);
        let height: f32 = blocks.iter().map(|(block, ..)| block.height()).sum();
        let place = Place {
            y: (y + LABEL + AFTER) * MM,
            height,
            ..place.inset(2.0 * MM, 0.0)
        };
        let value = sheet.stack(place, Align::Left, &blocks);
        rows.push(Element::new(
            Role::Row,
            [
                Element::new(Role::HeadOfRow, label),
                Element::new(Role::Cell, value),
            ],
        ));
        y += LABEL + 2.0 * AFTER + height / MM;
    }
    sheet.close_table(Place::mm(left, top, width, y - top));
    (rows, y)
}

#[cfg(test)]
mod tests {
    use super::{super::super::sheet::largest, *};

    /// Four modules of quiet zone, and as far as a terminal looks for colours around a symbol: 2 mm and a little.
    const AROUND: f32 = 2.6 * MM;

    #[test]
    fn every_symbol_has_room_around_it() {
        assert!(largest(1..=22, HEALTH_CARD) + 2.0 * AROUND <= CARD_PANEL * MM);
        assert!(largest(1..=30, SEAL) + 2.0 * AROUND <= SEAL_PANEL * MM);
    }
}
