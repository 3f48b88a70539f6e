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


# Every municipality there is takes part: the prefecture with the most of them is chosen, which the center of the stand does not offer.
FULL = """async () => {
  const { municipalities } = await import("/municipality.js");
  const kana = [..."あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわ"];
  const named = (number, length) => Array.from({ length }, (_, at) => kana[(number * 7 + at * 11 + (number >> 3)) % kana.length]).join("");
  const offers = Array.from({ length: 1747 }, (_, number) => {
    const code = number < 185 ? 1 : 2 + number % 46;
    const reading = named(number, 3 + number % 5) + "し";
    return {
      code: String(code).padStart(2, "0") + String(number).padStart(4, "0"), prefecture: `第${code}県`, prefecture_en: `Prefecture ${code}`,
      name: reading, reading, name_en: `Municipality of ${number} City`,
    };
  });
  const main = document.querySelector("#main");
  const before = [...main.childNodes];
  main.replaceChildren(...municipalities({ offers, home: "" }, () => {}));
  const took = await new Promise((done) => {
    const channel = new MessageChannel();
    const start = performance.now();
    channel.port1.onmessage = () => done(performance.now() - start);
    main.querySelector(".groups button").click();
    requestAnimationFrame(() => channel.port2.postMessage(0));
  });
  const shown = main.querySelectorAll(".list:not(.groups) button").length;
  main.replaceChildren(...before);
  return [shown, took];
}"""


def session(stand, page, note):
    """One application, each press timed."""

    def timed(name, button, following, nth=0):
        note(name, page.page.evaluate(TIMED, [button, following, nth]))

    page.is_on("language")
    shown, took = page.page.evaluate(FULL)
    assert shown == 185, shown
    note("185 of 1747 offers", took)
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
