//! The page for use in Japan.
//!
//! ```text
//! frame, waves
//!   title                         kind
//!   name, birth date
//!   statement
//!   doses: date, kind, maker, product, lot; 以下余白 below the last
//!   QR symbol        authority, date of issue, certificate id
//!   notes
//! ```

use issuance_api::{
    CertificateId,
    terminal::{Authority, Dose, Preview},
};

use super::{
    super::{
        PageError,
        pen::{ACCENT, BLACK, GREY, MM, Place},
        sheet::{Align, HEALTH_CARD, Lang, Sheet},
        tags::{Element, Role},
        text::{Block, Ladder},
    },
    BODY, CELL, DoseTable, HEAD, LABEL, MAX_DOSES, NAME, NOTE, Pair, Setter, TITLE, VALUE, both,
    days, notes, values,
};
use crate::programme::{Programme, Texts as ProgrammeTexts};

const LEFT: f32 = 21.0;
const WIDTH: f32 = 168.0;
/// Side of the square in which the QR symbol stands with its quiet zone, in millimetres.
const PANEL: f32 = 53.0;
/// Width of date of issue, legal ground and certificate id.
const FACT_WIDTH: f32 = 66.0;

const OFFICE: (Ladder, Ladder) = (&[(16.0, 1), (13.0, 1), (10.0, 2)], &[(9.0, 1), (8.0, 2)]);

/// Left edge and width of each column of the table of doses, in millimetres.
const COLUMNS: [(f32, f32); 5] = [
    (0.0, 28.0),
    (28.0, 36.0),
    (64.0, 26.0),
    (90.0, 54.0),
    (144.0, 24.0),
];
const HEADS: [(&str, &str); 5] = [
    ("接種年月日", "Date of vaccination"),
    ("ワクチンの種類", "Vaccine type"),
    ("メーカー", "Manufacturer"),
    ("製品名", "Product"),
    ("製造番号", "Lot number"),
];
const NOTES: [(&str, &str); 3] = [
    (
        "この証明書の内容は二次元コードの電子署名により確認できます。紙面は複写できるため、確認は必ず二次元コードを読み取って行ってください。",
        "The digital signature in the QR code proves this certificate. Paper can be copied: always verify by reading the QR code.",
    ),
    (
        "この証明書は、発行した市区町村が保有する接種記録に基づくものです。",
        "This certificate states the vaccination records held by the municipality that issued it.",
    ),
    (
        "二次元コードには氏名、生年月日および接種記録が含まれます。画像を公開しないでください。",
        "The QR code contains the name, the date of birth and the vaccination records. Do not publish its image.",
    ),
];

/// Every text of a page, fitted to its place.
pub(super) struct Texts {
    title: Pair,
    kind: Pair,
    name_label: Pair,
    name: Block,
    birth_label: Pair,
    birth: Pair,
    statement: Pair,
    heads: Vec<Pair>,
    doses: Vec<[Pair; 5]>,
    nothing_follows: Option<Pair>,
    caption: Pair,
    facts: Vec<(Pair, Pair)>,
    office: Pair,
    notes: Vec<Pair>,
}

