//! Prints everything that is recorded as JSON, for `voice/generate.py`: `{"prompts": {KEY: {"ja": …, "en": …, "zh": …, "ko": …}}}`.

use serde_json::{Map, Value, json};
use terminal::text::prompts;

fn main() {
    let prompts = prompts().into_iter().map(|(key, [ja, en, zh, ko])| {
        let texts = json!({"ja": ja, "en": en, "zh": zh, "ko": ko});
        (key, texts)
    });
    let prompts: Map<String, Value> = prompts.collect();
    let catalogue = json!({ "prompts": prompts });
    #[expect(clippy::print_stdout, reason = "what the program is for")]
    {
        println!("{catalogue:#}");
    }
}
