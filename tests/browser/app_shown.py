"""The app's screens by name, on the app's own page and server without a terminal behind them: also those that hardly ever come about.

What is told comes from here, as `docs/app.md` has it; the rest (`kiosk-agent/examples/app_page.rs`) is what the app runs.
"""

import contextlib
import json
import random
import subprocess
from urllib.request import urlopen

from playwright.sync_api import expect, sync_playwright

from shown import FEW, MANY, NAME, NOTICE, preview, preview_abroad

LANGUAGES = ("ja", "en", "zh", "ko")
# A phone of today, and a small one.
PHONE = {"width": 390, "height": 844}
SMALL = {"width": 360, "height": 640}
WIDE = {"width": 1280, "height": 1024}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
]

# As `app_page` takes it.
PASSPHRASE = "12345678"

HOLDER = {"name": "試験　花子", "birth_date": "1944-08-21"}
LONG = {"name": "ＭＡＲＩＡ　ＦＥＲＮＡＮＤＡ　ＤＡ　ＳＩＬＶＡ　ＰＥＲＥＩＲＡ", "birth_date": "1987-03-31"}
CHILD = {"name": "試験　一郎", "birth_date": "2015-04-02"}
HELD = preview()
ABROAD = preview_abroad()
NUMBER = "VC1Q-2W3E-4R5T-6Y7V-8B9X"
PASSPORT = {"romanised_name": "SHIKEN  HANAKO", "nationality": "JPN", "number": "XX0000001"}


def entry(number, kind="domestic", doses=2, older=False, lapses=False):
    return {
        "id": f"{number:032x}", "programme": "covid-19", "name": NAME, "kind": kind, "authority": HELD["authority"], "issued_on": "2026-11-24",
        "doses": doses, "older": older, "lapses": lapses,
    }


def symbol(side):
    """No code that reads, but as many modules as one."""
    modules = random.Random(side)
    return ["".join(modules.choice("01") for _ in range(side)) for _ in range(side)]


CARD = {"name": "health-card", "rows": symbol(97)}
SEAL = {"name": "vds-nc", "rows": symbol(121)}


def certificate(number=1, kind="domestic", holder=HOLDER, codes=(CARD,), doses=HELD["doses"], **more):
    return {
        "screen": "certificate", **entry(number, kind, len(doses)), "holder": holder, "all_doses": doses, "codes": list(codes), "shown": 0, "hidden": False,
        "hides": kind == "domestic", "back": True, **more,
    }


def of_application(step, **screen):
    return {"step": step, "back": True, "cancel": True, **screen}


def problem(code, then="on", **more):
    """What is told of it is filled in by language."""
    return {"screen": "problem", "code": code, "then": then, **more}


TRUST = {
    "form": 2,
    "card_issuers": [{
        "url": "https://issuer.example/covid-19", "name": "接種証明書発行機関", "keys": ["3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s"],
        "revoked": [{"kid": "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s", "ctr": 3, "cards": 2}], "fetched": "2026-11-27",
    }],
    "countries": [{
        "code": "JPN", "name": "Japan",
        "cscas": [{"subject": "C=JP, O=Shomei, CN=Development CSCA", "sha256": "5f" * 32, "not_before": "2026-01-01T00:00:00Z", "not_after": "2036-01-01T00:00:00Z"}],
        "revoked": [{"signers": 0, "this_update": "2026-11-01T00:00:00Z", "next_update": "2027-02-01T00:00:00Z"}],
    }],
    "center": {"fetched": "2026-11-27T03:00:00Z", "old": False},
}
OLD_TRUST = {**TRUST, "center": {"fetched": "2026-11-20T03:00:00Z", "old": True}}
# Of `verify --json`, by verdict.
REASONS = {
    "valid": None, "unchecked": "the list of what was revoked is out of date", "revoked": "the document was revoked",
    "expired": "the dates of its signer's certificate", "not-yet-valid": "the document's own dates", "unknown-issuer": "signed by nobody on the trust list",
    "tampered": "the content is not what was signed", "malformed": "not in the form of its kind", "unsupported": "another kind of code",
}
WHYS = {"unchecked": "old-list", "revoked": "document", "expired": "signer", "not-yet-valid": "document", "tampered": "content", "malformed": "incomplete"}
CARD_SIGNER = {"issuer": "https://issuer.example/covid-19", "name": "接種証明書発行機関", "kid": "3Kfdg-XwP-7gXyywtUfUADwBumDOPKMQx-iELL11W9s"}
SEAL_SIGNER = {
    "country": "JPN", "name": "Japan", "subject": "C=JP, O=Shomei, CN=Signer 1", "serial": "53:1f:00:9a:7c", "not_before": "2026-11-01T00:00:00Z",
    "not_after": "2036-11-01T00:00:00Z", "csca": "C=JP, O=Shomei, CN=Development CSCA", "csca_sha256": "5f" * 32,
}
CARD_CONTENT = {
    "types": [], "not_before": "2026-11-24T00:00:00Z", "family_name": "試験", "given_names": ["花子"], "birth_date": "1944-08-21",
    "doses": [{"date": "2021-05-17", "system": "http://hl7.org/fhir/sid/cvx", "code": "208", "lot": "EX2700", "performer": "Kiyose City"}],
}
SEAL_CONTENT = {
    "type": "icao.vacc", "certificate": "U32870", "name": "SHIKEN  HANAKO", "birth_date": "1944-08-21", "sex": None, "travel_document": "XX0000001", "other_number": None,
    "doses": [{"number": 1, "date": "2021-05-17", "vaccine": "XM68M6", "product": "Comirnaty", "disease": "RA01", "country": "JPN", "center": "Kiyose City", "lot": "EX2700", "next": None}],
}


