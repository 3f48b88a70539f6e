"""By ear and keyboard alone: whatever the keyboard comes to is spoken by its name, and an application is made by nothing but what is heard."""

import contextlib
import json
import time
from urllib.request import urlopen

from playwright.sync_api import Error, expect

from shown import FEW, LANGUAGES, MANY, check_digit, municipality, offer, preview, shown_alone
from stand import PIN

# Each recording once, also where a busy machine makes it falter and go on.
PLAYED = """() => {
    const sound = document.querySelector("#sound");
    let counted = true;
    window.played = [];
    sound.addEventListener("loadstart", () => { counted = false; });
    sound.addEventListener("playing", () => {
        if (!counted) window.played.push(new URL(sound.src).pathname.replace(/^\\/voice\\/|\\.opus$/g, ""));
        counted = true;
    });
}"""
# What was pressed is over sooner; what is heard is the same.
FASTER = "document.querySelector('#sound').defaultPlaybackRate = 4"
# What somebody who sees would say has the focus.
FOCUS = """() => {
    const element = document.activeElement;
    return {
        name: element.getAttribute("aria-label") ?? [...element.childNodes].map(({ textContent }) => textContent).join(" ").trim(),
        tag: element.tagName, digit: element.matches(".keys button") && /^[0-9]$/.test(element.textContent),
        home: element.closest(".home") !== null, spelled: element.dataset.say?.includes("Letter/") ? element.dataset.say.split(" ") : [], language: element.matches("button.language, dialog button[lang]") && element.lang,
    };
}"""
CONTROLS = """() => [...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button, [tabindex='0']")]
    .filter((element) => element.checkVisibility()).map((element) => ({
        say: element.dataset.say, name: element.getAttribute("aria-label") ?? element.textContent.trim(),
        of_center: element.matches(".choice, .group, .letter"),
    }))"""


class Ears:
    """What is heard at a kiosk, and the keys."""

    def __init__(self, kiosk):
        self.kiosk = kiosk
        self.keys = kiosk.page.keyboard
        with urlopen(kiosk.page.url.split("#")[0] + "voice/manifest.json", timeout=60) as manifest:
            self.manifest = json.load(manifest)["languages"]
        kiosk.page.evaluate(PLAYED)
        kiosk.page.evaluate(FASTER)

    def played(self):
        return self.kiosk.page.evaluate("window.played")

    def forget(self):
        self.kiosk.page.evaluate("window.played = []")

    def words(self, recording):
        language, _, key = recording.partition("/")
        return " ".join(cue["text"] for cue in self.manifest[language][key]["cues"])

    def hears(self, *keys):
        """These, one after the other, and maybe more."""
        wanted = [f"{self.kiosk.language}/{key}" for key in keys]
        self.waits(lambda played: any(played[at : at + len(wanted)] == wanted for at in range(len(played))), wanted)

    def waits(self, heard, wanted):
        deadline = time.monotonic() + 30
        while not heard(played := self.played()):
            assert time.monotonic() < deadline, f"{wanted} is not heard, but {played}"
            time.sleep(0.02)

    def step(self, key="Tab"):
        """Another control, and its name is heard, and nothing after it. None where no control has the focus."""
        self.forget()
        self.keys.press(key)
        focus = self.kiosk.page.evaluate(FOCUS)
        if focus["tag"] == "BODY":
            return None
        name = self.kiosk.say("DigitKey") if focus["digit"] else self.kiosk.say("Home") if focus["home"] else focus["name"]
        if focus["language"]:
            name = {"ja": "日本語", "en": "English", "zh": "中文", "ko": "한국어"}[focus["language"]]
        if focus["spelled"]:
            name = " ".join(self.words(key.replace(":", "/") if ":" in key else f"{self.kiosk.language}/{key}") for key in focus["spelled"])
        # The button for languages is named in two.
        name = name.removesuffix(" / Language")
        self.waits(lambda played: any(" ".join(map(self.words, played[-count:])) == name for count in (1, 2, len(focus["spelled"]))), name)
        return name

    def to(self, *names):
        """Tab until this is heard."""
        for _ in range(40):
            if (name := self.step()) in names:
                return name
        raise AssertionError(f"{names} is never heard")

    def chooses(self, key):
        self.to(self.kiosk.say(key))
        self.keys.press("Enter")


