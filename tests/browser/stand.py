"""A kiosk to press on: `stage stand` as a process, and its page in the kiosk's own browser.

After each session the kiosk ends its browser and starts another, so the page that is driven is always looked up anew.
"""

import contextlib
import json
import subprocess
import time

from playwright.sync_api import Error, TimeoutError, expect, sync_playwright

# Longer than anything takes on a busy machine.
PATIENCE = 60
expect.set_options(timeout=PATIENCE * 1000)


class Stand:
    """The stand, and orders to it."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, "stand"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())
        self.kiosk = self.about["kiosk"]

    def order(self, **order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "refused" not in answer, answer
        self.kiosk = answer["kiosk"]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)


class Page:
    """The kiosk's page, as long as its browser lives."""

    def __init__(self, stand, playwright):
        self.stand = stand
        self.playwright = playwright
        self.browser = None

    def open(self):
        """Finds the page in the browser that there is now."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(Error, TimeoutError):
                self.close()
                self.browser = self.playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{self.stand.about['debugging']}", timeout=5000)
                for page in self.browser.contexts[0].pages:
                    if page.url.startswith("http://127.0.0.1:"):
                        page.wait_for_selector("main:not(.on-starting) h1", timeout=5000)
                        self.page = page
                        return self
            assert time.monotonic() < deadline, "the kiosk shows no page"
            time.sleep(0.1)

    def close(self):
        if self.browser:
            with contextlib.suppress(Error):
                self.browser.close()
            self.browser = None

    def is_on(self, screen):
        """Waits for a screen."""
        expect(self.page.locator("main")).to_have_class(f"on-{screen}")
        return self

    def press(self, label):
        """Presses the button of this name."""
        self.page.get_by_role("button", name=label, exact=True).click()
        return self

    def type_pin(self, pin):
        for digit in pin:
            self.page.get_by_role("button", name=digit, exact=True).click()
        self.page.locator("#enter").click()
        return self


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
