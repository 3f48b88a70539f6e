#!/usr/bin/env python3
"""Records the kiosk's prompts from the message catalogue, or checks the recordings against it. See README.md.

    cargo run -p kiosk-agent --example catalogue | python3 kiosk-agent/voice/generate.py --styles DIR
    cargo run -p kiosk-agent --example catalogue | python3 kiosk-agent/voice/generate.py --check
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np

import audio
import check
from catalogue import CatalogueError, prompts, pronounced, read_readings

ASSETS = Path(__file__).resolve().parent.parent / "assets" / "voice"
CHIME_RATE = 48_000


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--check", action="store_true", help="judge the recordings instead of making them; needs no engine")
    arguments.add_argument("--notation", action="store_true", help="print how each sentence would be read instead of saying it")
    arguments.add_argument("--styles", type=Path, help="folder `voices` of the npm package kokoro-js")
    arguments.add_argument("--cache", type=Path, help="folder for sentences already spoken")
    arguments.add_argument("--assets", type=Path, default=ASSETS, help="where the recordings are (default: %(default)s)")
    given = arguments.parse_args()
    wanted = prompts(json.load(sys.stdin), read_readings())
    if given.check:
        return check.report(wanted, given.assets)
    if given.styles is None:
        arguments.error("--styles is needed to speak")
    import engines

    voices = engines.engines(given.styles)
    if given.notation:
        return show(wanted, voices)
    return record(wanted, voices, given.assets, given.cache)


def show(wanted, voices):
    """For eyes: every different sentence once, with what the engine makes of it."""
    sentences = {(prompt.language, *pair): None for prompt in wanted for pair in zip(prompt.shown, prompt.spoken)}
    for language, shown, spoken in sentences:
        print(f"{language}  {shown}\n    {voices[language]().notation(spoken)}")
    return 0


def record(wanted, voices, assets, cache):
    manifest = check.read_manifest(assets)
    made = 0
    for prompt in wanted:
        entry = manifest.get(prompt.language, {}).get(prompt.key)
        path = check.path(assets, prompt)
        if entry and entry["recipe"] == prompt.recipe and path.is_file() and check.sha256(path) == entry["audio_sha256"]:
            # The recipe covers what is spoken; how it is written may have changed without it.
            entry |= {"text_sha256": prompt.text_sha256, "cues": captioned(entry["cues"], prompt)}
            continue
        sound, rate, cues = spoken(prompt, voices, cache)
        audio.encode(sound, rate, path)
        manifest.setdefault(prompt.language, {})[prompt.key] = {
            "text_sha256": prompt.text_sha256,
            "recipe": prompt.recipe,
            "audio_sha256": check.sha256(path),
            "duration_ms": round(1000 * len(audio.decode(path)) / audio.DECODED_RATE),
            "cues": cues,
        }
        made += 1
        write_manifest(assets, manifest, wanted)
        print(f"{prompt.language}/{prompt.key}", flush=True)
    write_manifest(assets, manifest, wanted)
    removed = remove_others(assets, wanted)
    print(f"{made} made, {len(wanted) - made} kept, {removed} removed")
    return 0


def captioned(cues, prompt):
    return [{"start_ms": cue["start_ms"], "text": text} for cue, text in zip(cues, prompt.shown, strict=True)]


def spoken(prompt, voices, cache):
    """One recording: its sound, its rate, and when each sentence begins."""
    if not prompt.shown:
        rate = CHIME_RATE
        parts = [audio.levelled(audio.melody(rate, audio.CHIMES[prompt.chime]), rate)]
        return np.concatenate([audio.silence(rate, audio.LEAD_IN), *parts, audio.silence(rate, audio.LEAD_OUT)]), rate, []
    voice = voices[prompt.language]()
    rate = voice.rate
    if prompt.reading and voice.notation(prompt.spoken[0]) != pronounced(prompt.reading):
        raise CatalogueError(f"{prompt.key}: {prompt.text} is read {voice.notation(prompt.spoken[0])}, not {prompt.reading}")
    said = [said_once(voice, sentence, cache) for sentence in prompt.spoken]
    # One level for the prompt: sentence by sentence would make a short one shout.
    joined = audio.levelled(np.concatenate(said), rate)
    said = np.split(joined, np.cumsum([len(sound) for sound in said])[:-1])
    parts, cues = [audio.silence(rate, audio.LEAD_IN)], []
    if prompt.chime:
        parts += [audio.levelled(audio.melody(rate, audio.CHIMES[prompt.chime]), rate), audio.silence(rate, audio.AFTER_CHIME)]
    for number, (text, sound) in enumerate(zip(prompt.shown, said)):
        if number:
            parts.append(audio.silence(rate, audio.PAUSE))
        cues.append({"start_ms": round(1000 * sum(map(len, parts)) / rate), "text": text})
        parts.append(sound)
    parts.append(audio.silence(rate, audio.LEAD_OUT))
    return np.concatenate(parts), rate, cues


def said_once(voice, sentence, cache):
    """A sentence spoken, or taken from the cache: many end with the same advice."""
    if cache is None:
        return audio.trimmed(voice.say(sentence), voice.rate)
    name = hashlib.sha256(f"{voice.name}\n{voice.notation(sentence)}\n{sentence}".encode()).hexdigest()
    path = cache / f"{name}.npy"
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(path, audio.trimmed(voice.say(sentence), voice.rate))
    return np.load(path)


def write_manifest(assets, manifest, wanted):
    """What is wanted and there, in the catalogue's order."""
    kept = {}
    for prompt in wanted:
        entry = manifest.get(prompt.language, {}).get(prompt.key)
        if entry:
            kept.setdefault(prompt.language, {})[prompt.key] = entry
    assets.mkdir(parents=True, exist_ok=True)
    (assets / check.MANIFEST).write_text(json.dumps({"languages": kept}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def remove_others(assets, wanted):
    keep = {check.path(assets, prompt) for prompt in wanted}
    others = [path for path in sorted(assets.rglob("*.opus")) if path not in keep]
    for path in others:
        path.unlink()
    for folder in sorted((path for path in assets.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return len(others)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CatalogueError as error:
        sys.exit(str(error))
