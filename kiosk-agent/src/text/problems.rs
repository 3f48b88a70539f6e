//! What residents are told when something is in the way: every code of the closed list, in every language.

use std::collections::HashSet;

use issuance_api::ProblemCode;
use issuance_api::problem::{Language, Retry};

/// What a sentence contains that asks somebody to do something.
const ASKS: [(Language, &str); 4] = [
    (Language::Ja, "ください"),
    (Language::En, "Please "),
    (Language::Zh, "请"),
    (Language::Ko, "십시오"),
];

/// What the advice of a code says that needs a new application.
const STARTS_AGAIN: [(Language, &str); 4] = [
    (Language::Ja, "最初からやり直"),
    (Language::En, "tart again"),
    (Language::Zh, "重新开始"),
    (Language::Ko, "처음부터 다시"),
];

/// What could be said of anything.
const SAYS_NOTHING: [(Language, &[&str]); 4] = [
    (
        Language::Ja,
        &[
            "エラーが発生",
            "エラーです",
            "問題が起き",
            "問題が発生",
            "失敗しました",
            "不明な",
        ],
    ),
    (
        Language::En,
        &[
            "rror occurred",
            "omething went wrong",
            "omething failed",
            "problem occurred",
            "nexpected",
            "nknown error",
        ],
    ),
    (
        Language::Zh,
        &["发生错误", "出现错误", "出错了", "未知错误", "操作失败"],
    ),
    (
        Language::Ko,
        &[
            "오류가 발생",
            "문제가 발생",
            "알 수 없는 오류",
            "실패했습니다",
        ],
    ),
];

/// The failures that the flow names (flows.md, "Kiosk"), and a word of the way out that each has to have.
const FLOW: [(&str, ProblemCode, &str); 17] = [
    ("no reader", ProblemCode::NoReader, "係員"),
    ("no card", ProblemCode::NoCard, "カードリーダーに置いて"),
    (
        "wrong kind of card",
        ProblemCode::WrongCard,
        "マイナンバーカードを置いて",
    ),
    (
        "phone instead of card",
        ProblemCode::PhoneInsteadOfCard,
        "マイナンバーカードそのもの",
    ),
    (
        "card lifted",
        ProblemCode::CardLifted,
        "終わるまで動かさない",
    ),
    ("card expired", ProblemCode::CardExpired, "窓口で更新"),
    ("PIN wrong", ProblemCode::PinWrong, "もう一度入力"),
    ("PIN locked", ProblemCode::PinBlocked, "窓口で再設定"),
    ("signature invalid", ProblemCode::CardDataAltered, "窓口"),
    (
        "municipality not taking part",
        ProblemCode::MunicipalityNotTakingPart,
        "窓口で申請",
    ),
    ("outside hours", ProblemCode::OutsideHours, "受付時間"),
    (
        "no record found (check the municipality)",
        ProblemCode::NoRecord,
        "市区町村を確かめ",
    ),
    (
        "no record found, nor the person",
        ProblemCode::NoSuchPerson,
        "お住まいだった市区町村",
    ),
    (
        "record needs the municipality's confirmation",
        ProblemCode::ConfirmationNeeded,
        "窓口にお問い合わせ",
    ),
    (
        "center unreachable",
        ProblemCode::CenterUnreachable,
        "しばらくしてから",
    ),
    ("busy", ProblemCode::Busy, "少し待って"),
    (
        "printer out of paper",
        ProblemCode::PrinterOutOfPaper,
        "補充",
    ),
];

fn each(mut check: impl FnMut(ProblemCode, Language, &'static str, &'static str)) {
    for code in ProblemCode::ALL {
        for language in Language::ALL {
            check(
                *code,
                language,
                code.happened(language),
                code.advice(language),
            );
        }
    }
}

fn of<T: Copy>(table: &[(Language, T); 4], language: Language) -> T {
    let found = table.iter().find(|(its, _)| *its == language);
    found.expect("the tables have all languages").1
}

#[test]
fn every_code_says_what_happened_and_what_to_do_in_every_language() {
    each(|code, language, happened, advice| {
        let code = code.as_str();
        let ends: &[char] = match language {
            Language::Ja | Language::Zh => &['。'],
            Language::En | Language::Ko => &['.'],
        };
        for sentence in [happened, advice] {
            assert!(sentence.ends_with(ends), "{code}: {sentence}");
            assert!(sentence.chars().count() >= 6, "{code}: {sentence}");
            assert_eq!(sentence.trim(), sentence, "{code}");
        }
    });
}

#[test]
fn every_code_tells_a_next_step() {
    each(|code, language, _, advice| {
        let asks = of(&ASKS, language);
        assert!(advice.contains(asks), "{}: {advice}", code.as_str());
        if code.meaning().retry == Retry::Restart {
            let again = of(&STARTS_AGAIN, language);
            assert!(advice.contains(again), "{}: {advice}", code.as_str());
        }
    });
}

#[test]
fn no_message_is_generic() {
    for language in Language::ALL {
        let mut told: Vec<(ProblemCode, HashSet<[char; 2]>)> = Vec::new();
        for code in ProblemCode::ALL {
            let happened = code.happened(language);
            for phrase in of(&SAYS_NOTHING, language) {
                assert!(!happened.contains(phrase), "{}: {happened}", code.as_str());
            }
            let pairs = pairs(happened);
            for (other, its) in &told {
                let same = likeness(&pairs, its);
                assert!(
                    same < 0.8,
                    "{} and {} say nearly the same ({same:.2}): {happened}",
                    code.as_str(),
                    other.as_str()
                );
            }
            told.push((*code, pairs));
        }
    }
}

/// Letters beside each other, without what only joins words.
fn pairs(text: &str) -> HashSet<[char; 2]> {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// Dice's coefficient: 1 for the same, 0 for nothing in common.
fn likeness(one: &HashSet<[char; 2]>, other: &HashSet<[char; 2]>) -> f64 {
    let count = |number: usize| f64::from(u32::try_from(number).unwrap());
    2.0 * count(one.intersection(other).count()) / count(one.len() + other.len())
}

#[test]
fn every_text_is_written_in_its_own_script() {
    let kana = |c: char| matches!(c, 'ぁ'..='ヿ');
    let hangul = |c: char| matches!(c, '가'..='힣');
    let han = |c: char| matches!(c, '一'..='鿿');
    each(|code, language, happened, advice| {
        for text in [happened, advice] {
            let has = |is: &dyn Fn(char) -> bool| text.chars().any(is);
            let own = match language {
                Language::Ja => has(&kana) && !has(&hangul),
                Language::En => text.is_ascii(),
                Language::Zh => has(&han) && !has(&kana) && !has(&hangul),
                Language::Ko => has(&hangul) && !has(&kana) && !has(&han),
            };
            assert!(own, "{}, {language:?}: {text}", code.as_str());
        }
    });
}

#[test]
fn every_failure_of_the_flow_has_a_code_and_its_way_out() {
    let mut seen = HashSet::new();
    for (failure, code, way_out) in FLOW {
        assert!(seen.insert(code), "{failure} has no code of its own");
        let advice = code.advice(Language::Ja);
        assert!(advice.contains(way_out), "{failure}: {advice}");
    }
}
