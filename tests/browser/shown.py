"""Screens by name, on the kiosk's own page and server without a terminal behind them: also those that hardly ever come about.

The views come from here; the rest (`kiosk-agent/examples/page.rs`) is what the kiosk runs.
"""

import contextlib
import functools
import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

from playwright.sync_api import expect, sync_playwright

LANGUAGES = ("ja", "en", "zh", "ko")
# The kiosk's screen.
SIZE = {"width": 1280, "height": 1024}
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]

NAME = {"ja": "新型コロナウイルス感染症予防接種証明書", "en": "COVID-19 vaccination certificate", "zh": "新冠疫苗接种证明", "ko": "코로나19 예방접종증명서"}
NOTICE = {
    "ja": "8月10日(日)は、システムの保守のため終日ご利用いただけません。", "en": "Closed for maintenance all day on 10 August.",
    "zh": "8月10日（周日）因系统维护，全天无法使用。", "ko": "8월 10일(일)은 시스템 점검으로 하루 종일 이용하실 수 없습니다.",
}


def offer(code, prefecture, prefecture_en, name, reading, name_en):
    return {"code": code, "prefecture": prefecture, "prefecture_en": prefecture_en, "name": name, "reading": reading, "name_en": name_en, "kinds": ["domestic"]}


def check_digit(code):
    """The sixth digit of a municipality's code."""
    rest = sum(int(digit) * weight for digit, weight in zip(code, (6, 5, 4, 3, 2))) % 11
    return code + str((11 - rest) % 10 if code != "00000" else 0)


FEW = [
    offer("131016", "東京都", "Tokyo", "千代田区", "ちよだく", "Chiyoda City"),
    offer("132217", "東京都", "Tokyo", "清瀬市", "きよせし", "Kiyose City"),
    offer("141003", "神奈川県", "Kanagawa", "横浜市", "よこはまし", "Yokohama City"),
]
# Prefectural capitals and some of the longest names.
MANY = [offer(check_digit(code), *rest) for code, *rest in [
    ("01100", "北海道", "Hokkaido", "札幌市", "さっぽろし", "Sapporo City"),
    ("01694", "北海道", "Hokkaido", "標津町", "しべつちょう", "Shibetsu Town"),
    ("02201", "青森県", "Aomori", "青森市", "あおもりし", "Aomori City"),
    ("04100", "宮城県", "Miyagi", "仙台市", "せんだいし", "Sendai City"),
    ("07201", "福島県", "Fukushima", "福島市", "ふくしまし", "Fukushima City"),
    ("08236", "茨城県", "Ibaraki", "小美玉市", "おみたまし", "Omitama City"),
    ("13101", "東京都", "Tokyo", "千代田区", "ちよだく", "Chiyoda City"),
    ("13102", "東京都", "Tokyo", "中央区", "ちゅうおうく", "Chuo City"),
    ("13120", "東京都", "Tokyo", "練馬区", "ねりまく", "Nerima City"),
    ("13221", "東京都", "Tokyo", "清瀬市", "きよせし", "Kiyose City"),
    ("13222", "東京都", "Tokyo", "東久留米市", "ひがしくるめし", "Higashikurume City"),
    ("13421", "東京都", "Tokyo", "小笠原村", "おがさわらむら", "Ogasawara Village"),
    ("14100", "神奈川県", "Kanagawa", "横浜市", "よこはまし", "Yokohama City"),
    ("14130", "神奈川県", "Kanagawa", "川崎市", "かわさきし", "Kawasaki City"),
    ("19430", "山梨県", "Yamanashi", "富士河口湖町", "ふじかわぐちこまち", "Fujikawaguchiko Town"),
    ("20201", "長野県", "Nagano", "長野市", "ながのし", "Nagano City"),
    ("23100", "愛知県", "Aichi", "名古屋市", "なごやし", "Nagoya City"),
    ("26100", "京都府", "Kyoto", "京都市", "きょうとし", "Kyoto City"),
    ("27100", "大阪府", "Osaka", "大阪市", "おおさかし", "Osaka City"),
    ("27140", "大阪府", "Osaka", "堺市", "さかいし", "Sakai City"),
    ("28100", "兵庫県", "Hyogo", "神戸市", "こうべし", "Kobe City"),
    ("30406", "和歌山県", "Wakayama", "すさみ町", "すさみちょう", "Susami Town"),
    ("34100", "広島県", "Hiroshima", "広島市", "ひろしまし", "Hiroshima City"),
    ("40100", "福岡県", "Fukuoka", "北九州市", "きたきゅうしゅうし", "Kitakyushu City"),
    ("40130", "福岡県", "Fukuoka", "福岡市", "ふくおかし", "Fukuoka City"),
    ("46201", "鹿児島県", "Kagoshima", "鹿児島市", "かごしまし", "Kagoshima City"),
    ("47201", "沖縄県", "Okinawa", "那覇市", "なはし", "Naha City"),
]]
MENU = {
    "center": "center-1", "programmes": [{"id": "covid-19", "name": NAME, "municipalities": FEW}],
    "hours": {"open": "06:30", "close": "23:00"}, "notices": [], "maintenance": None,
}


