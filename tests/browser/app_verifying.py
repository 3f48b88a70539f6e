"""Somebody's certificate, looked at in the app: as text, as a picture, as a PDF and by the camera, with every verdict, and with nobody to ask."""

import base64
import contextlib
import io
import json
import shutil
import time
import zlib
from pathlib import Path

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS
from PIL import Image
from playwright.sync_api import expect

from app_applications import code_on_screen, of
from stand import persona

SPECIMENS = Path(__file__).parents[2] / "verify/tests/specimens"
# A few of what our own does not issue: the text, and what is said of it here and now.
OF_OTHERS = (
    ("smart/example-00.txt", "valid"), ("smart/example-03.txt", "revoked"), ("australia/invalid.json", "tampered"), ("japan/triple.json", "unchecked"),
)
WRONG = (("shc:/56762909", "malformed"), ("HC1:6BF+70790T9WJWG.FKY*4GO0.O1CV2", "unsupported"))
DAY = 24 * 3600


def verified(phone, text):
    """What is said of a text."""
    phone.is_on("verify").page.locator("#code-text").fill(text)
    phone.push("VerifyGo").is_on("verified")
    return verdicts(phone)


def verdicts(phone):
    return [section.get_attribute("data-verdict") for section in phone.page.locator("main section.verdict").all()]


def again(phone):
    return phone.push("VerifyAgain").is_on("verify")


class Issuer:
    """An issuer that is not ours, with a key of its own."""

    def __init__(self, url):
        self.url = url
        self.key = JWK.generate(kty="EC", crv="P-256", alg="ES256", use="sig")
        self.key["kid"] = self.key.thumbprint()

    def keys(self):
        return json.dumps({"keys": [self.key.export_public(as_dict=True)]})

    def card(self, begins, ends=None):
        """The specification's example of a bundle, signed by this key, in force from then on."""
        raw = (SPECIMENS / "smart/example-00.txt").read_text().strip()[5:]
        jws = "".join(chr(int(raw[at:at + 2]) + 45) for at in range(0, len(raw), 2))
        payload = jws.split(".")[1]
        claims = json.loads(zlib.decompress(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), -15))
        claims |= {"iss": self.url, "nbf": begins, **({"exp": ends} if ends else {})}
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        content = deflate.compress(json.dumps(claims, separators=(",", ":")).encode()) + deflate.flush()
        signed = JWS(content)
        signed.add_signature(self.key, None, json.dumps({"alg": "ES256", "zip": "DEF", "kid": self.key["kid"]}))
        return "shc:/" + "".join(f"{ord(character) - 45:02}" for character in signed.serialize(compact=True))


def every_verdict(stand, phone):
    """Of others and of our own; signer and content only of whoever is believed."""
    now = int(time.time())
    believed, unknown = Issuer("https://believed.example"), Issuer("https://unknown.example")
    trust = Path(stand.about["trust"])
    shutil.copytree(SPECIMENS, trust, dirs_exist_ok=True)
    (trust / "believed.json").write_text(believed.keys())
    with (trust / "trust.toml").open("a") as list:
        list.write(f'\n[[card-issuer]]\nurl = "{believed.url}"\nname = "Believed here"\nkeys = "believed.json"\n')
    stand.order(close="app")
    stand.order(open="app")
    phone.enter().push("VerifyOther")
    cases = [((SPECIMENS / file).read_text().strip(), verdict) for file, verdict in OF_OTHERS]
    cases += [(believed.card(now + DAY), "not-yet-valid"), (believed.card(now - 2 * DAY, now - DAY), "expired"), (unknown.card(now - DAY), "unknown-issuer"), *WRONG]
    for text, verdict in cases:
        said = verified(phone, text)
        assert said == [verdict], f"{said} instead of {verdict}"
        signed = verdict not in ("tampered", "unknown-issuer", "malformed", "unsupported")
        expect(phone.page.locator("main section.verdict .content")).to_have_count(1 if signed else 0)
        expect(phone.page.locator("main section.verdict dt").filter(has_text=phone.say("SignedBy"))).to_have_count(1 if signed else 0)
        # Whom this device believes stands below.
        for name in ("Believed here", "Australia", "The specification's example issuer"):
            expect(phone.page.locator("main .trust")).to_contain_text(name)
        again(phone)
    phone.push("VerifyGo")
    expect(phone.page.locator("#text-fault")).to_have_text(phone.say("VerifyNothing"))
    phone.to_list()