def report(verdict, seal=False):
    trusted = verdict in ("valid", "unchecked", "revoked", "expired", "not-yet-valid")
    return {
        "kind": "vds-nc" if seal else "smart-health-card", "verdict": verdict, "why": WHYS.get(verdict), "reason": REASONS[verdict],
        "claimed_issuer": None if verdict in ("malformed", "unsupported") else "JPN" if seal else "https://issuer.example/covid-19",
        "signer": (SEAL_SIGNER if seal else CARD_SIGNER) if trusted else None, "content": (SEAL_CONTENT if seal else CARD_CONTENT) if trusted else None,
        "notes": [{"code": "revocations-as-of", "text": "revocations as of 2026-11-20", "day": "2026-11-20"}] if trusted and not seal
        else [{"code": "dose-in-future", "text": "a dose lies in the future"}] if trusted else [],
    }


def verified(*found):
    return {"screen": "verified", "found": list(found), "trust": TRUST, "back": True}


def press(selector, then):
    """Presses something of the page's own, and waits for what comes of it."""
    def act(page):
        page.locator(selector).first.click()
        page.locator(then).first.wait_for()
    return act


# A screen: its name, what is told, what is pressed then.
SCREENS = [
    ("working", {"screen": "working", "cancel": True}),
    ("certificates-none", {"screen": "certificates", "people": [], "damaged": 0}),
    ("certificates", {"screen": "certificates", "damaged": 1, "people": [
        {"holder": HOLDER, "certificates": [entry(1, doses=3), entry(2, "abroad"), entry(3, older=True), entry(6, lapses=True)]}, {"holder": LONG, "certificates": [entry(4)]},
        {"holder": CHILD, "certificates": [entry(5)]}]}),
    ("service", {"screen": "service", "programmes": [{"id": "covid-19", "name": NAME}, {"id": "influenza", "name": NAME}], "notices": [NOTICE], "back": True}),
    ("terms", of_application(1, screen="terms", programme={"id": "covid-19", "name": NAME}, notices=[NOTICE])),
    ("kinds", of_application(2, screen="kinds", kinds=["domestic", "abroad"], chosen=["domestic"])),
    ("kinds-none", of_application(2, screen="kinds", kinds=["domestic", "abroad"], chosen=[]), press("main .primary", ".fault:not(:empty)")),
    ("pin", of_application(3, screen="pin", entered=0)),
    ("pin-entered", of_application(3, screen="pin", entered=4, remaining=2)),
    ("pin-last", of_application(3, screen="pin", entered=2, remaining=1)),
    ("tap-card", of_application(4, screen="tap-card")),
    ("last-try", of_application(4, screen="last-try")),
    ("reading", {"screen": "reading", "step": 4}),
    ("person-card", {"screen": "person", "step": 5, "cancel": True, "name": LONG["name"], "birth_date": "1944-00-00", "sex": "other",
                     "address": "東京都清瀬市中里五丁目八百四十二番地の三　コーポラティブハウス清瀬けやき通り東館　千二百三号室", "card": True}),
    ("person", {"screen": "person", "step": 5, "cancel": True, "name": HOLDER["name"], "birth_date": "1944-08-21", "sex": "female", "address": "東京都清瀬市中里五丁目８４２番地", "card": False}),
    ("passport", {"screen": "passport", "step": 5, "cancel": True, "domestic": True}),
    ("passport-camera", {"screen": "passport", "step": 5, "cancel": True, "domestic": True}, press("main .primary", "video")),
    ("passport-reading", {"screen": "passport-reading", "step": 5, "cancel": True}),
    ("passport-check", of_application(5, screen="passport-check", **PASSPORT, birth_date="1944-08-21", domestic=True)),
    ("municipality-few", of_application(6, screen="municipality", offers=FEW, home="132217")),
    ("municipality", of_application(6, screen="municipality", offers=MANY, home="132217"), press("button.group >> nth=5", ".found:not(:empty)")),
    ("preview", of_application(7, screen="preview", previews=[HELD, ABROAD], failed=[])),
    ("preview-one", of_application(7, screen="preview", previews=[preview(7, LONG["name"])], failed=[{"kind": "abroad", "code": "passport-expired"}])),
    ("issuing", {"screen": "issuing", "step": 7}),
    ("certificate", certificate(reported=True)),
    ("certificate-hidden", certificate(holder=None, hidden=True, older=True)),
    ("certificate-long", certificate(holder=LONG, doses=preview(7)["doses"], reported=False)),
    ("certificate-abroad", certificate(2, "abroad", certificate_id=NUMBER, codes=(CARD, SEAL), doses=ABROAD["doses"], passport=PASSPORT)),
    ("certificate-seal", certificate(2, "abroad", certificate_id=NUMBER, codes=(CARD, SEAL), doses=ABROAD["doses"], passport=PASSPORT, shown=1)),
    ("delete", {"screen": "delete", "entry": entry(1), "holder": HOLDER, "back": True}),
    ("verify", {"screen": "verify", "back": True}),
    *((f"verified-{verdict}", verified(report(verdict), report(verdict, seal=True))) for verdict in REASONS),
    ("verified-old", {**verified(report("valid")), "trust": OLD_TRUST}),
    ("verified-none", {"screen": "verified", "found": [], "trust": {"form": 2, "card_issuers": [], "countries": [], "center": {"fetched": None, "old": True}}, "back": True}),
    ("problem", problem("pin-wrong", remaining=2)),
    ("problem-end", problem("passport-not-yours", "start", kind="abroad")),
    ("problem-mismatch", problem("content-mismatch", "start", mismatch="birth-date")),
    ("problem-words", problem("maintenance", "start", says={"words": NOTICE})),
    ("problem-hours", problem("outside-hours", "start", says={"hours": {"open": "06:30", "close": "23:00"}})),
    ("dialog-language", {"screen": "certificates", "people": [], "damaged": 0}, press("#language", "dialog")),
    ("dialog-damaged", {"screen": "certificates", "people": [], "damaged": 2}, press("main .warning .secondary", "dialog")),
    ("dialog-passphrase", {"screen": "certificates", "people": [], "damaged": 0}, press("main .plain", "dialog")),
    ("dialog-cancel", of_application(3, screen="pin", entered=0), press("#cancel", "dialog")),
]
# What is shown before anybody is let in: what opens, whether the start's secret is there, what is pressed.
DOORS = [
    ("door-new", "new", True, None),
    ("door-new-short", "new", True, press("main .primary", ".fault:not(:empty)")),
    ("door", "passphrase", False, None),
    ("door-shut", "new", False, None),
    # What no core says: the program has ended; a page that was locked out is on its way to another process.
    ("gone", "passphrase", False, None),
    ("leaving", "passphrase", False, lambda page: (page.locator("#passphrase").fill(PASSPHRASE), page.locator("main .primary").click(), page.locator("main.on-leaving").wait_for())),
]
# The page's own network, as it is then: nobody at the door; or no screens any more, and a door that is slow to answer.
MISSING = """
    const ask = fetch;
    let doors = 0;
    window.fetch = (address, ...more) => {
        if (address === "/door" && window.missing === "gone") return Promise.reject(new TypeError());
        if (address === "/door" && window.missing === "leaving" && doors++ > 0) return new Promise(() => {});
        if (address === "/screens" && window.missing === "leaving") return Promise.reject(new TypeError());
        return ask(address, ...more);
    };
"""