def dose(number):
    return {
        "date": f"202{1 + number // 3}-{1 + 3 * (number % 3):02}-1{number}", "vaccine": "mRNAワクチン(SARS-CoV-2)", "vaccine_en": "mRNA vaccine (SARS-CoV-2)",
        "product": "コミナティ筋注", "product_en": "Comirnaty", "maker": "ファイザー", "maker_en": "Pfizer", "lot": f"EX{2700 + 37 * number}", "cvx": "208",
    }


def preview(doses=2, name="試験　花子"):
    """A made-up person."""
    return {
        "programme": "covid-19", "kind": "domestic", "holder": {"name": name, "birth_date": "1944-08-21"},
        "authority": {"code": "132217", "name": "東京都清瀬市", "name_en": "Kiyose City, Tokyo"},
        "doses": [dose(number) for number in range(doses)], "issued_on": "2026-11-24", "copies": 1,
    }


def preview_abroad():
    """With what a passport says."""
    shown = preview() | {"kind": "abroad", "passport": {"romanised_name": "SHIKEN  HANAKO", "nationality": "JPN", "number": "XX0000001"}}
    for number, dose in enumerate(shown["doses"], start=1):
        dose["abroad"] = {"number": number, "country": "JPN", "icd11": "XM8NQ0", "brand": "Comirnaty"}
    return shown


def municipality(offers, home="132217"):
    return {"view": "municipality", "offers": offers, "home": home, "fee": 120}


def problem(code, **more):
    return {"view": "problem", "code": code, **more}


def key(*names):
    """Presses buttons by the texts of the catalogue on them."""
    def press(page, says):
        for name in names:
            page.get_by_role("button", name=says(name), exact=True).click()
    return press


def digits(count):
    def press(page, _):
        for digit in "1234567890"[:count]:
            page.get_by_role("button", name=digit, exact=True).click()
        expect(page.locator(".dot.full")).to_have_count(count)
    return press


def to_service(page, _):
    page.locator("button.language[lang=ja]").click()


def to_terms(page, _):
    to_service(page, _)
    page.locator("button.choice").click()


def to_copies(page, _):
    page.locator("button.choice").first.click()


def chosen(tab, group):
    """A way into the municipalities and one of its groups, by language."""
    def press(page, says):
        page.get_by_role("button", name=says(tab), exact=True).click()
        page.locator("button.group, button.letter").get_by_text(group[says("lang")], exact=True).click()
    return press


def attendant_key(page, _):
    page.keyboard.press("Control+Alt+A")


def wrong_key(page, says):
    attendant_key(page, says)
    expect(page.locator("main")).to_have_class("on-attendant-key")
    page.keyboard.type("00000000")
    page.locator("#enter").click()