def by_ear(stand, kiosk):
    """A whole application in Japanese and in English; what leads on is what was heard. Once for a municipality that the card does not name."""
    # Where somebody lives is not spelled to those who stand by.
    applied(stand, kiosk, "ja", "ordinary", "カードの住所の市区町村", ["Authority", "Home"])
    letters = [f"Letter/{ord(letter):x}" for letter in "YOKOHAMACITYKANAGAWA"]
    applied(stand, kiosk, "en", "moved", "Y O K O H A M A C I T Y Prefecture K A N A G A W A", ["Authority", *letters[:12], "InPrefecture", *letters[12:]])


def applied(stand, kiosk, language, persona, municipality, said):
    kiosk.is_on("language")
    ears = Ears(kiosk)
    # Whoever finds it silent tries a key, and then hears in every language how to go on.
    for key in ("Enter", "Space", "5"):
        ears.forget()
        ears.keys.press(key)
        ears.hears("Welcome", "ByKeyboard")
    own = ears.words(f"{language}/LanguageName")
    ears.to(own)
    kiosk.language = language
    ears.hears("LanguageName", "ByKeyboard")
    ears.keys.press("Enter")
    ears.hears("Service", "ByKeyboard")
    ears.chooses("Covid19")
    ears.hears("Terms")
    ears.chooses("Agree")
    ears.hears("PlaceCard", "PlaceCardHelp")
    # What is asked before an end is spoken too, with what Enter would do.
    ears.forget()
    ears.keys.press("Escape")
    ears.hears("StopTitle", "StopText", "StopNo")
    ears.keys.press("Enter")
    expect(kiosk.page.locator("dialog")).to_have_count(0)
    ears.forget()
    ears.chooses("Help")
    ears.hears("PlaceCardHelp", "HelpStaff", "Close")
    ears.keys.press("Enter")
    expect(kiosk.page.locator("dialog")).to_have_count(0)
    stand.order(insert=persona)
    ears.hears("ChooseKind")
    ears.to(f"{kiosk.say('Domestic')} {kiosk.say('DomesticText')}")
    ears.keys.press("Enter")
    ears.hears("EnterPin", "TriesLeft/3", "PinByKeyboard")
    pin(ears)
    ears.hears("TakeCard")
    stand.order(remove=0)
    ears.hears("ChooseMunicipality")
    # Nobody has recorded it: it is spelled.
    ears.to(municipality)
    ears.keys.press("Enter")
    ears.hears("ChooseCopies", "CopyCount/1")
    ears.chooses("MoreCopies")
    ears.hears("CopyCount/2")
    ears.chooses("Next")
    ears.hears("CheckPreview", "PreviewByEar", *said)
    before = len(stand.sheets())
    ears.chooses("Issue")
    ears.hears("Done")
    assert len(stand.sheets()) == before + 2
    # The browser may be gone before it says that it was pressed.
    with contextlib.suppress(Error):
        ears.chooses("Finish")
    kiosk.renewed().is_on("language")


def pin(ears):
    """Nothing that is heard tells which digits they are."""
    ears.forget()
    ears.keys.press("Enter")
    ears.hears("PinEntered/0")
    heard = []
    for count, digit in enumerate(PIN, start=1):
        ears.forget()
        ears.keys.press(digit)
        ears.hears("chime/key", *(["PinEntered/4"] if count == 4 else []))
        heard.append(ears.played())
    assert heard[0] == heard[1] == heard[2], heard
    ears.forget()
    ears.keys.press("Backspace")
    ears.hears("PinEntered/3")
    ears.keys.press(PIN[-1])
    ears.hears("PinEntered/4")
    digits = 0
    while (name := ears.step()) != ears.kiosk.say("Enter"):
        digits += name == ears.kiosk.say("DigitKey")
    assert digits == 10, digits
    ears.forget()
    ears.keys.press("Enter")


