"""Fee, card slot and output tray: what is paid for comes out, and what does not is paid back."""

from time import monotonic, sleep

from playwright.sync_api import expect

FEE = 120
# Seconds in which the center has to know: until then a fee is not kept, though the paper may lie there.
KNOWN = 20
# Seconds for each step, where they are waited for.
SHORT = 3


class Cabinet:
    """A hand at the cabinet."""

    def __init__(self, stand):
        self.stand = stand
        self.kept, self.returned = self.money()

    def hand(self, request, **what):
        return self.stand.order(cabinet={"request": request, **what})

    def coin(self, yen):
        assert self.hand("coin", yen=yen)["taken"], f"{yen} yen fell through"

    def coins(self, *all):
        for yen in all:
            self.coin(yen)

    def put(self, place):
        self.hand("put", place=place)

    def take(self, place):
        self.hand("take", place=place)

    def money(self):
        """All that the operator has, and all that came out again."""
        look = self.hand("look")
        return look["kept"], look["returned"]

    def moved(self, kept, returned):
        """Since this was last asked the operator got so much and so much came out again; nothing is in between."""
        was = (self.kept, self.returned)
        over = monotonic() + KNOWN
        while True:
            look = self.hand("look")
            self.kept, self.returned = look["kept"], look["returned"]
            moved = (self.kept - was[0], self.returned - was[1])
            if moved == (kept, returned) or monotonic() > over:
                break
            sleep(0.1)
        assert moved == (kept, returned), f"{moved} instead of {(kept, returned)}"
        assert (look["held"], look["owed"]) == (0, 0), look


def to_fee(kiosk, language="en", copies=1):
    kiosk.to_preview("ordinary", language, copies).push("Issue").is_on("fee")
    expect(kiosk.page.locator("dd").first).to_have_text(kiosk.say("Yen", yen=FEE * copies))
    return kiosk


def inserted(kiosk, yen):
    expect(kiosk.page.locator("#inserted")).to_have_text(kiosk.say("Yen", yen=yen))


def paid(stand, kiosk, cabinet):
    """Exactly, and with change; the paper has to be taken, and the card before it."""
    kiosk.to_pin("ordinary", "ja")
    cabinet.put("slot")
    kiosk.type_pin().is_on("take-card")
    stand.order(remove=0)
    kiosk.page.wait_for_timeout(700)
    kiosk.is_on("take-card")
    cabinet.take("slot")
    kiosk.is_on("municipality").page.locator("button.choice").first.click()
    kiosk.is_on("copies").push("MoreCopies")
    expect(kiosk.page.locator("main .lead")).to_have_text(kiosk.say("FeeOf", yen=2 * FEE))
    kiosk.push("Next").is_on("preview").push("Issue").is_on("fee")
    for yen, sum in ((100, 100), (100, 200)):
        cabinet.coin(yen)
        inserted(kiosk, sum)
    before = len(stand.sheets())
    cabinet.coin(100)
    kiosk.is_on("take-paper")
    cabinet.moved(2 * FEE, 60)
    assert len(stand.sheets()) == before + 2
    expect(kiosk.page.locator("main button")).to_have_count(0)
    cabinet.take("tray")
    kiosk.is_on("done")
    # Nobody begins over a card in the slot, whatever the reader sees.
    cabinet.put("slot")
    kiosk.ended().is_on("card-left")
    cabinet.take("slot")
    kiosk.is_on("language")


def taken_at_once(stand, kiosk, cabinet):
    """Whoever has their certificate before the center knows takes it, and is told when that is done."""
    stand.order(printer="hold")
    to_fee(kiosk, "ko")
    cabinet.coins(100, 10, 10)
    kiosk.is_on("delivering")
    stand.order(pause="center")
    stand.order(printer="go")
    kiosk.is_on("take-paper")
    cabinet.take("tray")
    kiosk.is_on("reporting")
    for way in ("back", "cancel"):
        expect(kiosk.page.locator(f"#{way}")).to_be_hidden()
    stand.order(resume="center")
    kiosk.is_on("done")
    expect(kiosk.page.locator("main .lead")).to_have_text(kiosk.say("DoneTaken"))
    cabinet.moved(FEE, 0)
    kiosk.to_start()


def counted(stand, kiosk, cabinet):
    """Copies are counted as they come out; who does not wait for the rest gets its fee back, and is told so."""
    kiosk.to_preview("ordinary", "en", copies=2)
    stand.order(printer="hold")
    kiosk.push("Issue").is_on("fee")
    cabinet.coins(100, 100, 10, 10, 10, 10)
    kiosk.is_on("delivering")
    progress = kiosk.page.locator("#printed")
    expect(progress).to_have_text("")
    stand.order(printer="one")
    expect(progress).to_have_text(kiosk.say("PrintedOf", printed=1, copies=2))
    stand.order(printer="break")
    kiosk.is_told("printer-failed").push("Understood").is_on("try-again").cancel().is_on("take-paper")
    stand.order(printer="go")
    cabinet.take("tray")
    kiosk.is_on("done")
    expect(kiosk.page.locator("main .lead")).to_have_text([kiosk.say("DoneTaken"), kiosk.say("FeeReturned")])
    cabinet.moved(FEE, FEE)
    kiosk.to_start()


