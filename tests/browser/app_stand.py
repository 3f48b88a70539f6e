"""An app to press on: `stage app-stand` as a process, and its page in a browser of the resident's.

Each browser is a fresh one, as an installed web app has its own; the app lives on.
"""

import contextlib
import json
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import TimeoutError, expect, sync_playwright

from stand import PATIENCE, PIN

PHONE = {"width": 390, "height": 844}
PASSPHRASE = "kiyose no keyaki"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
]


class Stand:
    """The stand, and orders to it."""

    def __init__(self, program):
        self.program = program
        self.process = subprocess.Popen([program, "app-stand"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.about["page"] += "/"
        self.app = self.about["app"]

    def order(self, **order):
        """Has it done; what it answers is what came of it."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "refused" not in answer, answer
        self.app = answer["app"]
        return answer["done"]

    def start(self):
        """The address that lets in whoever started the app."""
        return re.search(r"http://127\.0\.0\.1:\d+/#[0-9a-f]+", Path(self.about["start"]).read_text()).group()

    def certificates(self):
        """Files of the wallet that hold a certificate: all but the one that says how it opens."""
        return sorted(path for path in Path(self.about["wallet"]).iterdir())

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)


class Phone:
    """The app's page, and what a resident does there."""

    def __init__(self, stand, playwright):
        self.stand = stand
        self.playwright = playwright
        self.browser = None
        self.page = None
        self.language = "en"
        self.said = []
        with urlopen(stand.about["page"] + "messages.json", timeout=PATIENCE) as messages:
            self.catalogue = json.load(messages)
        self.folder = tempfile.TemporaryDirectory()

    def open(self, address=None, video=None, language="en"):
        """A fresh browser on the page; its camera sees the pictures of a file, if one is given."""
        self.close()
        arguments = [*ARGUMENTS, *([f"--use-file-for-fake-video-capture={video}"] if video else [])]
        self.browser = self.playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        locale = {"ja": "ja-JP", "en": "en-GB", "zh": "zh-CN", "ko": "ko-KR"}[language]
        # As in `stand`: `app_access` looks at what moves.
        context = self.browser.new_context(viewport=PHONE, locale=locale, reduced_motion="reduce")
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.goto(address or self.stand.about["page"])
        self.language = language
        return self.is_on("unlock")

    def close(self):
        if self.browser:
            self.browser.close()
            self.browser = None

    def process(self):
        """The browser's first process."""
        system = self.browser.new_browser_cdp_session()
        processes = system.send("SystemInfo.getProcessInfo")["processInfo"]
        system.detach()
        return next(process["id"] for process in processes if process["type"] == "browser")

    def profile(self):
        """The folder that the browser writes to."""
        arguments = Path(f"/proc/{self.process()}/cmdline").read_text().split("\0")
        return next(argument.split("=", 1)[1] for argument in arguments if argument.startswith("--user-data-dir="))

    def say(self, key, **values):
        """A text in the language of the screen."""
        said = self.catalogue[self.language][key]
        for name, value in values.items():
            said = said.replace(f"{{{name}}}", str(value))
        return said

    def is_on(self, screen):
        """Waits for a screen. What another one shows may be personal: only its name is told."""
        try:
            self.page.locator(f"main.on-{screen}").wait_for()
        except TimeoutError:
            shown = self.page.locator("main").get_attribute("class")
            told = self.page.locator(".code")
            code = told.first.text_content() if told.count() else ""
            raise AssertionError(f"{shown} {code} instead of {screen}") from None
        return self

    def press(self, label):
        self.page.get_by_role("button", name=label, exact=True).click()
        return self

    def push(self, key, **values):
        """Presses the button that a text of the catalogue is on."""
        return self.press(self.say(key, **values))

    def choose_passphrase(self, passphrase=PASSPHRASE):
        """On the first start: nobody has a wallet yet."""
        self.open(self.stand.start(), language=self.language)
        expect(self.page.locator("h1")).to_have_text(self.say("ChooseTitle"))
        self.page.locator("#passphrase").fill(passphrase)
        self.page.locator("#again").fill(passphrase)
        return self.push("ChooseDone").is_on("certificates")

    def unlock(self, passphrase=PASSPHRASE):
        self.is_on("unlock").page.locator("#passphrase").fill(passphrase)
        return self.push("Unlock").is_on("certificates")

    def enter(self, **how):
        """A fresh browser, past the door."""
        return self.open(**how).unlock()

    def lock(self):
        self.push("Lock").is_on("unlock")
        return self

    def type_pin(self, pin=PIN):
        self.is_on("pin")
        for digit in pin:
            self.press(digit)
        self.page.locator("#enter").click()
        return self

    def to_kinds(self):
        button = self.page.locator("main .choices .primary")
        button.click()
        self.page.locator("main.on-service, main.on-terms").wait_for()
        if self.page.locator("main.on-service").count():
            self.page.locator("button.choice").first.click()
        return self.is_on("terms").push("Agree").is_on("kinds")

    def choose(self, *kinds):
        """Sets the switches, and goes on."""
        for kind in ("domestic", "abroad"):
            switch = self.page.locator(f"#kind-{kind}")
            if (switch.get_attribute("aria-checked") == "true") != (kind in kinds):
                switch.click()
        return self.push("Next").is_on("pin")

    def to_person(self, persona, kinds=("domestic",), pin=PIN, **how):
        """From the list to what the card says."""
        self.to_kinds().choose(*kinds).type_pin(pin).is_on("tap-card")
        self.stand.order(insert=persona, **how)
        return self.is_on("person")

    def on_from_person(self):
        """The card is taken, and what it says is right."""
        self.stand.order(remove=0)
        right = self.page.get_by_role("button", name=self.say("Right"), exact=True)
        expect(right).to_have_attribute("aria-disabled", "false")
        right.click()
        return self

    def give_picture(self, file):
        """A picture, as if it had been chosen from the device's files."""
        self.page.locator("#file").set_input_files(file)
        return self

    def choose_municipality(self):
        self.is_on("municipality").page.locator("button.choice").first.click()
        return self.is_on("preview")

    def issue(self):
        """From the review to the first certificate."""
        self.page.locator("main .choices .primary").last.click()
        return self.is_on("certificate")

    def get(self, persona):
        """A domestic certificate, from the list to the list."""
        return self.to_person(persona).on_from_person().choose_municipality().issue().to_list()

    def to_list(self):
        return self.push("Back").is_on("certificates")

    def is_told(self, code, **values):
        """A problem, in exactly the words of the catalogue."""
        self.is_on("problem")
        expect(self.page.locator(".code")).to_have_text(f"{self.say('ProblemCodeLabel')}: {code}")
        for part in ("happened", "advice"):
            expect(self.page.locator(f"main .{part}")).to_have_text(self.say(f"{part}/{code}", **values))
        return self

    def understood(self):
        self.page.locator("main .choices .primary").click()
        return self

    def cancel(self):
        """Ends the application, as one who means it."""
        self.push("Stop")
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("button", name=self.say("Stop"), exact=True).click()
        expect(dialog).to_have_count(0)
        return self.is_on("certificates")

    def video(self, picture):
        """A film of one picture, for the camera: MJPEG is JPEG files one after the other."""
        film = Path(self.folder.name) / "film.mjpeg"
        film.write_bytes(Path(picture).read_bytes() * 2)
        return film


@contextlib.contextmanager
def app(program):
    """A stand with nothing open yet."""
    with sync_playwright() as playwright:
        stand = Stand(program)
        phone = Phone(stand, playwright)
        try:
            yield stand, phone
        finally:
            phone.close()
            stand.close()