def every_control(shown):
    """All that the keyboard can reach has a recorded name, in every language; a name of the center's alone is said to be on the screen."""
    manifest = shown.manifest()
    texts = {language: {" ".join(cue["text"] for cue in entry["cues"]) for entry in manifest[language].values()} for language in LANGUAGES}
    faults, counted = [], 0
    for screen, language in shown.each():
        for control in shown.page.evaluate(CONTROLS):
            counted += 1
            if control["of_center"] and control["say"] == "OnScreenOnly":
                faults.append(f"{screen}, {language}: {control['name']} is not spelled")
            for key in (control["say"] or "").split():
                own, _, key = key.rpartition(":")
                if key not in manifest[own or language]:
                    faults.append(f"{screen}, {language}: {key} is not recorded")
            if not control["say"] and not control["of_center"] and control["name"] not in texts[language]:
                faults.append(f"{screen}, {language}: nothing says {control['name']}")
        assert "OnScreenOnly" in manifest[language]
    assert counted > 1000, counted
    assert not faults, "\n".join(faults)


def hears(shown, *keys, language="ja"):
    """These, and nothing after them so far."""
    wanted = [f"{language}/{key}" for key in keys]
    deadline = time.monotonic() + 30
    while (played := shown.page.evaluate("window.played"))[-len(wanted):] != wanted:
        assert time.monotonic() < deadline, f"{wanted} is not heard, but {played}"
        time.sleep(0.02)


def money(shown):
    """What is to pay, and what was put in, digit by digit."""
    shown.start_over()
    shown.page.evaluate(PLAYED)
    shown.page.evaluate(FASTER)
    shown.tell(municipality(FEW))
    shown.page.locator("button.choice").first.click()
    hears(shown, "ChooseCopies", "CopyCount/1", "FeeDue", "Digit/1", "Digit/2", "Digit/0", "YenUnit")
    shown.page.get_by_role("button", name=shown.says("MoreCopies"), exact=True).click()
    hears(shown, "CopyCount/2", "FeeDue", "Digit/2", "Digit/4", "Digit/0", "YenUnit")
    shown.tell({"view": "fee", "due": 240, "inserted": 0})
    hears(shown, "PayFee", "FeeDue", "Digit/2", "Digit/4", "Digit/0", "YenUnit")
    shown.tell({"view": "fee", "due": 240, "inserted": 100})
    hears(shown, "FeeInserted", "Digit/1", "Digit/0", "Digit/0", "YenUnit")


def by_finger(shown):
    """A finger moves no focus that anybody needs to hear of; who has silenced the voice hears no names either, until the next screen."""
    shown.start_over()
    shown.page.evaluate(PLAYED)
    shown.tell({"view": "pin", "remaining": 3})
    shown.on("pin")
    shown.page.get_by_role("button", name="5", exact=True).click()
    time.sleep(1)
    assert shown.page.evaluate("window.played")[-1] == "ja/chime/key"
    shown.page.locator("#voice").click()
    shown.page.get_by_role("button", name=shown.says("Silence"), exact=True).click()
    shown.page.evaluate("window.played = []")
    shown.page.keyboard.press("Tab")
    time.sleep(1)
    assert shown.page.evaluate("window.played") == []
    shown.tell({"view": "kind", "kinds": ["domestic"]})
    shown.on("kind")
    shown.page.keyboard.press("Tab")
    hears(shown, "Domestic", "DomesticText")


def asked_over(shown):
    """Who is asked whether to stop hears that, and not what has come in below; once they go on, they hear it from its beginning."""
    shown.start_over()
    shown.page.evaluate(PLAYED)
    shown.page.evaluate(FASTER)
    shown.tell(municipality(FEW))
    shown.on("municipality")
    shown.tell({"view": "looking-up"})
    shown.on("looking-up")
    shown.page.keyboard.press("Escape")
    hears(shown, "StopTitle", "StopText", "StopNo")
    shown.page.evaluate("window.played = []")
    shown.tell({"view": "preview", "preview": preview()})
    shown.on("preview")
    hears(shown, "StopTitle", "StopNo")
    assert len(shown.page.evaluate("window.played")) == 2
    expect(shown.page.locator("dialog.stop button").first).to_be_focused()
    shown.page.keyboard.press("Enter")
    hears(shown, "CheckPreview", "PreviewByEar", "Authority", "Home")
    expect(shown.page.locator("h1")).to_be_focused()


