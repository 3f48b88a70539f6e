"""Korean text to phonemes: the standard pronunciation (표준발음법) as far as sound alone decides it.

What depends on the word rather than on its letters (tensing inside compounds, Sino-Korean readings of numbers)
stands in readings.toml.
"""

INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]

# What a final becomes before a consonant or a pause, and what it leaves behind and hands on before a vowel.
CLOSED = dict(zip(FINALS, ["", *"ㄱㄱㄱㄴㄴㄴㄷㄹㄱㅁㄹㄹㄹㅂㄹㅁㅂㅂㄷㄷㅇㄷㄷㄱㄷㅂㄷ"]))
SPLIT = {"ㄳ": "ㄱㅆ", "ㄵ": "ㄴㅈ", "ㄶ": "ㄴ", "ㄺ": "ㄹㄱ", "ㄻ": "ㄹㅁ", "ㄼ": "ㄹㅂ", "ㄽ": "ㄹㅆ", "ㄾ": "ㄹㅌ", "ㄿ": "ㄹㅍ",
         "ㅀ": "ㄹ", "ㅄ": "ㅂㅆ"}
TENSE = dict(zip("ㄱㄷㅂㅅㅈ", "ㄲㄸㅃㅆㅉ"))
ASPIRATED = dict(zip("ㄱㄷㅂㅈ", "ㅋㅌㅍㅊ"))
NASAL = dict(zip("ㄱㄷㅂ", "ㅇㄴㅁ"))

# Nouns whose last syllable is 의: at the end of any other word it is the particle, spoken 에.
ENDING_IN_UI = ("주의", "문의", "동의", "유의", "회의")

VOWEL_SOUNDS = dict(zip(VOWELS, ["a", "ɛ", "ja", "jɛ", "ʌ", "e", "jʌ", "je", "o", "wa", "wɛ", "we", "jo", "u", "wʌ", "we",
                                 "wi", "ju", "ɯ", "ɯi", "i"]))
VOICELESS = {"ㄱ": "k", "ㄷ": "t", "ㅂ": "p", "ㅈ": "ʨ", "ㅅ": "s"}
VOICED = {"ㄱ": "ɡ", "ㄷ": "d", "ㅂ": "b", "ㅈ": "ʥ", "ㅅ": "s"}
OTHERS = {"ㄲ": "k", "ㄸ": "t", "ㅃ": "p", "ㅆ": "s", "ㅉ": "ʨ", "ㅊ": "ʨʰ", "ㅋ": "kʰ", "ㅌ": "tʰ", "ㅍ": "pʰ",
          "ㄴ": "n", "ㄹ": "ɾ", "ㅁ": "m", "ㅇ": "", "ㅎ": "h"}
FINAL_SOUNDS = {"": "", "ㄱ": "k", "ㄴ": "n", "ㄷ": "t", "ㄹ": "l", "ㅁ": "m", "ㅂ": "p", "ㅇ": "ŋ"}


def syllables(word):
    """The letters of each syllable of a word in Hangul: initial, vowel, final."""
    for character in word:
        index = ord(character) - 0xAC00
        if not 0 <= index < 11172:
            raise ValueError(f"not Hangul: {word!r} (give it a reading)")
        yield [INITIALS[index // 588], VOWELS[index // 28 % 21], FINALS[index % 28]]


def pronounced(word):
    """The letters as they are spoken."""
    spoken = list(syllables(word))
    possessive = not word.endswith(ENDING_IN_UI)
    for here, after in zip(spoken, [*spoken[1:], None]):
        meet(here, after)
    for place, (initial, vowel, _) in enumerate(spoken):
        if vowel == "ㅢ" and (initial != "ㅇ" or place > 0):
            spoken[place][1] = "ㅔ" if possessive and place == len(spoken) - 1 else "ㅣ"
        if vowel == "ㅖ" and initial not in "ㅇㄹ":
            spoken[place][1] = "ㅔ"
        if vowel in "ㅑㅕㅛㅠㅖ" and initial in "ㅈㅉㅊ":
            spoken[place][1] = dict(zip("ㅑㅕㅛㅠㅖ", "ㅏㅓㅗㅜㅔ"))[vowel]
    return spoken


def meet(here, after):
    """A final and the initial behind it, each changing the other."""
    final = here[2]
    if after is None:
        here[2] = CLOSED[final]
        return
    initial = after[0]
    if final in ("ㅎ", "ㄶ", "ㅀ") and (initial in ASPIRATED or initial in "ㅅㅇ"):
        here[2] = {"ㅎ": "", "ㄶ": "ㄴ", "ㅀ": "ㄹ"}[final]
        if initial == "ㅇ" and here[2]:
            after[0], here[2] = here[2], ""
        else:
            after[0] = ASPIRATED.get(initial, "ㅆ" if initial == "ㅅ" else initial)
        return
    if initial == "ㅇ":
        if final in ("", "ㅇ"):
            return
        here[2], moved = ("", final) if final not in SPLIT else tuple(SPLIT[final])
        if after[1] == "ㅣ":
            moved = {"ㄷ": "ㅈ", "ㅌ": "ㅊ"}.get(moved, moved)
        after[0] = moved
        return
    closed = CLOSED[final]
    if final == "ㄺ" and initial == "ㄱ":
        here[2], after[0] = "ㄹ", "ㄲ"
        return
    if initial == "ㅎ" and closed in NASAL:
        aspirated = "ㅊ" if final in ("ㅈ", "ㄵ") else ASPIRATED[closed]
        here[2], after[0] = "", aspirated
        return
    if closed in NASAL:
        if initial in "ㄴㅁ":
            closed = NASAL[closed]
        elif initial == "ㄹ":
            closed, initial = NASAL[closed], "ㄴ"
        else:
            initial = TENSE.get(initial, initial)
        if closed == "ㄷ" and initial == "ㅆ":
            closed = ""
    elif closed in "ㅁㅇ" and closed and initial == "ㄹ":
        initial = "ㄴ"
    elif (closed, initial) in (("ㄴ", "ㄹ"), ("ㄹ", "ㄴ")):
        closed = initial = "ㄹ"
    elif final in ("ㄼ", "ㄾ", "ㄻ", "ㄵ"):
        initial = TENSE.get(initial, initial)
    here[2], after[0] = closed, initial


def phonemes(text):
    """The phonemes of one sentence, its words kept apart and its punctuation kept."""
    words = text.replace(" ,", ",").split()
    return " ".join(map(word_phonemes, words))


def word_phonemes(word):
    core = word.strip(",.!?:;")
    tail = word[len(word.rstrip(",.!?:;")):].replace(";", ",").replace(":", ",")
    sounds, before = [], None
    for initial, vowel, final in pronounced(core):
        voiced = before is not None and before in ("", "ㄴ", "ㅁ", "ㅇ", "ㄹ")
        if initial == "ㄹ" and before == "ㄹ":
            sounds.append("l")
        elif initial in VOICELESS:
            sounds.append((VOICED if voiced else VOICELESS)[initial])
        else:
            sounds.append(OTHERS[initial])
        vowel_sound = VOWEL_SOUNDS[vowel]
        if sounds[-1].endswith("s") and vowel_sound[0] in "ij":
            sounds[-1] = sounds[-1][:-1] + "ɕ"
        sounds += [vowel_sound, FINAL_SOUNDS[final]]
        before = final
    return "".join(sounds) + tail
