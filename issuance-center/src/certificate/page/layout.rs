//! Where everything stands on the page. The one for abroad has its own module.
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

use std::{num::NonZeroU16, sync::Arc};

use issuance_api::{
    CertificateId, CertificateKind, Date,
    terminal::{Authority, Dose, Preview},
};
use krilla::{
    Document, SerializeSettings,
    configure::{Accessibility, ConfigurationBuilder},
    destination::XyzDestination,
    geom::Point,
    metadata::{Metadata, TextDirection},
    outline::{Outline, OutlineNode},
    page::PageSettings,
    tagging::{Identifier, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree},
};

use super::{
    Content, PageError, background,
    fonts::{Face, Fonts},
    sheet::{
        ACCENT, Align, BLACK, DOT, GREY, HEALTH_CARD, Ink, Lang, MM, Place, RULE, Sheet, TINT,
    },
    text::{Block, Ladder},
};
use crate::{
    certificate::{qr::Symbol, shc::MAX_DOSES},
    programme::{Bilingual, Programme, Texts as ProgrammeTexts},
};

mod abroad;

/// A4, to the nearest whole dot at 300 dots an inch.
const A4: (f32, f32) = (2480.0 * DOT, 3508.0 * DOT);
const LEFT: f32 = 21.0;
const WIDTH: f32 = 168.0;
/// Side of the square in which the QR symbol stands with its quiet zone, in millimetres.
const PANEL: f32 = 53.0;
/// Width of date of issue, legal ground and certificate id.
const FACT_WIDTH: f32 = 66.0;

const TITLE: (Ladder, Ladder) = (&[(20.0, 1), (17.0, 1), (14.0, 2)], &[(11.0, 1), (9.0, 2)]);
const LABEL: (Ladder, Ladder) = (&[(9.0, 1), (8.0, 2)], &[(7.0, 1), (6.0, 2)]);
const HEAD: (Ladder, Ladder) = (&[(8.0, 1), (7.0, 2)], &[(6.5, 1), (6.0, 2)]);
const CELL: (Ladder, Ladder) = (
    &[(8.5, 1), (8.0, 1), (7.5, 2), (6.5, 2), (5.5, 3)],
    &[(6.5, 1), (6.0, 1), (5.5, 1), (5.5, 2), (4.5, 3)],
);
const BODY: (Ladder, Ladder) = (
    &[(10.0, 1), (9.0, 2), (8.0, 3)],
    &[(8.0, 1), (7.5, 2), (7.0, 3)],
);
const NOTE: (Ladder, Ladder) = (
    &[(7.5, 1), (7.0, 2), (6.5, 3)],
    &[(6.5, 1), (6.0, 2), (5.5, 3)],
);
const OFFICE: (Ladder, Ladder) = (&[(16.0, 1), (13.0, 1), (10.0, 2)], &[(9.0, 1), (8.0, 2)]);
const NAME: Ladder = &[
    (18.0, 1),
    (16.0, 1),
    (14.0, 1),
    (12.0, 2),
    (10.5, 2),
    (9.0, 3),
    (8.0, 3),
    (7.0, 4),
    (6.0, 5),
];
const VALUE: Ladder = &[(11.0, 1), (10.0, 1), (9.0, 2), (8.0, 3)];

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

/// Japanese above English.
struct Pair {
    ja: Block,
    en: Block,
}

/// Every text of a page, fitted to its place.
struct Texts {
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

struct Setter<'a> {
    fonts: &'a Fonts,
}

impl Setter<'_> {
    fn pair(
        &self,
        face: &Arc<Face>,
        (ja, en): (&str, &str),
        width: f32,
        (ja_ladder, en_ladder): (Ladder, Ladder),
    ) -> Result<Pair, PageError> {
        Ok(Pair {
            ja: Block::fit(face, ja, width * MM, ja_ladder)?,
            en: Block::fit(&self.fonts.regular, en, width * MM, en_ladder)?,
        })
    }

    fn regular(
        &self,
        texts: (&str, &str),
        width: f32,
        ladders: (Ladder, Ladder),
    ) -> Result<Pair, PageError> {
        self.pair(&self.fonts.regular, texts, width, ladders)
    }

    fn bold(
        &self,
        texts: (&str, &str),
        width: f32,
        ladders: (Ladder, Ladder),
    ) -> Result<Pair, PageError> {
        self.pair(&self.fonts.bold, texts, width, ladders)
    }

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
        let (day_ja, day_en) = days(dose.date);
        Ok([
            cell(0, &day_ja, &day_en)?,
            cell(1, &dose.vaccine, &dose.vaccine_en)?,
            cell(2, &dose.maker, &dose.maker_en)?,
            cell(3, &dose.product, &dose.product_en)?,
            cell(4, &dose.lot, "")?,
        ])
    }
}

