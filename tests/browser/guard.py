"""What a real browser makes of the page's guards: nothing is stored, cached, asked elsewhere or told in an address."""

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from playwright.sync_api import Error

from stand import PIN, persona


def walked(stand, kiosk):
    """A whole application, and all that the browser asked, stored and complained of in it."""
    holder = persona("gaiji")
    # A page that is loaded again has the secret no more, shows nothing, and makes way for another browser.
    kiosk.page.reload()
    kiosk.renewed()
    page = kiosk.page
    asked, said, addresses, titles = [], [], set(), set()
    page.on("request", lambda request: asked.append(request))
    page.on("console", lambda message: said.append(message.type))
    page.on("pageerror", lambda error: said.append("error"))
    page.on("framenavigated", lambda frame: addresses.add(frame.url))

    def look():
        addresses.add(page.url)
        titles.add(page.title())

    kiosk.is_on("language")
    look()
    kiosk.begin("en")
    look()
    kiosk.place("gaiji").is_on("kind").page.locator("button.choice").first.click()
    kiosk.is_on("pin").type_pin(PIN).is_on("take-card")
    look()
    stand.order(remove=0)
    kiosk.is_on("municipality").page.locator("button.choice").first.click()
    kiosk.is_on("copies").push("Next").is_on("preview")
    look()
    kept = page.evaluate("""async () => JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, history.state,
        (await indexedDB.databases()).length, (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length])""")
    assert json.loads(kept) == ["", {}, {}, None, 0, 0, 0], kept
    # Nothing of the application is in a place that is recorded, shown elsewhere or sent on.
    for text in (*addresses, *titles):
        assert holder["name"] not in text and "#" not in text, "an address or a title tells somebody"
    assert len(addresses) == 1 and len(titles) == 2, (len(addresses), len(titles))
    origin = page.url.rstrip("/")
    for request in asked:
        assert request.url.startswith(f"{origin}/"), "something is asked elsewhere"
        assert "?" not in request.url, "something is told in an address"
    assert not said, said
    kiosk.push("Issue").is_on("done").to_start()


def confined(stand, kiosk):
    """Scripts, frames, forms and requests of others get nowhere, and the browser is what keeps them."""
    page = kiosk.page
    origin = page.url.rstrip("/")
    refused = page.evaluate("""async () => {
        const refused = {};
        const violated = new Set();
        document.addEventListener("securitypolicyviolation", (event) => violated.add(event.effectiveDirective));
        const tried = (name, act) => { try { act(); } catch (error) { refused[name] = error.name; } };
        // Later, for what the debugger itself evaluates is let through.
        await new Promise((done) => setTimeout(() => { tried("eval", () => eval("1")); done(); }));
        tried("html", () => { document.createElement("p").innerHTML = "<b>x</b>"; });
        const add = (name, properties) => document.body.append(Object.assign(document.createElement(name), properties));
        for (const url of ["http://127.0.0.1:1/x", "https://elsewhere.example/x"]) await fetch(url).catch(() => {});
        add("img", { src: "http://127.0.0.1:1/x.png" });
        add("iframe", { src: location.href });
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.head.append(style);
        const form = document.createElement("form");
        form.action = "http://127.0.0.1:1/";
        document.body.append(form);
        form.submit();
        await new Promise((done) => setTimeout(done, 500));
        return [refused, [...violated].sort(), getComputedStyle(document.body).display];
    }""")
    errors, violated, display = refused
    assert errors.keys() == {"eval", "html"}, errors
    wanted = {"connect-src", "form-action", "frame-src", "img-src", "require-trusted-types-for", "style-src-elem"}
    assert wanted <= set(violated), violated
    assert display != "none"
    # The control: what is the page's own gets through.
    assert page.evaluate("async () => (await fetch('/messages.json')).status") == 200

    # Another page in the same browser is not told anything, though it knows where the kiosk is.
    other = page.context.new_page()
    other.goto("about:blank")
    told = other.evaluate("""async (origin) => {
        const asked = ["/", "/screens", "/press", "/messages.json"];
        return await Promise.all(asked.map((path) => fetch(origin + path, { method: path === "/press" ? "POST" : "GET" }).then(() => path, () => null)));
    }""", origin)
    other.close()
    assert told == [None] * 4, told
    for header in ({"Host": "kiosk.example"}, {"Origin": "http://kiosk.example"}, {"Sec-Fetch-Site": "cross-site"}):
        try:
            raise AssertionError(urlopen(Request(f"{origin}/kiosk.js", headers=header), timeout=10).status)
        except HTTPError as error:
            assert error.code == 403, (header, error.code)
    headers = urlopen(f"{origin}/", timeout=10).headers
    assert headers["Cache-Control"] == "no-store" and "Access-Control-Allow-Origin" not in headers


PARTS = (walked, confined)
