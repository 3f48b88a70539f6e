"""Judges the recordings: against the catalogue by their manifest, and by ear as far as a program has ears."""

import hashlib
import json

import audio

MANIFEST = "manifest.json"

# Letters and digits a second, sentence by sentence. A sentence outside is cut short, stretched, or not the one written.
PACE = {"ja": (3.0, 9.0), "en": (4.5, 17.0), "zh": (2.2, 5.5), "ko": (2.5, 6.5)}
# A digit is one letter, and a word of its own.
SHORT, SHORT_PACE = 3, (0.6, 9.0)
LOUDNESS_BAND = 1.5
LONGEST_BEFORE = 0.20
LONGEST_AFTER = 0.40
QUIET_END = 10 ** (-40 / 20)
FULL_SCALE = 0.99
# Recordings whose sound is held at once.
AT_ONCE = 64


def path(assets, prompt):
    return assets / prompt.language / f"{prompt.key}.opus"


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def read_manifest(assets):
    """By language, then by key."""
    file = assets / MANIFEST
    return json.loads(file.read_text(encoding="utf-8"))["languages"] if file.is_file() else {}


def report(wanted, assets):
    """Prints what is wrong; the exit status."""
    manifest = read_manifest(assets)
    names = {(prompt.language, prompt.key) for prompt in wanted}
    wrong = [f"{language}/{key}: in the manifest, not in the catalogue"
             for language, entries in manifest.items() for key in entries if (language, key) not in names]
    files = {path(assets, prompt) for prompt in wanted}
    wrong += [f"{file.relative_to(assets)}: belongs to nothing" for file in sorted(assets.rglob("*.opus")) if file not in files]
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        recordings = [(prompt, manifest.get(prompt.language, {}).get(prompt.key), path(assets, prompt)) for prompt in some]
        wrong += [f"{prompt.language}/{prompt.key}: {fault}" for prompt, found in zip(some, faults(recordings)) for fault in found]
    size = sum(file.stat().st_size for file in assets.rglob("*.opus"))
    seconds = sum(entry["duration_ms"] for entries in manifest.values() for entry in entries.values()) / 1000
    print(*wrong, sep="\n", end="\n" if wrong else "")
    print(f"{len(wanted)} recordings, {seconds / 60:.1f} minutes, {size / 1e6:.2f} MB: {len(wrong) or 'no'} faults")
    return 1 if wrong else 0


def faults(recordings):
    """What is wrong with each recording: (what is wanted, its entry in the manifest, its file)."""
    found = [absent(entry, file) for _, entry, file in recordings]
    there = [number for number, absence in enumerate(found) if not absence]
    measured = audio.measured([audio.decode(recordings[number][2]) for number in there])
    for number, measures in zip(there, measured):
        prompt, entry, _ = recordings[number]
        found[number] = stated(prompt, entry) + heard(measures, entry) + paced(prompt, entry)
    return found


def absent(entry, file):
    """Why there is nothing to hear."""
    if entry is None or not file.is_file():
        return ["missing"]
    if sha256(file) != entry["audio_sha256"]:
        return ["not the file that was made"]
    return []


def stated(prompt, entry):
    """What is wrong with what the manifest says."""
    found = []
    if entry["text_sha256"] != prompt.text_sha256 or entry["recipe"] != prompt.recipe:
        found.append("made from another text or reading")
    if [cue["text"] for cue in entry["cues"]] != list(prompt.shown):
        found.append("its captions are not the text's sentences")
    return found


def heard(measures, entry):
    found = []
    if abs(measures.seconds * 1000 - entry["duration_ms"]) > 5:
        found.append(f"lasts {measures.seconds:.3f} s, not {entry['duration_ms']} ms")
    if measures.peak >= FULL_SCALE:
        found.append("clips")
    if abs(measures.loudness - audio.LOUDNESS) > LOUDNESS_BAND:
        found.append(f"{measures.loudness:.1f} LUFS")
    if measures.silence_before > LONGEST_BEFORE:
        found.append(f"begins with {measures.silence_before:.2f} s of silence")
    if measures.silence_after > LONGEST_AFTER:
        found.append(f"ends with {measures.silence_after:.2f} s of silence")
    if measures.last_peak > QUIET_END:
        found.append("is cut off at its end")
    return found


def paced(prompt, entry):
    """Whether each sentence lasts about as long as it takes to say."""
    starts = [cue["start_ms"] for cue in entry["cues"]]
    ends = [start - 1000 * audio.PAUSE for start in starts[1:]] + [entry["duration_ms"] - 1000 * audio.LEAD_OUT]
    found = []
    for sentence, start, end in zip(prompt.spoken, starts, ends):
        letters = sum(character.isalnum() for character in sentence)
        low, high = PACE[prompt.language] if letters > SHORT else SHORT_PACE
        pace = letters / max((end - start) / 1000, 0.001)
        if not low <= pace <= high:
            found.append(f"{pace:.1f} letters a second: {sentence}")
    return found
