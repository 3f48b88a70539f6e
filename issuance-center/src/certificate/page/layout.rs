//! Where everything stands on the pages, and what they share.

use std::{cell::RefCell, sync::Arc};

use issuance_api::{
    CertificateId, CertificateKind, Date, Personal,
    passport::PassportData,
    terminal::{Authority, Holder, Preview},
};

use super::{
    Drawn, PageError, document,
    fonts::{Face, Fonts},
    pen::{ACCENT, BLACK, DOT, GREY, Ink, MM, Place, RULE, TINT},
    sheet::{Align, Lang, Sheet},
    stock::{Stock, Taken},
    tags::{Element, Mark, Role},
    text::{Block, Ladder},
};
use crate::{
    certificate::shc::MAX_DOSES,
    programme::{Bilingual, Programme},
};

mod abroad;
mod domestic;

/// A4, to the nearest whole dot at 300 dots an inch.
pub(super) const A4: (f32, f32) = (2480.0 * DOT, 3508.0 * DOT);
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

/// Between the borders of the page, in millimetres.
const WIDEST: f32 = 172.0;

/// Of dates, ids, lots and Latin names.
const LETTERS: &str =
    "0123456789年月日 -/.,:()'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Japanese above English.
struct Pair {
    ja: Arc<Block>,
    en: Arc<Block>,
}

/// Fits texts into their places.
struct Setter<'a> {
    fonts: &'a Fonts,
    /// Has what is fitted already.
    stock: Option<&'a Stock>,
    /// Takes note of every text, where somebody wants to know.
    taken: Option<&'a RefCell<Taken>>,
}

impl<'a> Setter<'a> {
    const fn new(fonts: &'a Fonts, stock: Option<&'a Stock>) -> Self {
        Self {
            fonts,
            stock,
            taken: None,
        }
    }

    fn pair(
        &self,
        face: &Arc<Face>,
        (ja, en): (&str, &str),
        width: f32,
        (ja_ladder, en_ladder): (Ladder, Ladder),
    ) -> Result<Pair, PageError> {
        Ok(Pair {
            ja: self.block(face, ja, width, ja_ladder)?,
            en: self.block(&self.fonts.regular, en, width, en_ladder)?,
        })
    }

    fn block(
        &self,
        face: &Arc<Face>,
        text: &str,
        width: f32,
        ladder: Ladder,
    ) -> Result<Arc<Block>, PageError> {
        let fitted = |stock: &Stock| stock.fitted(face, text, width, ladder);
        if let Some(block) = self.stock.and_then(fitted) {
            return Ok(block);
        }
        let block = Arc::new(Block::fit(face, text, width * MM, ladder)?);
        if let Some(taken) = self.taken {
            taken.borrow_mut().take(&block, width, ladder);
        }
        Ok(block)
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

/// Fits everything that comes from a programme's files, and takes note of what most of its pages say.
pub(super) fn learn(
    fonts: &Fonts,
    programme: &Programme,
    taken: &RefCell<Taken>,
) -> Result<(), PageError> {
    let set = &Setter {
        taken: Some(taken),
        ..Setter::new(fonts, None)
    };
    // Wide enough for all of them, whatever places there are.
    set.regular((LETTERS, LETTERS), WIDEST, NOTE)?;
    set.bold((LETTERS, LETTERS), WIDEST, NOTE)?;
    domestic::learn(set, programme)?;
    let offers_abroad = programme.offers_abroad();
    if offers_abroad {
        abroad::learn(set, programme)?;
    }
    if let Some(authority) = programme.authorities().next() {
        let of = |kind| specimen(programme, &authority, kind);
        domestic::Texts::new(set, programme, &of(CertificateKind::Domestic), None)?;
        if offers_abroad {
            abroad::Texts::new(set, programme, &of(CertificateKind::Abroad), None)?;
        }
    }
    Ok(())
}

/// A page that says nothing of anybody.
fn specimen(programme: &Programme, authority: &Authority, kind: CertificateKind) -> Preview {
    let mut doses: Vec<_> = programme.vaccines().specimens().take(1).collect();
    if kind == CertificateKind::Abroad {
        doses.retain(|dose| dose.abroad.is_some());
    }
    let letter = || Personal::new("A".to_owned());
    let day = Date::from(
        time::Date::MIN
            .replace_year(2000)
            .expect("1 January is in every year"),
    );
    Preview {
        programme: programme.id().clone(),
        kind,
        holder: Holder {
            name: letter(),
            birth_date: day.into(),
        },
        authority: authority.clone(),
        doses,
        issued_on: day,
        copies: 1,
        passport: Some(Arc::new(PassportData {
            romanised_name: letter(),
            nationality: letter(),
            number: letter(),
        })),
    }
}

/// Fits everything in a preview.
pub(super) fn check(
    fonts: &Fonts,
    stock: &Stock,
    programme: &Programme,
    preview: &Preview,
) -> Result<(), PageError> {
    let set = Setter::new(fonts, Some(stock));
    match preview.kind {
        CertificateKind::Domestic => domestic::Texts::new(&set, programme, preview, None).map(drop),
        CertificateKind::Abroad => abroad::Texts::new(&set, programme, preview, None).map(drop),
    }
}

/// Draws all of a page but its symbols.
pub(super) fn draw<'t>(
    fonts: &'t Fonts,
    stock: &'t Stock,
    programme: &'t Programme,
    preview: &Preview,
    certificate_id: &CertificateId,
) -> Result<Drawn<'t>, PageError> {
    let id = Some(certificate_id);
    let title = programme.texts_on(preview.issued_on.get()).title();
    let set = Setter::new(fonts, Some(stock));
    let mut sheet = Sheet::new(stock);
    let elements = match preview.kind {
        CertificateKind::Domestic => {
            let texts = domestic::Texts::new(&set, programme, preview, id)?;
            domestic::draw(&mut sheet, &texts, &title.ja)
        }
        CertificateKind::Abroad => {
            let texts = abroad::Texts::new(&set, programme, preview, id)?;
            abroad::draw(&mut sheet, &texts, &title.ja)
        }
    };
    Ok(Drawn {
        document: document::begin(&sheet, title, stock)?,
        sheet,
        elements,
    })
}