impl Setter<'_> {
    fn title(&self, texts: &ProgrammeTexts) -> Result<Pair, PageError> {
        self.bold(both(texts.title()), WIDTH - 10.0, TITLE)
    }

    fn statement(&self, texts: &ProgrammeTexts) -> Result<Pair, PageError> {
        self.regular(both(texts.statement()), WIDTH, BODY)
    }

    fn legal_ground(&self, texts: &ProgrammeTexts) -> Result<Pair, PageError> {
        self.regular(both(texts.legal_ground()), FACT_WIDTH, NOTE)
    }

    /// 市区町村長.
    fn office(&self, authority: &Authority) -> Result<Pair, PageError> {
        let ja = format!("{}長", authority.name);
        let en = format!("Mayor of {}", authority.name_en);
        self.bold((&ja, &en), 98.0, OFFICE)
    }

    fn dose(&self, dose: &Dose) -> Result<[Pair; 5], PageError> {
        let cell = |column: usize, ja: &str, en: &str| {
            self.regular((ja, en), COLUMNS[column].1 - 3.0, CELL)
        };
        let (day_ja, day_en) = days(dose.date.expose());
        Ok([
            cell(0, &day_ja, &day_en)?,
            cell(1, dose.vaccine.expose(), dose.vaccine_en.expose())?,
            cell(2, dose.maker.expose(), dose.maker_en.expose())?,
            cell(3, dose.product.expose(), dose.product_en.expose())?,
            cell(4, dose.lot.expose(), "")?,
        ])
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
        let texts = programme.texts_on(preview.issued_on.get());
        let name = preview.holder.name.expose();
        let (name_face, name_clusters) = set.fonts.for_name(name)?;
        let birth = days(preview.holder.birth_date.expose());
        let issued = days(preview.issued_on);
        let kind = ("国内用", "For use in Japan");
        let mut facts = vec![
            (
                set.regular(("発行年月日", "Date of issue"), 30.0, LABEL)?,
                set.regular((&issued.0, &issued.1), FACT_WIDTH, (VALUE, LABEL.1))?,
            ),
            (
                set.regular(("根拠法令", "Legal basis"), 30.0, LABEL)?,
                set.legal_ground(texts)?,
            ),
        ];
        if let Some(id) = certificate_id {
            facts.push((
                set.regular(("証明書ID", "Certificate ID"), 30.0, LABEL)?,
                set.bold((&id.to_string(), ""), FACT_WIDTH, (VALUE, LABEL.1))?,
            ));
        }
        Ok(Self {
            title: set.title(texts)?,
            kind: set.regular(kind, 34.0, LABEL)?,
            name_label: set.regular(("氏名", "Name"), 32.0, LABEL)?,
            name: Block::fit_clusters(name_face, name_clusters, name, (WIDTH - 46.0) * MM, NAME)?,
            birth_label: set.regular(("生年月日", "Date of birth"), 32.0, LABEL)?,
            birth: set.regular((&birth.0, &birth.1), WIDTH - 46.0, (VALUE, LABEL.1))?,
            statement: set.statement(texts)?,
            heads: HEADS
                .iter()
                .zip(COLUMNS)
                .map(|(texts, (_, width))| set.bold(*texts, width - 2.0, HEAD))
                .collect::<Result<_, _>>()?,
            doses: preview
                .doses
                .iter()
                .map(|dose| set.dose(dose))
                .collect::<Result<_, _>>()?,
            nothing_follows: (preview.doses.len() < MAX_DOSES)
                .then(|| set.regular(("以下余白", "Nothing follows"), WIDTH, LABEL))
                .transpose()?,
            caption: set.regular(
                (
                    "電子署名付き二次元コード",
                    "Signed QR code (SMART Health Card)",
                ),
                PANEL,
                NOTE,
            )?,
            facts,
            office: set.office(&preview.authority)?,
            notes: NOTES
                .iter()
                .map(|texts| set.regular(*texts, WIDTH - 4.0, NOTE))
                .collect::<Result<_, _>>()?,
        })
    }
}

/// Fits everything that comes from a programme's files, and takes note of what most of its pages say.
pub(super) fn learn(set: &Setter<'_>, programme: &Programme) -> Result<(), PageError> {
    for texts in programme.texts() {
        set.title(texts)?;
        set.statement(texts)?;
        set.legal_ground(texts)?;
    }
    for dose in programme.vaccines().specimens() {
        set.dose(&dose)?;
    }
    // The characters of every municipality would make each page a large one.
    let only_fits = Setter::new(set.fonts, None);
    for authority in programme.authorities() {
        only_fits.office(&authority)?;
    }
    Ok(())
}

