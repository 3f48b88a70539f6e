// The name of what the keyboard comes to, as it is spoken: for who goes by ear. A finger needs none, and its presses say nothing.

import { keysOf } from "./dom.js";

/** Keys that move the focus. */
const MOVING = ["Tab", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

/** An amount, digit by digit, behind what it is. */
export function amount(label, yen) {
  return [label, ...[...String(yen)].map((digit) => `Digit/${digit}`), "YenUnit"];
}

/** Has the voice say the name of each control that a key has brought the focus to. */
export class Names {
  constructor(voice) {
    this.voice = voice;
    /** Whether the last that was used was a key. */
    this.byKeyboard = false;
    let moving = false;
    addEventListener("pointerdown", () => { this.byKeyboard = false; }, true);
    addEventListener("keydown", ({ key }) => {
      this.byKeyboard = true;
      moving = MOVING.includes(key);
      // The focus moves with the key that is down, not later.
      setTimeout(() => { moving = false; });
    }, true);
    addEventListener("focusin", ({ target }) => {
      if (moving && target.matches("button, [tabindex='0']")) voice.name(this.of(target));
    });
  }

  /** What a control is called, in recordings: what `data-say` tells, or the text of the catalogue that is its name. */
  of(control) {
    if (control.dataset.say) return control.dataset.say.split(" ");
    const keys = keysOf(control.getAttribute("aria-label") ?? control.textContent.trim());
    // Another name that came from the center was never recorded.
    return [keys.find((key) => this.voice.find(key).recording) ?? "OnScreenOnly"];
  }

  /** The name of what has the focus, where there is somebody to hear it. */
  ofFocus() {
    return this.byKeyboard && document.activeElement?.matches("button") ? this.of(document.activeElement) : [];
  }
}
