"""A kiosk to press on: `stage stand` as a process, and its page in the kiosk's own browser.

After each session the kiosk ends its browser and starts another, so the page that is driven is always looked up anew.
"""

import contextlib
import json
import subprocess
import time
import tomllib
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import Error, TimeoutError, expect, sync_playwright

# Longer than anything takes on a busy machine.
PATIENCE = 60
expect.set_options(timeout=PATIENCE * 1000)

PERSONAS = Path(__file__).parents[2] / "hw-sim/personas"
LANGUAGES = ("ja", "en", "zh", "ko")
PIN = "1234"


def persona(name):
    """What stands on a persona's card."""
    card = tomllib.loads((PERSONAS / f"{name}.toml").read_text(encoding="utf-8"))
    return persona(card["copy_of"]) if "copy_of" in card else card["holder"]


class Stand:
    """The stand, and orders to it."""

    def __init__(self, program):
        self.program = program
        self.process = subprocess.Popen([program, "stand"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.kiosk = self.about["kiosk"]

    def order(self, **order):
        """Has it done; what it answers is what was felt, where something is."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "refused" not in answer, answer
        self.kiosk = answer["kiosk"]
        return answer["done"]

    def sheets(self):
        """Files of the sheets that are out, the oldest first."""
        return sorted(Path(self.about["paper"]).iterdir(), key=lambda sheet: sheet.stat().st_mtime_ns)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)


class Page:
    """The kiosk's page, as long as its browser lives, and what a resident does there."""

    def __init__(self, stand, playwright):
        self.stand = stand
        self.playwright = playwright
        self.browser = None
        self.page = None
        self.language = "ja"
        self.catalogue = None

    def open(self):
        """Finds the page in the browser that there is now."""
        deadline = time.monotonic() + PATIENCE
        address = f"http://127.0.0.1:{self.stand.about['debugging']}"
        while True:
            with contextlib.suppress(Error, TimeoutError):
                self.close()
                self.browser = self.playwright.chromium.connect_over_cdp(address, timeout=5000)
                for page in self.browser.contexts[0].pages:
                    if page.url.startswith("http://127.0.0.1:"):
                        page.wait_for_selector("main:not(.on-starting) h1", timeout=20_000)
                        # What moves is drawn sixty times a second by a processor that the programs need; `access` looks at it.
                        page.emulate_media(reduced_motion="reduce")
                        self.page = page
                        self.language = "ja"
                        if self.catalogue is None:
                            with urlopen(page.url.split("#")[0] + "messages.json", timeout=PATIENCE) as messages:
                                self.catalogue = json.load(messages)
                        return self
            assert time.monotonic() < deadline, "the kiosk shows no page"
            time.sleep(0.05)

    def close(self):
        if self.browser:
            with contextlib.suppress(Error):
                self.browser.close()
            self.browser = None

    def renewed(self):
        """Waits until this browser has ended, and for the next one's page."""
        if not self.page.is_closed():
            self.page.wait_for_event("close", timeout=PATIENCE * 1000)
        return self.open()

    def say(self, key, **values):
        """A text in the language of the screen."""
        said = self.catalogue[self.language][key]
        for name, value in values.items():
            said = said.replace(f"{{{name}}}", str(value))
        return said

    def is_on(self, screen):
        """Waits for a screen. What another one shows may be personal: only its name is told."""
        try:
            self.page.locator(f"main.on-{screen}").wait_for(timeout=PATIENCE * 1000)
        except TimeoutError:
            shown = self.page.locator("main").get_attribute("class")
            told = self.page.locator(".code")
            code = told.text_content() if told.count() else ""
            raise AssertionError(f"{shown} {code} instead of {screen}") from None
        except Error:
            raise AssertionError(f"the browser was ended instead of {screen}: {self.stand.order(tell='kiosk')}") from None
        return self

    def press(self, label):
        """Presses the button of this name."""
        try:
            self.page.get_by_role("button", name=label, exact=True).click()
        except Error as error:
            # What ends the browser may do so before that says that the button was pressed.
            if "has been closed" not in error.message:
                raise
        return self

    def push(self, key):
        """Presses the button that a text of the catalogue is on."""
        return self.press(self.say(key))

    def press_in_dialog(self, key):
        """Presses a button of the dialog that has opened."""
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name=self.say(key), exact=True).click()
        expect(dialog).to_have_count(0)
        return self

    def cancel(self):
        """Ends the application, as one who means it."""
        return self.push("Stop").press_in_dialog("Stop")

    def type_pin(self, pin=PIN):
        for digit in pin:
            self.page.get_by_role("button", name=digit, exact=True).click()
        self.page.locator("#enter").click()
        return self

    def choose_language(self, language):
        self.is_on("language").page.locator(f"button.language[lang={language}]").click()
        self.language = language
        return self.is_on("service")

    def begin(self, language="ja"):
        """From the first screen to where the card is waited for."""
        self.choose_language(language).page.locator("button.choice").first.click()
        return self.is_on("terms").push("Agree").is_on("place-card")

    def place(self, persona, **how):
        """A card on the reader, as far as the choice of the kind."""
        self.stand.order(insert=persona, **how)
        return self

    def to_pin(self, persona, language="ja"):
        """From the first screen to the PIN."""
        self.begin(language).place(persona).is_on("kind").page.locator("button.choice").first.click()
        return self.is_on("pin")

    def to_municipality(self, persona, language="ja"):
        """From the first screen to the choice of the municipality, the card taken back."""
        self.to_pin(persona, language).type_pin().is_on("take-card")
        self.stand.order(remove=0)
        return self.is_on("municipality")

    def to_copies(self, persona, language="ja"):
        self.to_municipality(persona, language).page.locator("button.choice").first.click()
        return self.is_on("copies")

    def to_preview(self, persona, language="ja", copies=1):
        """From the first screen to the preview."""
        self.to_copies(persona, language)
        for _ in range(copies - 1):
            self.push("MoreCopies")
        return self.push("Next").is_on("preview")

    def is_told(self, code):
        """Waits for a problem, and sees that it is told as this one is, with its code."""
        self.is_on("problem")
        expect(self.page.locator(".code")).to_have_text(f"{self.say('ProblemCodeLabel')}: {code}")
        return self

    def is_told_why(self, code, **values):
        """The same, in exactly the words of the catalogue."""
        self.is_told(code)
        expect(self.page.locator("main [role=alert]")).to_have_text(self.say(f"problem/{code}", **values))
        return self

    def to_start(self):
        """From the end of an application to the next resident's first screen."""
        return self.ended().is_on("language")

    def to_waiting(self, code):
        """From the end of an application to a screen that says why there is no next one yet."""
        self.ended().is_told_why(code)
        expect(self.page.locator("main button")).to_have_count(0)
        return self

    def ended(self):
        """Leaves the end of an application, for whatever the next browser shows."""
        # The browser may be gone before it says that it was pressed.
        with contextlib.suppress(Error):
            self.page.locator("main button.primary").click()
        return self.renewed()


@contextlib.contextmanager
def kiosk(program):
    """A stand with its page open."""
    with sync_playwright() as playwright:
        stand = Stand(program)
        page = Page(stand, playwright)
        try:
            yield stand, page.open()
        finally:
            page.close()
            stand.close()
