use proptest::prelude::*;

use super::*;

fn canonical_of(text: &str) -> Result<String, JsonError> {
    Ok(canonical(&parse(text)?, text.len()).to_string())
}

/// The examples of RFC 8785, 3.2.2 and 3.2.3, and the rows of its appendix B that a JSON text can hold.
#[test]
fn the_examples_of_the_rfc() {
    let text = r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#;
    assert_eq!(
        canonical_of(text).unwrap(),
        r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
    );
    let text = r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}"#;
    let canonical = canonical_of(text).unwrap();
    let order = [
        "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew",
    ];
    let places = order.map(|name| canonical.find(name).unwrap());
    assert!(places.is_sorted(), "{canonical}");
    for (written, expected) in [
        ("-0", "0"),
        ("5e-324", "5e-324"),
        ("-1.7976931348623157e308", "-1.7976931348623157e+308"),
        ("9007199254740991", "9007199254740991"),
        ("295147905179352830000.0", "295147905179352830000"),
        ("9.999999999999997e22", "9.999999999999997e+22"),
        ("1e23", "1e+23"),
        ("1.0000000000000001e23", "1.0000000000000001e+23"),
        ("999999999999999700000.0", "999999999999999700000"),
        ("1e21", "1e+21"),
        ("9.999999999999997e-7", "9.999999999999997e-7"),
        ("0.000001", "0.000001"),
        ("333333333.33333325", "333333333.33333325"),
        ("-0.0000033333333333333333", "-0.0000033333333333333333"),
        ("1424953923781206.25", "1424953923781206.2"),
    ] {
        assert_eq!(canonical_of(written).as_deref(), Ok(expected), "{written}");
    }
}

#[test]
fn each_wrong_thing_has_its_own_error() {
    let deep = "[".repeat(18) + &"]".repeat(18);
    for (text, error) in [
        ("", JsonError::Syntax),
        ("{", JsonError::Syntax),
        ("{}{}", JsonError::Syntax),
        ("[1,]", JsonError::Syntax),
        ("[01]", JsonError::Syntax),
        ("[1.]", JsonError::Syntax),
        ("[+1]", JsonError::Syntax),
        ("[.5]", JsonError::Syntax),
        ("nul", JsonError::Syntax),
        ("'a'", JsonError::Syntax),
        ("\"a\nb\"", JsonError::Syntax),
        (r#""\x""#, JsonError::Syntax),
        (r#""\u00g0""#, JsonError::Syntax),
        (r#""\u+123""#, JsonError::Syntax),
        (r#""a"#, JsonError::Syntax),
        (r#""\""#, JsonError::Syntax),
        (r#""\ud800""#, JsonError::Unicode),
        (r#""\udc00\ud800""#, JsonError::Unicode),
        (r#""\ud800\u0041""#, JsonError::Unicode),
        (r#"{"a":1,"\u0061":2}"#, JsonError::Repeated),
        ("1e400", JsonError::Number),
        ("9007199254740993", JsonError::Number),
        (&deep, JsonError::Deep),
    ] {
        assert_eq!(canonical_of(text), Err(error), "{text}");
    }
}

proptest! {
    #[test]
    fn no_input_breaks_it(text in "\\PC{0,100}", like in r#"[\[\]{}",:0-9eE.+\-\\u a-f]{0,60}"#) {
        for text in [text, like] {
            if let Ok(written) = canonical_of(&text) {
                // The canonical form is its own canonical form.
                let again = canonical_of(&written);
                prop_assert_eq!(again.as_ref(), Ok(&written));
            }
        }
    }

    #[test]
    fn numbers_read_back(bits in any::<u64>()) {
        let number = f64::from_bits(bits);
        prop_assume!(number.is_finite());
        let mut written = String::new();
        let value = Value::Number(number);
        written.push_str(&canonical(&value, 30));
        prop_assert_eq!(written.parse::<f64>().unwrap(), number);
    }
}