fn both(texts: &Bilingual) -> (&str, &str) {
    (&texts.ja, &texts.en)
}

/// A day in Japanese and as ISO 8601 writes it.
fn days(date: Date) -> (String, String) {
    let day = date.get();
    let japanese = format!("{}年{}月{}日", day.year(), u8::from(day.month()), day.day());
    (japanese, String::from(date))
}

impl Texts {
    /// Fits all texts; without a certificate id, all others, to see whether they can be printed.
    fn new(
        fonts: &Fonts,
        programme: &Programme,
        preview: &Preview,
        certificate_id: Option<&CertificateId>,
    ) -> Result<Self, PageError> {
        if preview.doses.len() > MAX_DOSES {
            return Err(PageError::TooManyDoses);
        }
        let set = Setter { fonts };
        let texts = programme.texts_on(preview.issued_on.get());
        let name = preview.holder.name.expose();
        let (name_face, name_clusters) = fonts.for_name(name)?;
        let birth = days(preview.holder.birth_date);
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

/// Fits everything that comes from a programme's files.
pub(super) fn check_programme(fonts: &Fonts, programme: &Programme) -> Result<(), PageError> {
    let set = Setter { fonts };
    for texts in programme.texts() {
        set.title(texts)?;
        set.statement(texts)?;
        set.legal_ground(texts)?;
    }
    for dose in programme.vaccines().specimens() {
        set.dose(&dose)?;
    }
    for authority in programme.authorities() {
        set.office(&authority)?;
    }
    if programme.offers_abroad() {
        abroad::check_programme(fonts, programme)?;
    }
    Ok(())
}

/// Fits everything in a preview.
pub(super) fn check(
    fonts: &Fonts,
    programme: &Programme,
    preview: &Preview,
) -> Result<(), PageError> {
    match preview.kind {
        CertificateKind::Domestic => Texts::new(fonts, programme, preview, None).map(drop),
        CertificateKind::Abroad => abroad::Texts::new(fonts, programme, preview, None).map(drop),
    }
}

/// The texts of one of the two pages.
enum Either {
    Domestic(Box<Texts>),
    Abroad(Box<abroad::Texts>),
}

/// Sets the whole page.
pub(super) fn page(fonts: &Fonts, content: &Content<'_>) -> Result<Vec<u8>, PageError> {
    let (programme, preview) = (content.programme, content.preview);
    let id = Some(content.certificate_id);
    let texts = match preview.kind {
        CertificateKind::Domestic => {
            let texts = Texts::new(fonts, programme, preview, id)?;
            Either::Domestic(Box::new(texts))
        }
        CertificateKind::Abroad => {
            let texts = abroad::Texts::new(fonts, programme, preview, id)?;
            Either::Abroad(Box::new(texts))
        }
    };
    let configuration =
        ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1);
    let mut document = Document::new_with(SerializeSettings {
        configuration: configuration.finish().map_err(|_| PageError::Invalid)?,
        ..SerializeSettings::default()
    });
    let title = programme.texts_on(preview.issued_on.get()).title();
    document.set_metadata(
        Metadata::new()
            .title(format!("{} {}", title.ja, title.en))
            .language("ja-JP".to_owned())
            .creator("Shomei".to_owned())
            .text_direction(TextDirection::LeftToRight),
    );
    let mut outline = Outline::new();
    let top = XyzDestination::new(0, Point::from_xy(0.0, 0.0));
    outline.push_child(OutlineNode::new(title.ja.clone(), top));
    document.set_outline(outline);

    let size = PageSettings::from_wh(A4.0, A4.1).expect("A4 has a size");
    let mut page = document.start_page_with(size);
    let mut surface = page.surface();
    let mut sheet = Sheet {
        surface: &mut surface,
    };
    let tree = match (&texts, content.seal) {
        (Either::Domestic(texts), None) => draw(&mut sheet, texts, content.symbol, &title.ja),
        (Either::Abroad(texts), Some(seal)) => {
            abroad::draw(&mut sheet, texts, [content.symbol, seal], &title.ja)
        }
        _ => return Err(PageError::Invalid),
    };
    surface.finish();
    page.finish();
    document.set_tag_tree(tree);
    document.finish().map_err(|_| PageError::Invalid)
}

fn group(tag: impl Into<TagKind>, children: impl IntoIterator<Item = impl Into<Node>>) -> TagGroup {
    TagGroup::with_children(tag, children.into_iter().map(Into::into).collect())
}

impl Sheet<'_, '_> {
    fn pair(&mut self, place: Place, align: Align, pair: &Pair, ink: Ink) -> Vec<Identifier> {
        let mut blocks = vec![(&pair.ja, ink, Lang::Ja)];
        if !pair.en.text.is_empty() {
            blocks.push((&pair.en, GREY, Lang::En));
        }
        self.stack(place, align, &blocks)
    }

