// The recorded voice, with captions in step. A person can stop it, repeat it and turn it up or down; an alarm goes on until
// the screen changes.

import { currentLanguage } from "./dom.js";

/** Between an alarm and the next. */
const PAUSE = 3000;
const LEVELS = 5;

export class Voice {
  constructor(caption) {
    this.caption = caption;
    this.level = 4;
    this.turnNumber = 0;
    this.recordings = {};
    this.audio = new Audio();
    this.audio.addEventListener("timeupdate", () => this.follow());
  }

  async load() {
    const response = await fetch("/voice/manifest.json");
    if (response.ok) this.recordings = (await response.json()).languages;
  }

  /** Says these, one after the other, instead of what was being said. */
  say(keys, alarm) {
    this.keys = keys;
    this.alarm = alarm;
    this.run(keys, alarm);
  }

  again() {
    this.run(this.keys ?? [], this.alarm);
  }

  /** Falls silent; not where something was forgotten. */
  stop() {
    if (!this.alarm) this.run([], false);
  }

  turn(by) {
    this.level = Math.min(LEVELS, Math.max(1, this.level + by));
    this.audio.volume = this.level / LEVELS;
  }

  async run(keys, alarm) {
    this.turnNumber += 1;
    const turn = this.turnNumber;
    this.audio.pause();
    this.caption.textContent = "";
    do {
      for (const key of alarm ? ["chime/attention", ...keys] : keys) {
        if (!(await this.play(key, turn))) return;
      }
      if (alarm) await new Promise((done) => setTimeout(done, PAUSE));
    } while (alarm && turn === this.turnNumber);
  }

  /** Plays one recording to its end; whether nothing else was begun meanwhile. */
  async play(key, turn) {
    const recording = this.recordings[currentLanguage()]?.[key];
    if (turn !== this.turnNumber) return false;
    if (!recording) return true;
    this.cues = recording.cues ?? [];
    this.audio.src = `/voice/${currentLanguage()}/${key}.opus`;
    this.audio.volume = this.level / LEVELS;
    try {
      await this.audio.play();
      await new Promise((done) => {
        for (const end of ["ended", "pause", "error"]) this.audio.addEventListener(end, done, { once: true });
      });
    } catch {
      // No sound to be had: the screen says it all.
    }
    if (turn === this.turnNumber) this.caption.textContent = "";
    return turn === this.turnNumber;
  }

  follow() {
    const now = this.audio.currentTime * 1000;
    const cue = (this.cues ?? []).findLast((cue) => cue.start_ms <= now);
    if (cue && !this.audio.paused && this.caption.textContent !== cue.text) this.caption.textContent = cue.text;
  }
}
