// The time that is left for a screen.

import { text } from "./dom.js";

/** From here on it is said that time is nearly over. */
const WARNING = 20_000;

export class Clock {
  constructor(element, warn) {
    this.element = element;
    this.warn = warn;
    this.deadline = null;
    setInterval(() => this.tick(), 250);
  }

  /** So many milliseconds from now; none where there is no hurry. */
  set(left, warns) {
    const deadline = left === undefined ? null : performance.now() + left;
    // Told anew, a digit later perhaps, it is the same time: what became short between two ticks is still to be warned of.
    const isSame = deadline !== null && this.deadline !== null && Math.abs(deadline - this.deadline) < 1000;
    this.deadline = deadline;
    this.warns = warns && (left > WARNING || (isSame && this.warns));
    this.tick();
  }

  /** Another element that shows the seconds, as long as it is there. */
  also(element) {
    this.other = element;
    this.tick();
  }

  tick() {
    const left = this.deadline === null ? null : Math.max(0, this.deadline - performance.now());
    const said = left === null ? "" : text("TimeLeft", { seconds: Math.ceil(left / 1000) });
    this.element.textContent = said;
    this.element.classList.toggle("short", left !== null && left < WARNING);
    if (this.other?.isConnected) this.other.textContent = said;
    if (this.warns && left !== null && left <= WARNING) {
      this.warns = false;
      this.warn();
    }
  }
}