    /// A tinted label and its value, as one row of a table.
    fn row(
        &mut self,
        place: Place,
        label_width: f32,
        label: &Pair,
        value: &[(&Block, Ink, Lang)],
    ) -> TagGroup {
        let label_place = Place {
            width: label_width,
            ..place
        };
        let value_place = Place {
            x: place.x + label_width,
            width: place.width - label_width,
            ..place
        };
        self.fill(label_place, TINT);
        self.rule_above(place);
        let label = self.pair(label_place.inset(3.0 * MM, 0.0), Align::Left, label, ACCENT);
        let value = self.stack(value_place.inset(4.0 * MM, 0.0), Align::Left, value);
        group(
            Tag::TR,
            [
                group(Tag::TH(TableHeaderScope::Row), label),
                group(Tag::TD, value),
            ],
        )
    }

    fn rule_above(&mut self, place: Place) {
        let right = place.x + place.width;
        self.line((place.x, place.y), (right, place.y), 0.4, RULE);
    }

    /// The stronger lines above and below a table.
    fn close_table(&mut self, place: Place) {
        let (left, right) = (place.x, place.x + place.width);
        for y in [place.y, place.y + place.height] {
            self.line((left, y), (right, y), 0.8, ACCENT);
        }
    }
}

fn values(pair: &Pair) -> Vec<(&Block, Ink, Lang)> {
    let mut blocks = vec![(&pair.ja, BLACK, Lang::Ja)];
    if !pair.en.text.is_empty() {
        blocks.push((&pair.en, GREY, Lang::En));
    }
    blocks
}

fn draw(sheet: &mut Sheet<'_, '_>, texts: &Texts, symbol: &Symbol, title: &str) -> TagTree {
    let mut tree = begin(sheet);
    let heading = sheet.pair(
        Place::mm(LEFT, 26.0, WIDTH, 18.0),
        Align::Centre,
        &texts.title,
        ACCENT,
    );
    let first = NonZeroU16::MIN;
    tree.push(group(Tag::Hn(first, Some(title.to_owned())), heading));
    let kind = Place::mm(LEFT + WIDTH - 34.0, 16.5, 34.0, 8.5);
    sheet.frame(kind, 0.6, ACCENT);
    tree.push(group(
        Tag::P,
        sheet.pair(kind, Align::Centre, &texts.kind, ACCENT),
    ));

    tree.push(holder(sheet, texts));
    let statement = Place::mm(LEFT, 79.5, WIDTH, 12.0);
    tree.push(group(
        Tag::P,
        sheet.pair(statement, Align::Left, &texts.statement, BLACK),
    ));
    let (table, end) = doses(sheet, texts);
    tree.push(table);
    if let Some(pair) = &texts.nothing_follows {
        let place = Place::mm(LEFT, end + 1.0, WIDTH, 9.0);
        tree.push(group(Tag::P, sheet.pair(place, Align::Centre, pair, GREY)));
    }
    tree.push(proof(sheet, texts, symbol));
    tree.push(issue(sheet, texts));
    tree.push(notes(sheet, &texts.notes, (LEFT, WIDTH), 258.5));
    tree
}

/// Frame and waves.
fn begin(sheet: &mut Sheet<'_, '_>) -> TagTree {
    let border = Place::mm(12.0, 12.0, 186.0, 273.0);
    background::draw(sheet, border.inset(1.6 * MM, 1.6 * MM));
    sheet.frame(border, 1.2, ACCENT);
    sheet.frame(border.inset(1.2 * MM, 1.2 * MM), 0.4, ACCENT);
    TagTree::new().with_lang(Some("ja-JP".to_owned()))
}

fn holder(sheet: &mut Sheet<'_, '_>, texts: &Texts) -> TagGroup {
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
    group(Tag::Table, [name, birth])
}

/// The table of doses, and where it ends in millimetres.
fn doses(sheet: &mut Sheet<'_, '_>, texts: &Texts) -> (TagGroup, f32) {
    const TOP: f32 = 95.0;
    const HEAD_HEIGHT: f32 = 9.5;
    const ROW_HEIGHT: f32 = 12.2;
    sheet.fill(Place::mm(LEFT, TOP, WIDTH, HEAD_HEIGHT), TINT);
    let cell =
        |(x, width): (f32, f32), y, height| Place::mm(LEFT + x + 1.5, y, width - 3.0, height);
    let heads = texts.heads.iter().zip(COLUMNS).map(|(head, column)| {
        let place = cell(column, TOP, HEAD_HEIGHT);
        group(
            Tag::TH(TableHeaderScope::Column),
            sheet.pair(place, Align::Left, head, ACCENT),
        )
    });
    let mut rows = vec![group(Tag::TR, heads.collect::<Vec<_>>())];
    let mut y = TOP + HEAD_HEIGHT;
    for dose in &texts.doses {
        sheet.rule_above(Place::mm(LEFT, y, WIDTH, ROW_HEIGHT));
        let cells = dose.iter().zip(COLUMNS).map(|(text, column)| {
            let place = cell(column, y, ROW_HEIGHT);
            group(Tag::TD, sheet.pair(place, Align::Left, text, BLACK))
        });
        rows.push(group(Tag::TR, cells.collect::<Vec<_>>()));
        y += ROW_HEIGHT;
    }
    sheet.close_table(Place::mm(LEFT, TOP, WIDTH, y - TOP));
    (group(Tag::Table, rows), y)
}

fn proof(sheet: &mut Sheet<'_, '_>, texts: &Texts, symbol: &Symbol) -> TagGroup {
    let figure = sheet.symbol(Place::mm(LEFT, 195.0, PANEL, PANEL), symbol, HEALTH_CARD);
    let alt = "電子署名付き二次元コード。氏名、生年月日、接種記録と発行者の署名が入っています。";
    let caption = Place::mm(LEFT, 249.6, PANEL, 7.0);
    let caption = sheet.pair(caption, Align::Centre, &texts.caption, BLACK);
    let figure = group(Tag::Figure(Some(alt.to_owned())), [figure]);
    group(Tag::Div, [figure, group(Tag::Caption, caption)])
}

fn issue(sheet: &mut Sheet<'_, '_>, texts: &Texts) -> TagGroup {
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
    let facts = group(Tag::Table, rows);
    let office = Place::mm(x, y + 2.0, width, 18.0);
    let office = sheet.pair(office, Align::Centre, &texts.office, BLACK);
    group(Tag::Div, [facts, group(Tag::P, office)])
}

/// What is said below the line at the foot of the page, which lies at `top` millimetres.
fn notes(
    sheet: &mut Sheet<'_, '_>,
    notes: &[Pair],
    (left, width): (f32, f32),
    top: f32,
) -> TagGroup {
    let mut y = top * MM;
    sheet.line((left * MM, y), ((left + width) * MM, y), 0.4, RULE);
    y += 1.2 * MM;
    let notes = notes.iter().map(|note| {
        let place = Place {
            x: (left + 2.0) * MM,
            y,
            width: (width - 4.0) * MM,
            height: note.ja.height() + note.en.height(),
        };
        y += place.height + 0.8 * MM;
        group(Tag::P, sheet.pair(place, Align::Left, note, BLACK))
    });
    let notes: Vec<TagGroup> = notes.collect();
    group(Tag::Div, notes)
}