class Shown:
    """The page, and what it is told."""

    def __init__(self, program, playwright, size, scale):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        self.page = self.browser.new_page(viewport=size, device_scale_factor=scale, locale="ja-JP")
        # What the page complains of is a fault, a policy that refuses something above all.
        self.complaints = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        with urlopen(self.about["page"].split("#")[0] + "messages.json", timeout=30) as messages:
            self.catalogue = json.load(messages)
        self.is_in = False
        self.page.add_init_script(MISSING)
        self.missing = None

    def order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        assert json.loads(self.process.stdout.readline()) == {"shown": True}

    def tell(self, screen, language):
        """Shows a screen in a language, as the core would push it."""
        self.page.evaluate("document.querySelectorAll('dialog').forEach((dialog) => dialog.close())")
        self.order(screen={"back": False, "cancel": False, **self.said(screen, language), "language": language})
        name = screen["screen"]
        expect(self.page.locator("main")).to_have_class(f"on-{name}")
        expect(self.page.locator("html")).to_have_attribute("lang", "zh-Hans" if language == "zh" else language)

    def said(self, screen, language):
        """What is told of a problem, wherever there is one."""
        def fill(one):
            texts = {part: self.catalogue[language][f"{part}/{one['code']}"].replace("{remaining}", "2").replace("{character}", "\u9ad9") for part in ("happened", "advice")}
            return {name: value for name, value in one.items() if name != "remaining"} | texts
        if screen["screen"] == "problem":
            return fill(screen)
        if "failed" in screen:
            return {**screen, "failed": [fill(one) for one in screen["failed"]]}
        return screen

    def enter(self):
        """Past the door."""
        if not self.is_in:
            self.order(opens="passphrase")
            self.open(secret=False)
            self.page.locator("#passphrase").fill(PASSPHRASE)
            self.page.locator("main .primary").click()
            self.page.wait_for_selector("main:not(.on-unlock)")
            self.is_in = True

    def open(self, secret):
        self.page.goto("about:blank")
        self.page.goto(self.about["page"] if secret else self.about["page"].split("#")[0])
        self.page.wait_for_selector("h1")

    def at_door(self, opens, secret, language):
        self.is_in = False
        self.order(opens=opens)
        self.open(secret)
        if language != "ja":
            self.page.locator("#language").click()
            self.page.locator(f"dialog button[lang={language}]").click()
            expect(self.page.locator("html")).to_have_attribute("lang", "zh-Hans" if language == "zh" else language)

    def miss(self, what):
        """What is missing from the next page on."""
        if what != self.missing:
            self.missing = what
            self.page.add_init_script(f"window.missing = {json.dumps(what)};")

    def each(self, languages=LANGUAGES, only=None):
        """Every screen in every language: name, language."""
        for name, opens, secret, act in DOORS:
            for language in languages:
                if not only or name in only:
                    self.miss(name if name in ("gone", "leaving") else None)
                    self.at_door(opens, secret, language)
                    if act:
                        act(self.page)
                    yield name, language
        self.miss(None)
        for name, screen, *acts in SCREENS:
            for language in languages:
                if not only or name in only:
                    self.enter()
                    # Drawn anew, as another screen would be.
                    self.tell({"screen": "working"}, language)
                    self.tell(screen, language)
                    for act in acts:
                        act(self.page)
                    yield name, language

    def close(self):
        self.browser.close()
        self.process.stdin.close()
        self.process.wait(timeout=30)


@contextlib.contextmanager
def page(program, playwright=None, size=PHONE, scale=1):
    """The page; there is one playwright a process."""
    with contextlib.nullcontext(playwright) if playwright else sync_playwright() as playwright:
        shown = Shown(program, playwright, size, scale)
        try:
            yield shown
        finally:
            shown.close()
