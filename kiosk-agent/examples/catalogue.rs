//! Prints everything that is recorded as JSON, for `voice/generate.py`: `{"prompts": {KEY: {"ja": …, "en": …, "zh": …, "ko": …}}}`,
//! each in the languages that it is recorded in, and `{"readings": {KEY: …}}`, in kana, where that is known.

use serde_json::{Map, Value, json};
use terminal::text::{prompts, readings};

fn main() {
    let prompts = prompts().into_iter().map(|(key, texts)| {
        let texts = texts.into_iter().map(|(language, text)| {
            // As it stands in JSON.
            let language = json!(language).as_str().unwrap_or_default().to_owned();
            (language, Value::from(text))
        });
        (key, Value::Object(texts.collect()))
    });
    let prompts: Map<String, Value> = prompts.collect();
    let readings = readings().map(|(key, reading)| (key, Value::from(reading)));
    let readings: Map<String, Value> = readings.collect();
    let catalogue = json!({ "prompts": prompts, "readings": readings });
    #[expect(clippy::print_stdout, reason = "what the program is for")]
    {
        println!("{catalogue:#}");
    }
}
