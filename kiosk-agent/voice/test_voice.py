"""`python3 -m unittest` in this folder. Needs numpy, ffmpeg and opus-tools, no voice."""

import json
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np

import audio
import catalogue
import check
import generate
import korean


class Tone:
    """Stands where a voice would: a second of a tone for five letters."""

    name, rate = "tone", 24_000

    def notation(self, sentence):
        return sentence

    def say(self, sentence):
        seconds = sum(map(str.isalnum, sentence)) / 5
        time = np.arange(round(self.rate * seconds)) / self.rate
        return np.concatenate([np.zeros(4800, np.float32), np.sin(2 * np.pi * 440 * time).astype(np.float32) * 0.2])


TEXTS = {"ja": "置いてください。動かさないでください。", "en": "Place it there. Do not move it.", "zh": "请放置。请勿移动。", "ko": "올려 주십시오. 움직이지 마십시오."}


def made(texts, assets):
    wanted = catalogue.prompts({"prompts": texts}, {language: [] for language in catalogue.LANGUAGES})
    generate.record(wanted, {language: Tone for language in catalogue.LANGUAGES}, assets, None)
    return wanted


class Korean(unittest.TestCase):
    def test_letters_change_where_they_meet(self):
        for written, spoken in {
            "않습니다": "안씀니다", "입력해": "임녀캐", "확인을": "화기늘", "연락": "열락", "종료": "종뇨", "접종": "접쫑", "읽고": "일꼬",
            "읽는": "잉는", "좋은": "조은", "놓고": "노코", "없어": "업써", "같이": "가치", "있습니다": "이씀니다", "문의": "무니",
            "카드의": "카드에", "많아": "마나", "못했습니다": "모태씀니다",
        }.items():
            self.assertEqual(letters(korean.pronounced(written)), list(map(tuple, korean.syllables(spoken))), written)

    def test_what_is_no_hangul_needs_a_reading(self):
        with self.assertRaises(ValueError):
            korean.phonemes("QR 코드")


def letters(pronounced):
    return [tuple(syllable) for syllable in pronounced]


class Catalogue(unittest.TestCase):
    def test_sentences_are_split_where_they_end(self):
        self.assertEqual(catalogue.sentences("一つ(注意)。二つ。", "ja"), ("一つ(注意)。", "二つ。"))
        self.assertEqual(catalogue.sentences("Tries left: 2.", "en"), ("Tries left: 2.",))

    def test_a_reading_is_compared_as_it_is_pronounced(self):
        for kana, said in {"ほっかいどう": "ホッカイドー", "とうきょうと": "トーキョート", "おおいたけん": "オーイタケン", "にいがたけん": "ニーガタケン", "あいちけん": "アイチケン", "しずおかけん": "シズオカケン"}.items():
            self.assertEqual(catalogue.pronounced(kana), said)

    def test_a_name_read_otherwise_is_not_recorded(self):
        misread = catalogue.Prompt("ja", "Prefecture/01", "北海道", None, ("北海道",), ("北海道",), "ほっかいどう")
        with self.assertRaises(catalogue.CatalogueError):
            generate.spoken(misread, {"ja": Tone}, None)

    def test_the_longest_reading_wins(self):
        readings = sorted({"次": "x", "1次": "y"}.items(), key=lambda pair: -len(pair[0]))
        self.assertEqual(catalogue.spoken("1次次", readings), "yx")

    def test_a_key_cannot_leave_the_folder(self):
        for key in ("../x", "/x", "a//b", "alarm/card"):
            with self.assertRaises(catalogue.CatalogueError):
                catalogue.prompts({"prompts": {key: TEXTS}}, {language: [] for language in catalogue.LANGUAGES})


class Recordings(unittest.TestCase):
    TEXTS = {"CardLeft": TEXTS, "TakePaper": TEXTS, "problem/no-card": TEXTS}

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.made = Path(folder.name)
        cls.wanted = made(cls.TEXTS, cls.made)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.assets = Path(folder.name) / "voice"
        shutil.copytree(self.made, self.assets)

    def entry(self, key, language="en"):
        return check.read_manifest(self.assets)[language][key]

    def prompt(self, key, language="en"):
        return next(prompt for prompt in self.wanted if (prompt.language, prompt.key) == (language, key))

    def test_what_is_made_passes_and_is_kept(self):
        self.assertEqual(check.report(self.wanted, self.assets), 0)
        before = {path: path.stat().st_mtime_ns for path in self.assets.rglob("*.opus")}
        made(self.TEXTS, self.assets)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in self.assets.rglob("*.opus")})

    def test_a_cue_stands_where_its_sentence_begins(self):
        sound = audio.decode(self.assets / "en/alarm/card.opus")
        for cue in self.entry("alarm/card")["cues"]:
            at = round(cue["start_ms"] * audio.DECODED_RATE / 1000)
            self.assertLess(np.max(np.abs(sound[at - 4800 : at - 1440])), 0.01, cue)
            self.assertGreater(np.max(np.abs(sound[at + 480 : at + 4800])), 0.05, cue)

    def test_what_the_catalogue_lost_is_removed_and_what_changed_is_made_again(self):
        before = self.entry("CardLeft")
        changed = {"CardLeft": TEXTS | {"en": "Take it. Now, please."}, "TakePaper": TEXTS}
        made(changed, self.assets)
        self.assertFalse((self.assets / "en/problem").exists())
        self.assertNotEqual(self.entry("CardLeft")["audio_sha256"], before["audio_sha256"])
        self.assertEqual(check.report(self.wanted, self.assets), 1)

    def test_a_file_put_in_its_place_is_noticed(self):
        (self.assets / "en/CardLeft.opus").write_bytes((self.assets / "en/alarm/card.opus").read_bytes())
        recording = (self.prompt("CardLeft"), self.entry("CardLeft"), self.assets / "en/CardLeft.opus")
        self.assertEqual(check.faults([recording]), [["not the file that was made"]])

    def test_faults_are_heard(self):
        good = audio.decode(self.assets / "en/CardLeft.opus")
        self.assertEqual(self.faults_of(good), [])
        self.assertEqual(self.faults_of(np.clip(good * 20, -1, 1))[0], "clips")
        self.assertIn("LUFS", self.faults_of(good * 0.3)[0])
        self.assertIn("silence", self.faults_of(np.concatenate([np.zeros(24_000, np.float32), good]))[0])
        self.assertIn("is cut off at its end", self.faults_of(good[: len(good) - round(0.2 * audio.DECODED_RATE)]))
        self.assertIn("-99.0 LUFS", self.faults_of(np.zeros(48_000, np.float32)))

    def test_several_are_measured_as_each_alone(self):
        sounds = [audio.decode(file) for file in sorted(self.assets.rglob("*.opus"))]
        self.assertGreater(len(sounds), 2)
        sounds[1] = sounds[1] * np.float32(0.5)
        self.assertEqual(audio.measured(sounds), [audio.measured([sound])[0] for sound in sounds])

    def faults_of(self, sound):
        measures = audio.measured([sound.astype(np.float32)])[0]
        return check.heard(measures, self.entry("CardLeft") | {"duration_ms": round(1000 * measures.seconds)})

    def test_a_lost_sentence_is_noticed(self):
        entry = json.loads(json.dumps(self.entry("CardLeft", "ja")))
        entry["duration_ms"] -= 1400
        self.assertEqual(len(check.paced(self.prompt("CardLeft", "ja"), entry)), 1)


if __name__ == "__main__":
    unittest.main()
