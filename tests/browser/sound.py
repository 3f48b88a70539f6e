"""The voice: recordings that are heard, captions in step with them, and what a person can do about it."""

import time

from playwright.sync_api import expect

from shown import MENU, problem, shown_alone

PLAYED = """() => {
    const sound = document.querySelector("#sound");
    window.played = [];
    sound.addEventListener("playing", () => window.played.push(new URL(sound.src).pathname.replace(/^\\/voice\\/|\\.opus$/g, "")));
}"""
SOUND = """() => {
    const { currentTime, paused, volume, error } = document.querySelector("#sound");
    return { currentTime, paused, volume, error: error && error.message };
}"""


def by_itself(_, kiosk):
    """In the kiosk's own browser, with nothing touched yet."""
    heard(kiosk.page)


def heard(page):
    """Waits until something is being played, and for it to go on."""
    deadline = time.monotonic() + 30
    times = set()
    while len(times) < 3:
        sound = page.evaluate(SOUND)
        assert sound["error"] is None, sound
        if not sound["paused"] and sound["currentTime"] > 0:
            times.add(sound["currentTime"])
        assert time.monotonic() < deadline, f"nothing is heard: {sound}"
        time.sleep(0.05)
    return page.evaluate(SOUND)


def plays(shown, key, within=20):
    """Waits until this recording is played."""
    deadline = time.monotonic() + within
    while key not in (played := shown.page.evaluate("window.played")):
        assert time.monotonic() < deadline, f"{key} is not played, but {played}"
        time.sleep(0.05)
    shown.page.evaluate("window.played = []")


def every_screen(shown):
    """What each screen says is heard, in the language of the screen."""
    views = [
        ({"view": "menu", "menu": MENU}, "Welcome"), ({"view": "place-card"}, "PlaceCard"), ({"view": "kind", "kinds": ["domestic"]}, "ChooseKind"),
        ({"view": "pin", "remaining": 3}, "EnterPin"), ({"view": "reading"}, "Reading"), ({"view": "take-card"}, "TakeCard"), ({"view": "checking"}, "Checking"), ({"view": "looking-up"}, "LookingUp"),
        ({"view": "fee", "due": 120, "inserted": 0}, "PayFee"), ({"view": "issuing"}, "Issuing"), ({"view": "delivering", "out": 0, "of": 1}, "Delivering"),
        ({"view": "take-paper"}, "TakePaper"), ({"view": "reporting"}, "Reporting"),
        ({"view": "done", "reported": True, "taken": True, "returned": False}, "DoneTaken"), ({"view": "done", "reported": True, "taken": True, "returned": True}, "FeeReturned"),
        ({"view": "done", "reported": False, "taken": True, "returned": False}, "NotReported"), ({"view": "done", "reported": True, "taken": False, "returned": False}, "Done"), (problem("no-record"), "problem/no-record"),
        ({"view": "out-of-service", "code": "printer-jam"}, "problem/printer-jam"),
    ]
    shown.page.evaluate(PLAYED)
    for view, key in views:
        shown.start_over()
        shown.tell(view)
        for language in ("ja",) if key == "Welcome" else ("ja", "en", "zh", "ko"):
            shown.speak(language)
            plays(shown, f"{language}/{key}")
            heard(shown.page)


def controls(shown):
    """Captions in step, stop, repeat, volume; help is spoken too."""
    shown.start_over()
    shown.page.evaluate(PLAYED)
    shown.tell({"view": "done", "reported": True, "taken": False, "returned": False})
    recording = shown.manifest()["ja"]["Done"]
    cues = recording["cues"]
    assert len(cues) > 1
    caption = shown.page.locator("#caption")
    for cue in cues:
        expect(caption).to_have_text(cue["text"])
        late = shown.page.evaluate(SOUND)["currentTime"] - cue["start_ms"] / 1000
        assert -0.05 < late < 1, f"a caption {late} s late"
    # It is heard to its end.
    deadline = time.monotonic() + 30
    while not shown.page.evaluate("document.querySelector('#sound').ended"):
        assert time.monotonic() < deadline, "no end"
        time.sleep(0.1)
    lasted = shown.page.evaluate(SOUND)["currentTime"] * 1000
    assert abs(lasted - recording["duration_ms"]) < 100, f"{lasted} ms"
    expect(caption).to_have_text("")
    shown.page.evaluate("window.played = []")
    press(shown, "Voice", "ListenAgain")
    plays(shown, "ja/Done")
    press(shown, "Voice", "Silence")
    assert shown.page.evaluate(SOUND)["paused"]
    expect(caption).to_have_text("")
    before = shown.page.evaluate(SOUND)["volume"]
    press(shown, "Voice", "Quieter", "Close")
    assert shown.page.evaluate(SOUND)["volume"] < before
    shown.tell({"view": "pin", "remaining": 1})
    plays(shown, "ja/EnterPin")
    press(shown, "Help")
    plays(shown, "ja/EnterPinHelp")
    shown.close_dialogs()
    # The next person hears it as loud as anybody.
    shown.tell({"view": "menu", "menu": MENU})
    plays(shown, "ja/Welcome")
    assert shown.page.evaluate(SOUND)["volume"] == before


def alarms(shown):
    """They go on until what was forgotten is taken, or the attendant comes; nobody silences them."""
    shown.page.evaluate(PLAYED)
    shown.page.evaluate("document.querySelector('#sound').defaultPlaybackRate = 4")
    for view, key in (("card-left", "alarm/card"), ("take-paper", "alarm/paper")):
        shown.start_over()
        shown.tell({"view": view})
        plays(shown, f"ja/{key}")
        press(shown, "Voice", "Silence")
        plays(shown, f"ja/{key}")
        usual = shown.page.evaluate(SOUND)["volume"]
        press(shown, "Voice", "Quieter", "Quieter", "Quieter", "Close")
        plays(shown, f"ja/{key}")
        assert shown.page.evaluate(SOUND)["volume"] == usual, "turned down"
        press(shown, "Voice", "Louder", "Louder", "Louder", "Close")
    # Asking for the key is not having it.
    shown.page.keyboard.press("Control+Alt+A")
    shown.on("attendant-key")
    plays(shown, f"ja/{key}")
    press(shown, "Back")
    shown.on("take-paper")
    plays(shown, f"ja/{key}")
    shown.page.keyboard.press("Control+Alt+A")
    shown.on("attendant-key")
    shown.page.keyboard.type(shown.about["attendant"])
    shown.page.locator("#enter").click()
    shown.on("attendant")
    silent(shown)
    shown.tell({"view": "done", "reported": True, "taken": False, "returned": False})
    plays(shown, "ja/Done")
    silent(shown, but="ja/Done")


def silent(shown, but=None):
    """Longer than an alarm pauses, nothing begins."""
    shown.page.evaluate("window.played = []")
    time.sleep(4)
    assert set(shown.page.evaluate("window.played")) <= {but}


def warning(shown):
    shown.start_over()
    shown.page.evaluate(PLAYED)
    shown.tell({"view": "place-card"})
    shown.tell({"view": "time", "seconds": 21})
    plays(shown, "ja/chime/warning")
    plays(shown, "ja/TimeWarning")
    expect(shown.page.locator("dialog.time")).to_be_visible()


def press(shown, *keys):
    for key in keys:
        shown.page.get_by_role("button", name=shown.says(key), exact=True).click()


PARTS = (by_itself, *map(shown_alone, (every_screen, controls, alarms, warning)))
