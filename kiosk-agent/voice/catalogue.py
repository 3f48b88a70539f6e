"""What is to be recorded: the catalogue's texts, their sentences, the readings of words an engine gets wrong."""

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("ja", "en", "zh", "ko")

# Raised when the sound changes though no text did: everything is made again.
GENERATION = 1

# Recordings that are a prompt with the attention tone before it.
ALARMS = {"alarm/card": "CardLeft", "alarm/paper": "TakePaper"}
CHIMES = ("chime/attention", "chime/warning", "chime/key")
# Recorded in some languages only: where names are spelled with the letter, where the prefecture is said by its name.
PARTIAL = ("Letter/", "Prefecture/")

KEY = re.compile(r"[A-Za-z0-9-]+(/[A-Za-z0-9-]+)*")
SENTENCE_END = {"ja": r"(?<=[。！？])", "zh": r"(?<=[。！？])", "en": r"(?<=[.!?])\s+", "ko": r"(?<=[.!?])\s+"}


class CatalogueError(Exception):
    """The catalogue or the readings are not what the generator can work with."""


@dataclass(frozen=True)
class Prompt:
    """One recording: its chime, if it begins with one, and its sentences as shown and as spoken."""

    language: str
    key: str
    text: str
    chime: str | None
    shown: tuple[str, ...]
    spoken: tuple[str, ...]
    # In kana, where it is known.
    reading: str | None = None

    @property
    def text_sha256(self):
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def recipe(self):
        """Changes whenever the recording has to be made again."""
        parts = [GENERATION, self.language, self.chime, *self.spoken]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()[:16]


def sentences(text, language):
    return tuple(part.strip() for part in re.split(SENTENCE_END[language], text) if part.strip())


def read_readings(path=Path(__file__).with_name("readings.toml")):
    """By language: (written, spoken), the longest first, so that no part of a word is replaced before the word."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    if set(tables) - set(LANGUAGES):
        raise CatalogueError(f"readings.toml: {set(tables) - set(LANGUAGES)} are no languages")
    return {language: sorted(tables.get(language, {}).items(), key=lambda pair: -len(pair[0])) for language in LANGUAGES}


def spoken(sentence, readings):
    """A sentence with its readings put in, each place replaced at most once."""
    if not readings:
        return sentence
    table = dict(readings)
    return re.sub("|".join(re.escape(written) for written, _ in readings), lambda found: table[found[0]], sentence)


def letter(written):
    """A letter by itself. As katakana, since は and へ by themselves are taken for particles; ん, too short to be
    heard, by its name on the telephone (和文通話表)."""
    return "おしまいのン" if written == "ん" else "".join(chr(ord(each) + 0x60) if "ぁ" <= each <= "ん" else each for each in written)


def pronounced(kana):
    """A reading as Open JTalk writes it: katakana, a long vowel by its mark."""
    vowels = dict(zip("アイウエオ", ("アカガサザタダナハバパマヤャラワ", "イキギシジチヂニヒビピミリ", "ウクグスズツヅヌフブプムユュル", "エケゲセゼテデネヘベペメレ", "オコゴソゾトドノホボポモヨョロ")))
    written = "".join(chr(ord(each) + 0x60) if "ぁ" <= each <= "ん" else each for each in kana)
    long = {"ア": "ア", "イ": "イエ", "ウ": "ウオ", "エ": "エ", "オ": "オ"}
    return "".join(
        "ー" if at and each in long and any(written[at - 1] in vowels[before] for before in long[each]) else each
        for at, each in enumerate(written)
    )


def prompts(catalogue, readings):
    """Every recording there has to be."""
    texts = dict(catalogue["prompts"])
    readings_of = catalogue.get("readings", {})
    if not texts:
        raise CatalogueError("the catalogue is empty")
    made = []
    for language in LANGUAGES:
        def prompt(key, text, chime=None):
            shown = sentences(text, language)
            said = (letter(text),) if key.startswith("Letter/") else tuple(spoken(each, readings[language]) for each in shown)
            return Prompt(language, key, text, chime, shown, said, readings_of.get(key) if language == "ja" else None)

        for key, by_language in texts.items():
            if not KEY.fullmatch(key) or key.startswith(("alarm/", "chime/")):
                raise CatalogueError(f"{key!r} cannot be the key of a prompt")
            if key.startswith(PARTIAL) and language not in by_language:
                continue
            text = by_language.get(language, "")
            if not text.strip() or re.search(r"[{}]", text):
                raise CatalogueError(f"{key} has no text to speak in {language}")
            made.append(prompt(key, text))
        for key, source in ALARMS.items():
            if source not in texts:
                raise CatalogueError(f"{key} speaks {source}, which is not in the catalogue")
            made.append(prompt(key, texts[source][language], "chime/attention"))
        made += [prompt(key, "", key) for key in CHIMES]
    return made
