// The pad for digits. A digit goes to the core with its press; the page is told how many there are, and holds none.

import { button, el, text } from "./dom.js";

const IN_ORDER = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];
/** Of the pad, as the style sheet lays it out. */
const COLUMNS = 3;
let shuffled = false;

function order() {
  const digits = [...IN_ORDER];
  if (!shuffled) return digits;
  for (let last = digits.length - 1; last > 0; last -= 1) {
    // Of 2^32 the remainder by ten favours nobody to speak of.
    const other = crypto.getRandomValues(new Uint32Array(1))[0] % (last + 1);
    [digits[last], digits[other]] = [digits[other], digits[last]];
  }
  return digits;
}

/** Keys, and as many dots as digits are wanted (none where that is not told). */
export function pad(press, dots) {
  const keys = el("div.keys");
  // Whoever goes from key to key is not told which: others would hear the PIN.
  const fill = () => {
    const digits = order().map((digit) => button("key", digit, () => press("digit", digit), { "data-say": "DigitKey" }));
    const zero = digits.pop();
    const erase = button("key word", text("Delete"), () => press("erase"));
    const enter = button("key word primary", text("Enter"), () => press("enter"), { id: "enter" });
    keys.replaceChildren(...digits, erase, zero, enter);
  };
  fill();
  const shuffle = button("way", text(shuffled ? "Unshuffle" : "Shuffle"), () => {
    shuffled = !shuffled;
    shuffle.textContent = text(shuffled ? "Unshuffle" : "Shuffle");
    fill();
  });
  const marks = el("div.dots", { "aria-hidden": "true" }, ...Array.from({ length: dots }, () => el("span.dot")));
  return el("div.pad", {}, marks, el("p.unseen", { id: "entered", role: "status" }), keys, shuffle);
}

/** Shows how many digits there are. */
export function fillDots(count) {
  const dots = [...document.querySelectorAll(".dot")];
  dots.forEach((dot, index) => dot.classList.toggle("full", index < count));
  const said = text("PinEntered", { count });
  const status = document.querySelector("#entered");
  if (status.textContent !== said) status.textContent = said;
  // Not `disabled`: whoever is on that key would lose their place. The core takes no fewer digits either.
  document.querySelector("#enter").setAttribute("aria-disabled", String(count < Math.min(dots.length, 4)));
}

/** A keyboard does what the pad does. Whether the key meant something there. */
export function onKey(event, screen, press) {
  if (!["pin", "attendant-key"].includes(screen.screen) || event.ctrlKey || event.altKey || event.metaKey) return false;
  if (IN_ORDER.includes(event.key)) press("digit", event.key);
  else if (event.key === "Backspace") press("erase");
  else if (event.key === "Enter" && document.activeElement.tagName !== "BUTTON") press("enter");
  else if (!moveFocus(event.key)) return false;
  event.preventDefault();
  return true;
}

/** Arrows go from key to key. */
function moveFocus(arrow) {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -COLUMNS, ArrowDown: COLUMNS }[arrow];
  if (by === undefined) return false;
  const keys = [...document.querySelectorAll(".keys button")];
  const at = keys.indexOf(document.activeElement);
  (at < 0 ? keys[0] : keys[at + by])?.focus();
  return true;
}