TOKYO = {"ja": "東京都", "en": "Tokyo", "zh": "東京都", "ko": "Tokyo"}
KA = {"ja": "か", "en": "K", "zh": "K", "ko": "K"}
# A screen: its name, the views told for it, what is pressed before the language is chosen, and after (what the page alone knows is asked anew).
NOTHING = None
SCREENS = [
    ("starting", [{"view": "start-over"}], NOTHING, NOTHING),
    ("language", [{"view": "menu", "menu": {**MENU, "notices": [NOTICE]}}], NOTHING, NOTHING),
    ("service", [{"view": "menu", "menu": {**MENU, "notices": [NOTICE]}}], to_service, NOTHING),
    ("terms", [{"view": "menu", "menu": MENU}], to_terms, NOTHING),
    ("place-card", [{"view": "place-card"}, {"view": "time", "seconds": 60}], NOTHING, NOTHING),
    ("kind", [{"view": "kind", "kinds": ["domestic", "abroad"]}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("pin", [{"view": "pin", "remaining": 3}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("pin-entered", [{"view": "pin", "remaining": 2}, {"view": "time", "seconds": 90}], digits(4), NOTHING),
    ("pin-last", [{"view": "pin", "remaining": 1}, {"view": "time", "seconds": 90}], digits(2), NOTHING),
    ("reading", [{"view": "reading"}], NOTHING, NOTHING),
    ("take-card", [{"view": "take-card"}, {"view": "time", "seconds": 60}], NOTHING, NOTHING),
    ("checking", [{"view": "checking"}], NOTHING, NOTHING),
    ("card-left", [{"view": "card-left"}], NOTHING, NOTHING),
    ("municipality-few", [municipality(FEW), {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("municipality-prefectures", [municipality(MANY), {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("municipality-prefecture", [municipality(MANY), {"view": "time", "seconds": 90}], NOTHING, chosen("ByPrefecture", TOKYO)),
    ("municipality-row", [municipality(MANY), {"view": "time", "seconds": 90}], NOTHING, chosen("ByReading", KA)),
    ("municipality-letters", [municipality(MANY, None), {"view": "time", "seconds": 90}], NOTHING, chosen("ByLetters", KA)),
    ("copies", [municipality(FEW), {"view": "time", "seconds": 90}], to_copies, NOTHING),
    ("looking-up", [{"view": "looking-up"}], NOTHING, NOTHING),
    ("preview", [{"view": "preview", "preview": preview()}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("preview-abroad", [{"view": "preview", "preview": preview_abroad()}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("preview-seven", [{"view": "preview", "preview": preview(7, "ＭＡＲＩＡ　ＦＥＲＮＡＮＤＡ　ＤＡ　ＳＩＬＶＡ　ＰＥＲＥＩＲＡ")}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("fee", [{"view": "fee", "due": 240, "inserted": 100}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("issuing", [{"view": "issuing"}], NOTHING, NOTHING),
    ("delivering", [{"view": "delivering", "out": 0, "of": 1}], NOTHING, NOTHING),
    ("delivering-more", [{"view": "delivering", "out": 1, "of": 3}], NOTHING, NOTHING),
    ("try-again", [{"view": "try-again"}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("take-paper", [{"view": "take-paper"}], NOTHING, NOTHING),
    ("paper-left", [{"view": "paper-left"}], NOTHING, NOTHING),
    ("reporting", [{"view": "reporting"}], NOTHING, NOTHING),
    ("done", [{"view": "done", "reported": True, "taken": False, "returned": False}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("done-not-reported", [{"view": "done", "reported": False, "taken": True, "returned": True}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("done-stuck", [{"view": "done", "reported": False, "taken": True, "returned": False, "stuck": True}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("done-taken", [{"view": "done", "reported": True, "taken": True, "returned": True}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("problem-end", [problem("card-expired", over=True), {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("problem-returned", [{"view": "start-over"}, {"view": "place-card"}, {"view": "fee", "due": 240, "inserted": 100}, problem("center-unreachable", over=True), {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("problem-on", [{"view": "start-over"}, {"view": "place-card"}, problem("pin-wrong", remaining=2), {"view": "pin", "remaining": 2}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("problem-half-printed", [problem("printer-out-of-paper", printed=2), {"view": "try-again"}, {"view": "time", "seconds": 90}], NOTHING, NOTHING),
    ("out-of-service", [{"view": "out-of-service", "code": "center-unreachable"}], NOTHING, NOTHING),
    ("out-of-service-hours", [{"view": "out-of-service", "code": "outside-hours", "hours": MENU["hours"]}], NOTHING, NOTHING),
    ("out-of-service-words", [{"view": "out-of-service", "code": "maintenance", "words": NOTICE}], NOTHING, NOTHING),
    ("attendant-key", [{"view": "out-of-service", "code": "printer-jam"}], attendant_key, NOTHING),
    ("attendant-key-wrong", [{"view": "out-of-service", "code": "printer-jam"}], wrong_key, NOTHING),
    ("attendant", [{"view": "attendant", "service": "content-mismatch", "mismatch": "seal", "reader": "ok", "printer": "ok", "warnings": ["paper-low", "supply-empty"], "center": "ok"}], NOTHING, NOTHING),
    ("dialog-help", [{"view": "pin", "remaining": 3}, {"view": "time", "seconds": 90}], NOTHING, key("Help")),
    ("dialog-cancel", [{"view": "preview", "preview": preview()}, {"view": "time", "seconds": 90}], NOTHING, key("Stop")),
    ("dialog-voice", [{"view": "place-card"}, {"view": "time", "seconds": 60}], NOTHING, key("Voice")),
    ("dialog-language", [{"view": "place-card"}, {"view": "time", "seconds": 60}], NOTHING, lambda page, _: page.locator("#language").click()),
    ("dialog-time", [{"view": "place-card"}, {"view": "time", "seconds": 21}], NOTHING, lambda page, _: page.wait_for_selector("dialog.time")),
]
# The screen that each is on, where that is not its name.
CLASSES = {
    "pin-entered": "pin", "pin-last": "pin", "municipality-few": "municipality", "municipality-prefectures": "municipality",
    "municipality-prefecture": "municipality", "municipality-row": "municipality", "municipality-letters": "municipality",
    "preview-abroad": "preview", "delivering-more": "delivering", "done-taken": "done", "done-stuck": "done", "problem-returned": "problem", "preview-seven": "preview", "done-not-reported": "done", "problem-end": "problem", "problem-on": "problem",
    "problem-half-printed": "problem", "out-of-service": "problem", "out-of-service-hours": "problem", "out-of-service-words": "problem", "attendant-key-wrong": "attendant-key",
    "dialog-help": "pin", "dialog-cancel": "preview", "dialog-voice": "place-card", "dialog-language": "place-card", "dialog-time": "place-card",
}


class Shown:
    """The page, and what it is told."""

    def __init__(self, program, playwright):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        self.page = self.browser.new_page(viewport=SIZE)
        # What the page complains of is a fault, a policy that refuses something above all.
        self.complaints = []
        self.page.on("console", self.said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(self.about["page"])
        self.page.wait_for_selector("main[class]")
        self.catalogue = json.load(self.open("/messages.json"))
        self.language = "ja"

    def said(self, message):
        # A press on a screen that has gone meanwhile is refused, as it should be.
        if "409 (Conflict)" not in message.text:
            self.complaints.append(message.text)

    def open(self, path):
        return urlopen(self.about["page"].split("/#")[0] + path, timeout=30)

    def manifest(self):
        """The recordings, by language and key."""
        return json.load(self.open("/voice/manifest.json"))["languages"]

    def says(self, key):
        return self.language if key == "lang" else self.catalogue[self.language][key]

    def tell(self, view):
        self.process.stdin.write(json.dumps(view) + "\n")
        self.process.stdin.flush()
        assert json.loads(self.process.stdout.readline()) == {"shown": True}

    def on(self, screen):
        expect(self.page.locator("main")).to_have_class(f"on-{screen}")

    def speak(self, language):
        """Another language, by its button. The first screen and the one before it have none."""
        if language != self.language:
            self.page.locator("#language").click()
            # Without a finger, for whose second tap the page is on its guard: what is pressed next may lie there.
            self.page.locator(f"dialog button[lang={language}]").evaluate("button => button.click()")
            expect(self.page.locator("html")).to_have_attribute("lang", "zh-Hans" if language == "zh" else language)
            self.language = language

    def start_over(self):
        self.close_dialogs()
        self.tell({"view": "start-over"})
        self.on("starting")
        self.language = "ja"

    def close_dialogs(self):
        self.page.evaluate("document.querySelectorAll('dialog').forEach((dialog) => dialog.close())")

    def each(self, languages=LANGUAGES, only=None):
        """Every screen in every language: name, language. Dialogs and choices within a screen are opened anew in each."""
        for name, views, before, after in SCREENS:
            if only and name not in only:
                continue
            for language in languages:
                if language != languages[0] and name in ("starting", "language"):
                    continue
                if language == languages[0] or after:
                    self.start_over()
                    for view in views:
                        self.tell(view)
                    if name != "starting":
                        expect(self.page.locator("main")).not_to_have_class("on-starting")
                    if before:
                        before(self.page, self.says)
                    self.on(CLASSES.get(name, name))
                if name not in ("starting", "language"):
                    self.speak(language)
                if after:
                    after(self.page, self.says)
                yield name, language
        self.start_over()

    def close(self):
        self.browser.close()
        self.process.stdin.close()
        self.process.wait(timeout=30)


def shown_alone(check):
    """A check of the page alone, as a part of a group."""
    @functools.wraps(check)
    def part(stand, kiosk):
        with page(Path(stand.program).parent / "examples/page", kiosk.playwright) as shown:
            check(shown)
            assert not shown.complaints, shown.complaints
    return part


@contextlib.contextmanager
def page(program, playwright=None):
    """The page; there is one playwright a process."""
    with contextlib.nullcontext(playwright) if playwright else sync_playwright() as playwright:
        shown = Shown(program, playwright)
        try:
            yield shown
        finally:
            shown.close()
