//! The record items of 別添1: persons (接種対象者) and doses (接種記録), one column of the CSV each.
//!
//! A field's type is its column's rule: a [`Cell`] is parsed once, when it is imported. An empty cell is `None` where
//! the field is an `Option`, and an error where it is not.

use std::fmt;

use issuance_api::{Date, Personal, PersonalDate, ProgrammeId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::import::{CellError, Cells};

/// A value that a CSV cell can hold.
pub trait Cell: Sized {
    /// Reads it; the error says which rule was broken, never what the cell said.
    ///
    /// # Errors
    /// The rule that was broken.
    fn parse(text: &str) -> Result<Self, CellError>;
}

/// Declares a part of a row: its struct, its header, and how it is read.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty = $header:literal,)* }) => {
        $(#[$doc])*
        #[derive(PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

        impl $name {
            /// Its columns, in order.
            pub const HEADER: &'static [&'static str] = &[$($header,)*];

            /// Reads its cells; nothing if one of them was wrong, which `cells` then knows.
            pub(crate) fn read(cells: &mut Cells<'_>) -> Option<Self> {
                // All cells are read before any is missed, so that every error of a line is found.
                $(let $field = cells.next::<$type>();)*
                Some(Self { $($field: $field?,)* })
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

columns! {
    /// A person as a municipality has registered them. The individual number stands beside it, never inside.
    Person {
        /// 団体内統合宛名番号.
        addressee_number: Digits<15> = "団体内統合宛名番号",
        /// 世帯番号.
        household_number: Option<Digits<15>> = "世帯番号",
        /// 支所コード.
        branch_office: Option<Digits<10>> = "支所コード",
        /// 地区コード.
        district: Option<Digits<10>> = "地区コード",
        /// 行政区コード.
        administrative_area: Option<Digits<10>> = "行政区コード",
        /// カナ氏名.
        kana_name: Option<Text<100>> = "カナ氏名",
        /// 漢字氏名.
        name: Text<100> = "漢字氏名",
        /// 生年月日.
        birth_date: PersonalDate = "生年月日",
        /// 性別.
        sex: Sex = "性別",
        /// 住所.
        address: Option<Text<200>> = "住所",
        /// 転出 (V3).
        moved_out: Flag = "転出",
        /// 死亡 (V3).
        deceased: Flag = "死亡",
        /// 利用停止 (V16).
        stopped: Flag = "利用停止",
        /// 要確認: the municipality has to look at the record before anything is issued.
        confirmation_needed: Flag = "要確認",
    }
}

columns! {
    /// One vaccination.
    Dose {
        /// 年度.
        fiscal_year: Option<Digits<4>> = "年度",
        /// 接種日.
        date: PersonalDate = "接種日",
        /// 業務: the programme's id.
        programme: ProgrammeId = "業務",
        /// 種別.
        kind: Option<Text<40>> = "種別",
        /// 医療機関.
        institution: Option<Text<100>> = "医療機関",
        /// 接種会場.
        place: Option<Text<100>> = "接種会場",
        /// 料金区分.
        fee_class: Option<Text<20>> = "料金区分",
        /// 自己負担額, yen.
        co_payment: Option<Digits<7>> = "自己負担額",
        /// 請求年月.
        month_billed: Option<Month> = "請求年月",
        /// 自費.
        self_paid: Flag = "自費",
        /// 接種時年齢.
        age: Option<Digits<3>> = "接種時年齢",
        /// 年度末年齢.
        age_at_year_end: Option<Digits<3>> = "年度末年齢",
        /// 転入日.
        moved_in: Option<PersonalDate> = "転入日",
        /// 予診日.
        pre_examination_date: Option<PersonalDate> = "予診日",
        /// 予診医療機関.
        pre_examination_institution: Option<Text<100>> = "予診医療機関",
        /// 予診医.
        pre_examination_doctor: Option<Text<100>> = "予診医",
        /// 予診判定.
        pre_examination_judgement: Option<Text<40>> = "予診判定",
        /// 接種形態.
        form: Option<Text<40>> = "接種形態",
        /// 対象区分.
        target_class: Option<Text<40>> = "対象区分",
        /// 接種医.
        vaccinator: Option<Text<100>> = "接種医",
        /// 接種量, ml.
        volume: Option<Decimal> = "接種量",
        /// ワクチン名, as the programme's vaccine table knows it.
        vaccine_name: Text<100> = "ワクチン名",
        /// ワクチン名(その他).
        vaccine_name_other: Option<Text<100>> = "ワクチン名(その他)",
        /// ワクチン有効期限.
        expiry: Option<PersonalDate> = "ワクチン有効期限",
        /// メーカー.
        maker: Option<Text<60>> = "メーカー",
        /// ロット番号.
        lot: Text<20> = "ロット番号",
    }
}

impl Dose {
    /// Puts a person's doses into the one order they have: by date, and by programme on the same day. No two are equal in
    /// both.
    pub fn sort(doses: &mut [Self]) {
        doses.sort_by(|one, other| {
            (&one.date, &one.programme).cmp(&(&other.date, &other.programme))
        });
    }
}

impl<T: Cell> Cell for Option<T> {
    fn parse(text: &str) -> Result<Self, CellError> {
        if text.is_empty() {
            return Ok(None);
        }
        T::parse(text).map(Some)
    }
}

/// Text of at most `MAX` characters, none of them a control character, no blanks around it.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(Personal);

impl<const MAX: usize> Text<MAX> {
    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The same text once more: a copy that somebody asked for.
    #[must_use]
    pub fn again(&self) -> Personal {
        Personal::new(self.expose().to_owned())
    }
}

impl<const MAX: usize> Cell for Text<MAX> {
    fn parse(text: &str) -> Result<Self, CellError> {
        if text.is_empty() {
            Err(CellError::Missing)
        } else if text.chars().nth(MAX).is_some() {
            Err(CellError::TooLong)
        } else if text.chars().any(char::is_control) || text.trim() != text {
            Err(CellError::Character)
        } else {
            Ok(Self(Personal::new(text.to_owned())))
        }
    }
}

/// One to `MAX` ASCII digits; leading zeros count.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digits<const MAX: usize>(Personal);

impl<const MAX: usize> Cell for Digits<MAX> {
    fn parse(text: &str) -> Result<Self, CellError> {
        if text.is_empty() {
            Err(CellError::Missing)
        } else if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(CellError::Character)
        } else if text.len() > MAX {
            Err(CellError::TooLong)
        } else {
            Ok(Self(Personal::new(text.to_owned())))
        }
    }
}

/// A decimal number such as `0.3`, of at most eight characters.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decimal(Personal);

impl Cell for Decimal {
    fn parse(text: &str) -> Result<Self, CellError> {
        if text.is_empty() {
            return Err(CellError::Missing);
        }
        if text.len() > 8 {
            return Err(CellError::TooLong);
        }
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if !digits(whole) || !digits(fraction) {
            return Err(CellError::Character);
        }
        Ok(Self(Personal::new(text.to_owned())))
    }
}

/// A month, `YYYYMM`.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Month(Personal);

impl Cell for Month {
    fn parse(text: &str) -> Result<Self, CellError> {
        if text.is_empty() {
            return Err(CellError::Missing);
        }
        if text.len() != 6 {
            return Err(CellError::Date);
        }
        // A month is one that has a first day.
        let mut day = format!("{text}01");
        let parsed = PersonalDate::parse(&day);
        day.zeroize();
        parsed.map(|_| Self(Personal::new(text.to_owned())))
    }
}

/// Set or not: `1`, or `0` or nothing.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flag(bool);

impl Flag {
    /// Whether it is set.
    #[must_use]
    pub const fn is_set(self) -> bool {
        self.0
    }
}

impl Cell for Flag {
    fn parse(text: &str) -> Result<Self, CellError> {
        match text {
            "" | "0" => Ok(Self(false)),
            "1" => Ok(Self(true)),
            _ => Err(CellError::Code),
        }
    }
}

/// 性別, as ISO/IEC 5218 and the card code it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sex {
    /// `0`.
    NotKnown,
    /// `1`.
    Male,
    /// `2`.
    Female,
    /// `9`.
    NotApplicable,
}

impl Cell for Sex {
    fn parse(text: &str) -> Result<Self, CellError> {
        match text {
            "0" => Ok(Self::NotKnown),
            "1" => Ok(Self::Male),
            "2" => Ok(Self::Female),
            "9" => Ok(Self::NotApplicable),
            "" => Err(CellError::Missing),
            _ => Err(CellError::Code),
        }
    }
}

impl Cell for PersonalDate {
    /// `YYYYMMDD`.
    fn parse(text: &str) -> Result<Self, CellError> {
        if text.is_empty() {
            return Err(CellError::Missing);
        }
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(CellError::Date);
        }
        let format = time::macros::format_description!("[year][month][day]");
        time::Date::parse(text, format)
            .map(|day| Date::from(day).into())
            .map_err(|_| CellError::Date)
    }
}

impl Cell for ProgrammeId {
    fn parse(text: &str) -> Result<Self, CellError> {
        if text.is_empty() {
            return Err(CellError::Missing);
        }
        text.parse().map_err(|_| CellError::Code)
    }
}

impl Cell for card::number::IndividualNumber {
    fn parse(text: &str) -> Result<Self, CellError> {
        use card::number::NumberError;
        if text.is_empty() {
            return Err(CellError::Missing);
        }
        Self::try_from(text).map_err(|error| match error {
            NumberError::Form => CellError::Number,
            NumberError::CheckDigit => CellError::CheckDigit,
        })
    }
}
