// The recorded voice, with captions in step. A person can stop it, repeat it and turn it up or down; an alarm goes on until
// the screen changes: what was forgotten is taken, or the attendant comes. It is for who is on their way out: nobody turns it down.

import { currentLanguage } from "./dom.js";

/** Between an alarm and the next. */
const PAUSE = 3000;
const LEVELS = 5;
/** Where nobody has turned it up or down. */
const USUAL = 4;

export class Voice {
  constructor(audio, caption) {
    this.audio = audio;
    this.caption = caption;
    this.level = USUAL;
    this.named = true;
    this.turnNumber = 0;
    this.recordings = {};
    this.audio.addEventListener("timeupdate", () => this.follow());
  }

  async load() {
    const response = await fetch("/voice/manifest.json");
    if (response.ok) this.recordings = (await response.json()).languages;
  }

  /** Says these, one after the other, instead of what was being said; then the alarm, if there is one, again and again. */
  say(keys, alarm) {
    this.keys = keys;
    this.named = true;
    this.alarm = alarm;
    this.run(keys);
  }

  /** As loud as anybody begins with. */
  reset() {
    this.level = USUAL;
  }

  /** Says something between. An alarm goes on after it. */
  interject(keys) {
    this.run(keys);
  }

  again() {
    this.named = true;
    this.run(this.keys ?? []);
  }

  /** Falls silent, with names too until the next screen; not where something was forgotten. */
  stop() {
    this.named = false;
    if (!this.alarm) this.run([]);
  }

  /** Says the name of what the keyboard has come to, instead of what was being said. An alarm goes on after it. */
  name(keys) {
    if (this.named) this.run(keys);
  }

  turn(by) {
    this.level = Math.min(LEVELS, Math.max(1, this.level + by));
    this.audio.volume = this.volume();
  }

  volume() {
    return (this.alarm ? Math.max(this.level, USUAL) : this.level) / LEVELS;
  }

  async run(keys) {
    this.turnNumber += 1;
    const turn = this.turnNumber;
    this.audio.pause();
    this.caption.textContent = "";
    for (const key of keys) {
      if (!(await this.play(key, turn))) return;
    }
    while (this.alarm) {
      await new Promise((done) => setTimeout(done, PAUSE));
      if (!(await this.play(this.alarm, turn))) return;
    }
  }

  /** Plays one recording to its end; whether nothing else was begun meanwhile. */
  async play(key, turn) {
    if (turn !== this.turnNumber) return false;
    const { language, file, recording } = this.find(key);
    if (!recording) return true;
    this.cues = recording.cues ?? [];
    this.audio.src = `/voice/${language}/${file}.opus`;
    this.audio.volume = this.volume();
    const over = new AbortController();
    const ended = new Promise((done) => {
      for (const end of ["ended", "pause", "error"]) this.audio.addEventListener(end, done, { signal: over.signal });
    });
    try {
      await this.audio.play();
      await ended;
    } catch {
      // No sound to be had: the screen says it all.
    }
    over.abort();
    if (turn === this.turnNumber) this.caption.textContent = "";
    return turn === this.turnNumber;
  }

  /** `KEY` is said in the language of the screen, `LANGUAGE:KEY` in its own. */
  find(key) {
    const [file, language = currentLanguage()] = key.split(":").reverse();
    return { language, file, recording: this.recordings[language]?.[file] };
  }

  follow() {
    const now = this.audio.currentTime * 1000;
    const cue = (this.cues ?? []).findLast((cue) => cue.start_ms <= now);
    if (cue && !this.audio.paused && this.caption.textContent !== cue.text) this.caption.textContent = cue.text;
  }
}