pub(super) fn draw<'t>(sheet: &mut Sheet<'_>, texts: &Texts, title: &'t str) -> Vec<Element<'t>> {
    let mut tree = Vec::new();
    let heading = sheet.pair(
        Place::mm(LEFT, 26.0, WIDTH, 18.0),
        Align::Centre,
        &texts.title,
        ACCENT,
    );
    tree.push(Element::new(Role::Heading(title), heading));
    let kind = Place::mm(LEFT + WIDTH - 34.0, 16.5, 34.0, 8.5);
    sheet.pen.frame(kind, 0.6, ACCENT);
    tree.push(Element::new(
        Role::Paragraph,
        sheet.pair(kind, Align::Centre, &texts.kind, ACCENT),
    ));

    tree.push(holder(sheet, texts));
    let statement = Place::mm(LEFT, 79.5, WIDTH, 12.0);
    tree.push(Element::new(
        Role::Paragraph,
        sheet.pair(statement, Align::Left, &texts.statement, BLACK),
    ));
    let (table, end) = DOSES.draw(
        sheet,
        &texts.heads,
        texts.doses.iter().map(<[Pair; 5]>::as_slice),
    );
    tree.push(table);
    if let Some(pair) = &texts.nothing_follows {
        let place = Place::mm(LEFT, end + 1.0, WIDTH, 9.0);
        tree.push(Element::new(
            Role::Paragraph,
            sheet.pair(place, Align::Centre, pair, GREY),
        ));
    }
    tree.push(proof(sheet, texts));
    tree.push(issue(sheet, texts));
    tree.push(notes(sheet, &texts.notes, (LEFT, WIDTH), 258.5));
    tree
}

fn holder(sheet: &mut Sheet<'_>, texts: &Texts) -> Element<'static> {
    const LABEL_WIDTH: f32 = 38.0 * MM;
    let name = [(&texts.name, BLACK, Lang::Ja)];
    let place = Place::mm(LEFT, 47.0, WIDTH, 17.0);
    let name = sheet.row(place, LABEL_WIDTH, &texts.name_label, &name);
    let place = Place::mm(LEFT, 64.0, WIDTH, 12.0);
    let birth = sheet.row(
        place,
        LABEL_WIDTH,
        &texts.birth_label,
        &values(&texts.birth),
    );
    sheet.close_table(Place::mm(LEFT, 47.0, WIDTH, 29.0));
    Element::new(Role::Table, [name, birth])
}

/// The table of doses.
const DOSES: DoseTable<5> = DoseTable {
    left: LEFT,
    width: WIDTH,
    top: 95.0,
    head_height: 9.5,
    row_height: 12.2,
    columns: COLUMNS,
    free: 3.0,
};

fn proof(sheet: &mut Sheet<'_>, texts: &Texts) -> Element<'static> {
    let alt = "電子署名付き二次元コード。氏名、生年月日、接種記録と発行者の署名が入っています。";
    let caption = Place::mm(LEFT, 249.6, PANEL, 7.0);
    let caption = sheet.pair(caption, Align::Centre, &texts.caption, BLACK);
    let panel = Place::mm(LEFT, 195.0, PANEL, PANEL);
    let figure = sheet.frame(panel, HEALTH_CARD, alt);
    Element::new(Role::Group, [figure, Element::new(Role::Caption, caption)])
}

fn issue(sheet: &mut Sheet<'_>, texts: &Texts) -> Element<'static> {
    const TOP: f32 = 195.0;
    let x = 83.0;
    let width = LEFT + WIDTH - x;
    let mut rows = Vec::new();
    let mut y = TOP;
    for (label, value) in &texts.facts {
        let place = Place::mm(x, y, width, 11.0);
        rows.push(sheet.row(place, 34.0 * MM, label, &values(value)));
        y += 11.0;
    }
    sheet.close_table(Place::mm(x, TOP, width, y - TOP));
    let facts = Element::new(Role::Table, rows);
    let office = Place::mm(x, y + 2.0, width, 18.0);
    let office = sheet.pair(office, Align::Centre, &texts.office, BLACK);
    Element::new(Role::Group, [facts, Element::new(Role::Paragraph, office)])
}