impl Sheet<'_> {
    fn pair(&mut self, place: Place, align: Align, pair: &Pair, ink: Ink) -> Vec<Mark> {
        let mut blocks: Vec<(&Block, Ink, Lang)> = vec![(&pair.ja, ink, Lang::Ja)];
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
    ) -> Element<'static> {
        let label_place = Place {
            width: label_width,
            ..place
        };
        let value_place = Place {
            x: place.x + label_width,
            width: place.width - label_width,
            ..place
        };
        self.pen.fill(label_place, TINT);
        self.rule_above(place);
        let label = self.pair(label_place.inset(3.0 * MM, 0.0), Align::Left, label, ACCENT);
        let value = self.stack(value_place.inset(4.0 * MM, 0.0), Align::Left, value);
        Element::new(
            Role::Row,
            [
                Element::new(Role::HeadOfRow, label),
                Element::new(Role::Cell, value),
            ],
        )
    }

    fn rule_above(&mut self, place: Place) {
        let right = place.x + place.width;
        self.pen
            .line((place.x, place.y), (right, place.y), 0.4, RULE);
    }

    /// The stronger lines above and below a table.
    fn close_table(&mut self, place: Place) {
        let (left, right) = (place.x, place.x + place.width);
        for y in [place.y, place.y + place.height] {
            self.pen.line((left, y), (right, y), 0.8, ACCENT);
        }
    }
}

/// How a table of doses lies on the page, in millimetres.
struct DoseTable<const N: usize> {
    left: f32,
    width: f32,
    top: f32,
    head_height: f32,
    row_height: f32,
    /// Left edge and width of each column.
    columns: [(f32, f32); N],
    /// Of a column's width, what its texts leave free.
    free: f32,
}

impl<const N: usize> DoseTable<N> {
    /// Draws it; returns where it ends too.
    fn draw<'p>(
        &self,
        sheet: &mut Sheet<'_>,
        heads: &[Pair],
        doses: impl IntoIterator<Item = &'p [Pair]>,
    ) -> (Element<'static>, f32) {
        let line = |y, height| Place::mm(self.left, y, self.width, height);
        sheet.pen.fill(line(self.top, self.head_height), TINT);
        let row = |sheet: &mut Sheet<'_>, texts: &[Pair], (y, height), role, ink| {
            let cells = texts.iter().zip(self.columns).map(|(text, (x, width))| {
                let place = Place::mm(self.left + x + 1.5, y, width - self.free, height);
                Element::new(role, sheet.pair(place, Align::Left, text, ink))
            });
            Element::new(Role::Row, cells.collect::<Vec<_>>())
        };
        let mut y = self.top;
        let mut rows = vec![row(
            sheet,
            heads,
            (y, self.head_height),
            Role::HeadOfColumn,
            ACCENT,
        )];
        y += self.head_height;
        for dose in doses {
            sheet.rule_above(line(y, self.row_height));
            rows.push(row(sheet, dose, (y, self.row_height), Role::Cell, BLACK));
            y += self.row_height;
        }
        sheet.close_table(line(self.top, y - self.top));
        (Element::new(Role::Table, rows), y)
    }
}

fn values(pair: &Pair) -> Vec<(&Block, Ink, Lang)> {
    let mut blocks: Vec<(&Block, Ink, Lang)> = vec![(&pair.ja, BLACK, Lang::Ja)];
    if !pair.en.text.is_empty() {
        blocks.push((&pair.en, GREY, Lang::En));
    }
    blocks
}

/// What is said below the line at the foot of the page, which lies at `top` millimetres.
fn notes(
    sheet: &mut Sheet<'_>,
    notes: &[Pair],
    (left, width): (f32, f32),
    top: f32,
) -> Element<'static> {
    let mut y = top * MM;
    sheet
        .pen
        .line((left * MM, y), ((left + width) * MM, y), 0.4, RULE);
    y += 1.2 * MM;
    let notes = notes.iter().map(|note| {
        let place = Place {
            x: (left + 2.0) * MM,
            y,
            width: (width - 4.0) * MM,
            height: note.ja.height() + note.en.height(),
        };
        y += place.height + 0.8 * MM;
        Element::new(Role::Paragraph, sheet.pair(place, Align::Left, note, BLACK))
    });
    let notes: Vec<Element<'_>> = notes.collect();
    Element::new(Role::Group, notes)
}