def prefectures(shown):
    """Each is said by its name in Japanese, and spelled in English. Two municipalities that are called the same are told apart, wherever they are come to."""
    of = [("13206", "東京都", "Tokyo", "府中市", "ふちゅうし", "Fuchu City"), ("34208", "広島県", "Hiroshima", "府中市", "ふちゅうし", "Fuchu City")]
    offers = sorted(MANY + [offer(check_digit(code), *rest) for code, *rest in of], key=lambda offered: offered["code"])
    letters = {"ja": "ふちゆうし", "en": "FUCHUCITY"}

    def spelled(name):
        return [f"Letter/{ord(letter):x}" for letter in name]

    def begin(language):
        shown.start_over()
        shown.tell(municipality(offers))
        shown.speak(language)
        shown.page.locator("h1").focus()
        return {
            "ja": {code: [f"Prefecture/{code}"] for code in ("13", "34")},
            "en": {"13": ["InPrefecture", *spelled("TOKYO")], "34": ["InPrefecture", *spelled("HIROSHIMA")]},
        }[language]

    def steps(until):
        """What is heard of each control on the way; the last is the one whose text this is."""
        heard = []
        for _ in range(80):
            shown.page.evaluate("window.played = []")
            shown.page.keyboard.press("Tab")
            focus = shown.page.evaluate("[document.activeElement.textContent, document.activeElement.dataset.say ?? null]")
            focus[1] = [key.removeprefix(f"{shown.language}:") for key in (focus[1] or "").split()]
            if focus[1]:
                hears(shown, *focus[1], language=shown.language)
            heard.append(focus)
            if focus[0] == until:
                return [said for _, said in heard]
        raise AssertionError(f"{until} is never reached, but {heard}")

    shown.start_over()
    shown.page.evaluate(PLAYED)
    shown.page.evaluate(FASTER)
    for language, tokyo, fuchu, other in (("ja", "東京都", "府中市", "千代田区"), ("en", "Tokyo", "Fuchu City", "Chiyoda City")):
        def whole(code):
            return [*prefecture[code], *spelled(letters["ja"])] if language == "ja" else [*spelled(letters["en"]), *prefecture[code]]

        prefecture = begin(language)
        # The one of the card's address comes first, and is not spelled.
        own = steps({"ja": "東京都清瀬市", "en": "Kiyose City, Tokyo"}[language])[-1]
        assert own == ["Home"], own
        walked = steps(tokyo)
        assert walked[-1] == (["Prefecture/13"] if language == "ja" else spelled("TOKYO")), walked
        if language == "ja":
            codes = sorted({offered["code"][:2] for offered in offers if offered["code"][:2] <= "13"})
            assert walked[-len(codes):] == [[f"Prefecture/{code}"] for code in codes], walked
        shown.page.keyboard.press("Enter")
        # Within a prefecture its name is said only where it tells two apart.
        assert steps(other)[-1] == spelled({"ja": "ちよだく", "en": "CHIYODACITY"}[language])
        assert steps(fuchu)[-1] == whole("13")
        # Where all prefectures are together it is always said.
        prefecture = begin(language)
        steps(shown.says("ByReading"))
        shown.page.keyboard.press("Enter")
        steps({"ja": "は", "en": "F"}[language])
        shown.page.keyboard.press("Enter")
        for code, label in (("13", {"ja": "東京都府中市", "en": "Fuchu City, Tokyo"}), ("34", {"ja": "広島県府中市", "en": "Fuchu City, Hiroshima"})):
            assert steps(label[language])[-1] == whole(code)


PARTS = (by_ear, *map(shown_alone, (every_control, money, by_finger, asked_over, prefectures)))
