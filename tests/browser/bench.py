"""How long each change of the screen takes, in the kiosk's own browser: from the press until the next screen is painted.

    bench.py STAGE [SESSIONS]

The page times itself: the clock starts as the button is clicked, and stops in the first task after the frame in which the next
screen's heading stands there. What the core does in between (asking the center, the printer) is part of it.
"""

import statistics
import sys
from pathlib import Path

from stand import PIN, kiosk

TARGET_MS = 100
WARM_UP = 1

TIMED = """([button, next, nth]) => new Promise((done) => {
  const main = document.querySelector("#main");
  const painted = () => {
    // A task that comes after the frame was drawn.
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now() - start);
    requestAnimationFrame(() => channel.port2.postMessage(0));
  };
  const there = () => main.className === `on-${next}` && main.querySelector("h1");
  const observer = new MutationObserver(() => { if (there()) { observer.disconnect(); painted(); } });
  observer.observe(document.body, { childList: true, subtree: true, attributes: true });
  const start = performance.now();
  document.querySelectorAll(button)[nth].click();
})"""

DIGIT = """([nth]) => new Promise((done) => {
  const dots = document.querySelector(".dots");
  const before = dots.querySelectorAll(".full").length;
  const observer = new MutationObserver(() => {
    if (dots.querySelectorAll(".full").length === before) return;
    observer.disconnect();
    const channel = new MessageChannel();
    channel.port1.onmessage = () => done(performance.now() - start);
    requestAnimationFrame(() => channel.port2.postMessage(0));
  });
  observer.observe(dots, { subtree: true, attributes: true });
  const start = performance.now();
  [...document.querySelectorAll(".keys button")].find((key) => key.textContent === nth).click();
})"""


def session(stand, page, note):
    """One application, each press timed."""

    def timed(name, button, following, nth=0):
        note(name, page.page.evaluate(TIMED, [button, following, nth]))

    page.is_on("language")
    timed("language to service", "button.language[lang=ja]", "service")
    timed("service to terms", "button.choice", "terms")
    timed("terms to place-card", "button.primary", "place-card")
    page.place("ordinary").is_on("kind")
    timed("kind to pin", "button.choice", "pin")
    for digit in PIN:
        note("a digit of the PIN", page.page.evaluate(DIGIT, [digit]))
    timed("pin to reading", "#enter", "reading")
    page.is_on("take-card")
    stand.order(remove=0)
    page.is_on("municipality")
    timed("municipality to copies", "button.choice", "copies")
    timed("copies to preview", "button.primary", "preview")
    timed("preview to issuing", "button.primary", "issuing")
    page.is_on("done")
    page.to_start()


def peak(process):
    """The most memory a process has had, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main(stage, sessions=10):
    times = {}
    with kiosk(stage) as (stand, page):
        for number in range(WARM_UP + sessions):
            def note(name, took, counts=number >= WARM_UP):
                if counts:
                    times.setdefault(name, []).append(took)
            session(stand, page, note)
        memory = peak(stand.kiosk)
    print(f"{sessions} sessions, from press to paint, ms (target {TARGET_MS}): p50, slowest")
    for name, took in times.items():
        print(f"  {name:<24} {statistics.median(took):6.1f} {max(took):6.1f}")
    print(f"the kiosk's memory at most, without its browser, after {WARM_UP + sessions} sessions, MB: {memory:.1f}")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
