"""Handles the panel of hw-sim in a real browser, as a tester with a mouse and one with a keyboard do.

panel.py ADDRESS FOLDER: opens ADDRESS, and writes a line to standard output at each step; the line it then reads from standard
input says whether the other side agrees. Screenshots go to FOLDER. Ends with an error if anything is not as it should be.
"""

import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]


def step(line):
    """Tells the other side, and waits until it has looked."""
    print(line, flush=True)
    answer = sys.stdin.readline().strip()
    if answer != "ok":
        sys.exit(f"at {line}: {answer or 'nobody there'}")


def refused(base, secret, expected, path="/control", method="POST", **headers):
    """Asks without a browser, as another program or another page would."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    body = b'{"command":"status"}' if method == "POST" else None
    request = Request(base + path, data=body, method=method, headers=names)
    if secret:
        request.add_header("Authorization", f"Bearer {secret}")
    try:
        status = urlopen(request, timeout=10).status
    except HTTPError as error:
        status = error.code
    assert status == expected, f"{method} {path} {names}: {status} instead of {expected}"


def refusals(address):
    base, secret = address.split("/#")
    origin = {"Origin": base}
    refused(base, secret, 200, **origin)
    refused(base, None, 401, **origin)
    refused(base, "0" * len(secret), 401, **origin)
    refused(base, secret, 403)
    refused(base, secret, 403, Origin="http://attacker.example")
    refused(base, secret, 403, Origin="null")
    refused(base, secret, 403, Host="attacker.example", **origin)
    refused(base, secret, 403, Host="localhost:" + base.rsplit(":", 1)[1], **origin)
    refused(base, secret, 403, path="/", method="GET", Host="attacker.example")
    refused(base, None, 401, path="/trace", method="GET")
    refused(base, secret, 405, path="/", method="POST", **origin)
    refused(base, secret, 404, path="/../etc/passwd", method="GET")
    headers = urlopen(base + "/", timeout=10).headers
    assert "Access-Control-Allow-Origin" not in headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, policy
    # Data would come with a recording: not through a browser.
    request = Request(base + "/control", data=b'{"command":"record","with_data":true}', method="POST")
    request.add_header("Authorization", f"Bearer {secret}")
    request.add_header("Origin", base)
    try:
        raise SystemExit(f"record: {urlopen(request, timeout=10).status}")
    except HTTPError as error:
        assert error.code == 403


def drag(page, card, slot):
    """By the mouse, and not by making events up."""
    card.scroll_into_view_if_needed()
    start, end = card.bounding_box(), slot.bounding_box()
    page.mouse.move(start["x"] + 120, start["y"] + 15)
    page.mouse.down()
    page.mouse.move(start["x"] + 140, start["y"] + 25, steps=4)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=12)
    page.mouse.up()


def labels(page):
    """Everything that can be used has a name."""
    unnamed = page.evaluate("""() => [...document.querySelectorAll("button, select, input")].filter((element) => element.checkVisibility() &&
        !(element.getAttribute("aria-label") || element.textContent.trim() || element.closest("label")?.textContent.trim()))
        .map((element) => element.outerHTML)""")
    assert not unnamed, unnamed


def main():
    address, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    refusals(address)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        said, asked = [], []
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        expect(page.locator("#connection")).to_have_text("Connected")
        assert "#" not in page.url, "the secret stays in the address"
        labels(page)
        page.screenshot(path=folder / "empty.png")

        slot = page.locator("#slot-0")
        place, log = slot.locator(".place"), slot.get_by_role("log")
        drag(page, page.locator(".card", has=page.get_by_text("ordinary", exact=True)), place)
        expect(place.locator(".lies")).to_have_text("ordinary")
        expect(place.locator(".tries")).to_contain_text("text 0011")
        step("inserted 0")
        expect(log).to_contain_text("00 A4 04 0C  Lc 10")
        page.screenshot(path=folder / "inserted.png")

        slot.locator("[name=kind]").select_option("wrong-sw")
        slot.get_by_label("SW: 6F00").fill("6F00")
        slot.locator("[name=position]").select_option("instruction")
        slot.get_by_label("INS: B0").fill("B0")
        slot.get_by_role("button", name="Add the fault").click()
        expect(slot.locator(".faults")).to_contain_text("wrong-sw=6F00@ins=B0")
        page.screenshot(path=folder / "fault.png")
        step("faulty 0")
        expect(log).to_contain_text("fault wrong-sw=6F00@ins=B0")
        expect(log).to_contain_text("6F00")
        expect(slot.locator(".faults li")).to_have_count(0)

        # What is no fault is said to be none.
        slot.get_by_label("INS: B0").fill("no")
        slot.get_by_role("button", name="Add the fault").click()
        expect(page.get_by_role("alert")).to_contain_text("not a fault")
        slot.get_by_label("INS: B0").fill("20")
        slot.get_by_role("button", name="Add the fault").click()
        expect(page.get_by_role("alert")).to_be_hidden()
        slot.get_by_role("button", name="Clear all").click()
        expect(slot.locator(".faults li")).to_have_count(0)

        # By the keyboard alone: a second card, on the second slot.
        button = page.get_by_role("button", name="Put gaiji on slot 1")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.locator("#slot-1 .lies")).to_have_text("gaiji")
        step("inserted 1")
        expect(page.locator("#slot-1 .tries")).to_contain_text("2 tries")
        page.get_by_role("button", name="Reset the tries of gaiji").press("Enter")
        expect(page.locator("#slot-1 .tries")).not_to_contain_text("2 tries")
        page.screenshot(path=folder / "both.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280

        slot.get_by_role("button", name="Remove the card").press("Enter")
        expect(place.locator(".lies")).to_contain_text("Empty")
        step("removed 0")

        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, "a narrow screen scrolls sideways"
        page.screenshot(path=folder / "narrow.png", full_page=True)
        page.reload()
        expect(page.locator("#connection")).to_have_text("Connected")

        base = address.split("/#")[0]
        elsewhere = [url for url in asked if not url.startswith(base)]
        assert not elsewhere, elsewhere
        # The one request that was to be refused shows in the console as a failed one.
        assert [line for line in said if "400 (Bad Request)" not in line] == [], json.dumps(said)
        log_text = " ".join(page.locator("[role=log]").all_text_contents())
        assert "31323334" not in log_text and "30303030" not in log_text
        browser.close()
    print("done", flush=True)


main()
