"""Sound: joining, loudness, tones, Ogg Opus, and what a recording measures."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LOUDNESS = -18.0  # LUFS, of every recording
CEILING = 10 ** (-2.5 / 20)  # leaves the codec room to overshoot
BITRATE = "16"  # kbit/s, variable
LEAD_IN = 0.06
LEAD_OUT = 0.15
PAUSE = 0.45  # between sentences: unhurried
AFTER_CHIME = 0.30
QUIET = 10 ** (-50 / 20)
DECODED_RATE = 48_000


def silence(rate, seconds):
    return np.zeros(round(rate * seconds), np.float32)


def trimmed(sound, rate):
    """A sentence without the silence around it, with a few milliseconds kept so that no soft end is lost."""
    loud = np.flatnonzero(np.abs(sound) > QUIET * np.max(np.abs(sound)))
    if not len(loud):
        raise ValueError("the engine gave silence")
    before, after = round(rate * 0.010), round(rate * 0.040)
    cut = sound[max(0, loud[0] - before) : loud[-1] + after].astype(np.float32)
    fade = min(len(cut), round(rate * 0.008))
    cut[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
    cut[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return cut


def levelled(sound, rate):
    """At the common loudness, its peaks held under the ceiling."""
    for _ in range(4):
        sound = limited(sound * np.float32(10 ** ((LOUDNESS - loudness(sound, rate)) / 20)), rate)
        if abs(loudness(sound, rate) - LOUDNESS) < 0.3:
            break
    return sound


def limited(sound, rate):
    """Peaks over the ceiling turned down smoothly, a few milliseconds ahead and behind."""
    if np.max(np.abs(sound)) <= CEILING:
        return sound
    width = round(rate * 0.004)
    needed = np.minimum(1, CEILING / np.maximum(np.abs(sound), 1e-9))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(needed, width, constant_values=1), 2 * width + 1)
    held = np.pad(around.min(axis=1), width // 2, mode="edge")
    smooth = np.hanning(2 * (width // 2) + 3)[1:-1]
    return (sound * np.convolve(held, smooth / smooth.sum(), "valid")).astype(np.float32)


def struck(rate, frequency, seconds):
    """One note of a bell: a few partials, each dying away faster than the one below."""
    time = np.arange(round(rate * seconds)) / rate
    note = sum(
        strength * np.sin(2 * np.pi * frequency * partial * time) * np.exp(-time * decay)
        for partial, strength, decay in ((1, 1.0, 5.0), (2, 0.35, 8.0), (3, 0.12, 12.0), (4.2, 0.05, 18.0))
    )
    note *= np.minimum(1, time / 0.004) * np.minimum(1, (seconds - time) / 0.05)
    return note.astype(np.float32)


def melody(rate, notes):
    """Notes (start, frequency, length) over one another."""
    sound = silence(rate, max(start + length for start, _, length in notes))
    for start, frequency, length in notes:
        note = struck(rate, frequency, length)
        begin = round(rate * start)
        sound[begin : begin + len(note)] += note[: len(sound) - begin]
    return sound


# Between 500 and 1100 Hz, where hearing lasts longest with age.
CHIMES = {
    # Something is being forgotten: rising, twice.
    "chime/attention": [(0.0, 659.26, 0.5), (0.18, 880.0, 0.7), (0.75, 659.26, 0.5), (0.93, 880.0, 0.9)],
    # Time is nearly over: falling, once, not alarming.
    "chime/warning": [(0.0, 784.0, 0.6), (0.28, 587.33, 1.0)],
    # A digit was taken, the same for each.
    "chime/key": [(0.0, 698.46, 0.3)],
}


def loudness(sound, rate):
    """Integrated loudness in LUFS (ITU-R BS.1770)."""
    return loudnesses([sound], rate)[0]


def loudnesses(sounds, rate):
    """The same of several, by one process: to start one takes it longer than to listen. It is measured in blocks of 400 ms: a single word is measured said over and over."""
    with tempfile.TemporaryDirectory() as folder:
        command, graph, outputs = ["ffmpeg", "-hide_banner", "-nostats"], [], []
        for number, sound in enumerate(sounds):
            if len(sound) < rate:
                sound = np.tile(sound, -(-2 * rate // len(sound)))
            file = Path(folder) / str(number)
            file.write_bytes(sound.astype("<f4").tobytes())
            command += ["-f", "f32le", "-ar", str(rate), "-ac", "1", "-i", str(file)]
            graph.append(f"[{number}:a]ebur128@{number}=framelog=verbose[heard{number}]")
            outputs += ["-map", f"[heard{number}]", "-f", "null", "-"]
        done = subprocess.run([*command, "-filter_complex", ";".join(graph), *outputs], capture_output=True, check=True)
    found = re.findall(r"ebur128@(\d+) @ \S+ Summary:\s+Integrated loudness:\s+I:\s+(-?[\d.]+) LUFS", done.stderr.decode())
    by_number = {int(number): float(measured) for number, measured in found}
    return [by_number[number] for number in range(len(sounds))]


def encode(sound, rate, path):
    """Writes Ogg Opus, the same bytes for the same sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pcm = np.round(sound * 32767).astype("<i2").tobytes()
    command = ["opusenc", "--quiet", "--raw", "--raw-rate", str(rate), "--raw-chan", "1", "--raw-bits", "16"]
    command += ["--bitrate", BITRATE, "--vbr", "--comp", "10", "--speech", "--discard-comments", "--serial", "1", "-", str(path)]
    subprocess.run(command, input=pcm, check=True)


def decode(path):
    """The sound of a file as a player would have it."""
    command = ["opusdec", "--quiet", "--float", "--rate", str(DECODED_RATE), str(path), "-"]
    done = subprocess.run(command, capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<f4")


@dataclass(frozen=True)
class Measures:
    """What is judged of a recording."""

    seconds: float
    peak: float
    loudness: float
    silence_before: float
    silence_after: float
    last_peak: float


def measured(sounds, rate=DECODED_RATE):
    """Measures of each sound."""
    louds = [np.flatnonzero(np.abs(sound) > 10 ** (-45 / 20)) for sound in sounds]
    # The silence around a single word would be a good part of it: there it is measured as it was levelled.
    audible = [trimmed(sound, rate) if len(sound) < 2 * rate else sound for sound, loud in zip(sounds, louds) if len(loud)]
    heard = iter(loudnesses(audible, rate) if audible else [])
    return [measures(sound, rate, loud, next(heard)) if len(loud) else silent(sound, rate) for sound, loud in zip(sounds, louds)]


def silent(sound, rate):
    return Measures(len(sound) / rate, 0.0, -99.0, len(sound) / rate, len(sound) / rate, 0.0)


def measures(sound, rate, loud, loudness):
    """Of a sound with something to hear, which is in these places."""
    return Measures(
        seconds=len(sound) / rate,
        peak=float(np.max(np.abs(sound))),
        loudness=loudness,
        silence_before=loud[0] / rate,
        silence_after=(len(sound) - 1 - loud[-1]) / rate,
        last_peak=float(np.max(np.abs(sound[-round(rate * 0.03) :]))),
    )