def left_alone(stand, kiosk, cabinet):
    """A question for the attendant's key that nobody answers gives way to the paper that lies there, and not to nothing."""
    stand.order(patience=SHORT)
    kiosk.open()
    to_fee(kiosk, "ja")
    cabinet.coins(100, 10, 10)
    kiosk.is_on("take-paper")
    kiosk.page.keyboard.press("Control+Alt+KeyA")
    kiosk.is_on("attendant-key").is_on("take-paper")
    cabinet.take("tray")
    kiosk.is_on("done").to_start()
    cabinet.moved(FEE, 0)
    stand.order(patience=60)
    kiosk.open()


def given_up(stand, kiosk, cabinet):
    """What was inserted comes out again."""
    to_fee(kiosk)
    cabinet.coin(100)
    inserted(kiosk, 100)
    kiosk.push("Back").is_on("copies")
    cabinet.moved(0, 100)
    kiosk.push("Next").is_on("preview").push("Issue").is_on("fee")
    cabinet.coin(10)
    inserted(kiosk, 10)
    kiosk.cancel().is_told_why("cancelled")
    expect(kiosk.page.locator("main .lead")).to_have_text(kiosk.say("FeeReturned"))
    cabinet.moved(0, 10)
    kiosk.to_start()


def misprinted(stand, kiosk, cabinet):
    """The fee is refunded."""
    stand.order(printer="hold")
    to_fee(kiosk, "zh")
    cabinet.coins(100, 10, 10)
    kiosk.is_on("delivering")
    stand.order(printer="break")
    kiosk.is_told_why("printer-failed").push("Understood").is_on("try-again").cancel().is_told_why("cancelled")
    stand.order(printer="go")
    cabinet.moved(0, FEE)
    kiosk.to_start()


def without_change(stand, kiosk, cabinet):
    """Told, with the money out."""
    to_fee(kiosk, "ko")
    cabinet.hand("fault", fault="no-change")
    cabinet.coin(500)
    kiosk.is_told_why("payment-no-change")
    cabinet.moved(0, 500)
    cabinet.hand("mend")
    # As it says, with the exact amount: in the same application.
    kiosk.push("Understood").is_on("preview").push("Issue").is_on("fee")
    cabinet.coins(100, 10, 10)
    kiosk.is_on("take-paper")
    cabinet.take("tray")
    cabinet.moved(FEE, 0)
    kiosk.is_on("done").to_start()


def jammed(stand, kiosk, cabinet):
    """Money that is stuck is told, and nobody begins over it."""
    to_fee(kiosk, "ja")
    cabinet.coin(100)
    inserted(kiosk, 100)
    cabinet.hand("fault", fault="payout-jam")
    kiosk.cancel().is_told_why("payment-not-returned")
    cabinet.hand("mend")
    cabinet.moved(0, 100)
    kiosk.to_start()


def killed(stand, kiosk, cabinet):
    """A browser or a kiosk that dies keeps nobody's money."""
    for part in ("browser", "kiosk"):
        to_fee(kiosk)
        cabinet.coin(50)
        inserted(kiosk, 50)
        stand.order(end=part)
        kiosk.renewed().is_on("language")
        cabinet.moved(0, 50)


def forgotten(stand, kiosk, cabinet):
    """Paper that nobody takes keeps the kiosk until it is taken, or until staff have come: with their key, and they see nobody."""
    to_fee(kiosk, "ko")
    cabinet.coins(100, 10, 10)
    kiosk.is_on("take-paper")
    cabinet.moved(FEE, 0)
    kiosk.page.keyboard.press("Control+Alt+KeyA")
    kiosk.is_on("attendant-key")
    kiosk.page.keyboard.type(stand.about["attendant"])
    kiosk.page.locator("#enter").click()
    kiosk.is_on("attendant")
    # A reset is no reason to hand it to whoever comes next, and neither is a crash.
    kiosk.push("AttendantReset").renewed().is_on("paper-left")
    stand.order(end="kiosk")
    kiosk.renewed().is_on("paper-left")
    expect(kiosk.page.locator("main button")).to_have_count(0)
    cabinet.take("tray")
    kiosk.is_on("language")


def waited(stand, kiosk, cabinet):
    """Whoever walks away from the fee finds their money in the return tray; whoever walks away from a misprint, too."""
    stand.order(patience=SHORT)
    kiosk.open()
    to_fee(kiosk)
    cabinet.coin(100)
    kiosk.is_told_why("timed-out")
    cabinet.moved(0, 100)
    kiosk.to_start()
    stand.order(printer="hold")
    to_fee(kiosk)
    cabinet.coins(100, 10, 10)
    kiosk.is_on("delivering")
    stand.order(printer="break")
    kiosk.is_told_why("printer-failed").push("Understood").is_on("try-again").is_told_why("timed-out")
    stand.order(printer="go")
    cabinet.moved(0, FEE)
    kiosk.to_start()
    stand.order(patience=60)
    kiosk.open()


def fitted(part):
    """With a cabinet: it is fitted with the first part, and stays."""
    def run(stand, kiosk):
        if part is paid or not getattr(stand, "cabinet", None):
            stand.order(fee=FEE)
            kiosk.open()
            stand.cabinet = Cabinet(stand)
        part(stand, kiosk, stand.cabinet)
    run.__name__ = part.__name__
    return run


PARTS = [fitted(part) for part in (paid, taken_at_once, counted, left_alone, given_up, misprinted, without_change, jammed, killed, forgotten, waited)]