def every_way(stand, phone):
    """Our own certificate as text, picture, page and before the camera; then with nobody to ask. Revoked it is in `app_device`."""
    phone.enter()
    of("gaiji", phone).first.click()
    phone.is_on("certificate")
    text = code_on_screen(phone)
    picture = phone.page.locator(".symbol").screenshot()
    saved = {}
    for key in ("SaveImage", "SavePdf"):
        with phone.page.expect_download() as download:
            phone.push(key)
        saved[key] = Path(download.value.path()).read_bytes()
    phone.to_list().push("VerifyOther").is_on("verify")
    assert set(verified(phone, text)) == {"valid"}
    assert persona("gaiji")["name"].split("　")[0] in phone.page.locator("main .verdict").first.inner_text()
    for name, content in (("code.png", picture), ("page.png", saved["SaveImage"]), ("page.pdf", saved["SavePdf"])):
        again(phone).page.locator("#file").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})
        phone.is_on("verified")
        assert verdicts(phone) and set(verdicts(phone)) == {"valid"}, f"{name}: {verdicts(phone)}"
    again(phone).page.locator("#file").set_input_files({"name": "page.bin", "mimeType": "application/octet-stream", "buffer": b"no picture"})
    expect(phone.page.locator("main .chooser .fault")).to_have_text(phone.say("PageRefused"))
    blank = io.BytesIO()
    Image.new("L", (640, 480), 200).save(blank, "PNG")
    phone.page.locator("#file").set_input_files({"name": "blank.png", "mimeType": "image/png", "buffer": blank.getvalue()})
    phone.is_on("verified")
    expect(phone.page.locator("main section.verdict h2")).to_contain_text(phone.say("NoCode"))
    again(phone).to_list()
    # With nobody to ask, by the camera.
    film = Path(phone.folder.name) / "code.mjpeg"
    frame = Image.new("RGB", (1280, 960), "#888")
    code = Image.open(io.BytesIO(picture)).convert("RGB").resize((900, 900))
    frame.paste(code, (190, 30))
    jpeg = io.BytesIO()
    frame.save(jpeg, "JPEG", quality=92)
    film.write_bytes(jpeg.getvalue() * 2)
    stand.order(stop="center")
    try:
        phone.enter(video=film).push("VerifyOther").push("UseCamera").is_on("verified")
        assert verdicts(phone) == ["valid"], verdicts(phone)
        # Whoever opens the app next finds it where it was left.
        again(phone).to_list()
    finally:
        stand.order(start="center")
    with contextlib.suppress(FileNotFoundError):
        film.unlink()


def old_lists(stand, phone):
    """With nobody to ask, how old the revocations are is said beside the verdict: after a day, after a week, and where there never were any."""
    phone.enter()
    of("gaiji", phone).first.click()
    phone.is_on("certificate")
    text = code_on_screen(phone)
    phone.to_list()
    kept = Path(stand.about["trust"]) / "center.json"
    fetched = json.loads(kept.read_text())
    warning = phone.page.locator("#trust-age")

    def after(days):
        """What is said of it, and the warning, so many days after they were fetched; `None`: they were not."""
        stand.order(close="app")
        if days is None:
            kept.unlink()
        else:
            kept.write_text(json.dumps(fetched | {"at": int(time.time()) - days * DAY}))
        stand.order(open="app")
        phone.unlock().push("VerifyOther")
        said = verified(phone, text)
        told = warning.inner_text() if warning.count() else None
        again(phone).to_list()
        return said, told

    stand.order(stop="center")
    try:
        assert after(0) == (["valid"], None), "a list of today"
        for days, verdict in ((2, "valid"), (8, "unchecked")):
            day = time.gmtime(time.time() - days * DAY)
            date = f"{day.tm_mday} {time.strftime('%B', day)} {day.tm_year}"
            assert after(days) == ([verdict], phone.say("TrustOld", date=date)), f"after {days} days"
        assert after(None) == (["unchecked"], phone.say("TrustNever")), "no list"
    finally:
        stand.order(start="center")
        stand.order(close="app")
        kept.write_text(json.dumps(fetched))
        stand.order(open="app")


PARTS = (every_verdict, every_way, old_lists)
