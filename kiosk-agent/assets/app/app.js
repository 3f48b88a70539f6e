// Shows the screens that the core pushes, and sends presses. Decides nothing, keeps nothing: what is locked is gone from here.

import { button, closeDialogs, currentLanguage, dialog, el, loadMessages, text, useLanguage } from "./dom.js";
import { elsewhere, letIn } from "./door.js";
import { onKey } from "./pad.js";
import { STEPS, draw, leave, update } from "./screens.js";
import { Wire } from "./wire.js";

const LANGUAGES = { ja: "日本語", en: "English", zh: "中文", ko: "한국어" };

const find = (selector) => document.querySelector(selector);

let wire = null;
let screen = null;
/** Whether there is a passphrase, or a key of the device. */
let opensByPassphrase = false;
let drawn = null;
/** Draws anew what stands there without a core behind it, in another language. */
let redraw = null;

/** Sends a press, for the screen that stands there now. */
function press(intent, value) {
  wire.press(screen.serial, intent, value);
}

function show(next) {
  // What changes within a screen is no new screen.
  const { entered, serial, ...rest } = next;
  const identity = JSON.stringify({ ...rest, serial });
  const isNew = identity !== drawn;
  const languageChanged = screen !== null && next.language !== screen.language;
  const serialChanged = screen === null || screen.serial !== serial;
  const isOther = screen === null || screen.screen !== next.screen;
  screen = next;
  if (isNew) {
    drawn = identity;
    useLanguage(next.language);
    if (serialChanged) closeDialogs();
    frame();
    replace(`on-${next.screen}`, () => draw(next, { press, wire, serial, opensByPassphrase }), isOther || languageChanged);
  }
  update(next);
}

/** Puts a screen in place of another. */
function replace(name, build, isOther) {
  const main = find("#main");
  const held = main.contains(document.activeElement) ? nameOf(document.activeElement) : null;
  leave();
  main.className = name;
  main.replaceChildren(...build());
  const same = !isOther && held !== null && [...main.querySelectorAll("button, input, h1")].find((element) => nameOf(element) === held);
  if (same) same.focus();
  else {
    find("h1")?.focus();
    scrollTo(0, 0);
  }
}

const nameOf = (element) => element.id || element.textContent;

function frame() {
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  document.title = text("AppTitle");
  const step = screen?.step;
  find("#step").hidden = !step;
  if (step) {
    const label = ["passport", "passport-reading", "passport-check"].includes(screen.screen) ? "StepPassport" : STEPS[step - 1];
    const said = text("StepOf", { step, count: STEPS.length, name: text(label) });
    find("#step p").textContent = said;
    find("#step .bar").replaceChildren(...STEPS.map((_, index) => el(index < step ? "span.over" : "span")));
    find("#status").textContent = said;
  } else find("#status").textContent = "";
  find("#back").hidden = !screen?.back;
  find("#cancel").hidden = !screen?.cancel;
  find("footer").hidden = !screen?.back && !screen?.cancel;
  find("#lock").hidden = screen === null;
  find("#language").setAttribute("aria-label", languageLabel());
}

function askToStop() {
  dialog(text("StopTitle"), (close) => [
    el("p", { text: text("StopHome") }),
    el("div.choices", {},
      button("secondary", text("StopNo"), close, { autofocus: true }),
      button("primary danger", text("Stop"), () => { press("cancel"); close(); })),
  ]);
}

/** In the language of the screen, and in one that more people read. */
function languageLabel() {
  return [...new Set([text("Language"), "Language"])].join(" / ");
}

function chooseLanguage() {
  const choose = (name) => {
    if (screen) press("language", name);
    else {
      useLanguage(name);
      redraw?.();
    }
  };
  dialog(languageLabel(), (close) => [
    el("div.choices.column", {}, ...Object.entries(LANGUAGES).map(([name, label]) =>
      button("secondary", label, () => { choose(name); close(); }, { lang: name, "aria-pressed": String(name === currentLanguage()) }))),
    el("div.choices", {}, button("way", text("Close"), close)),
  ]);
}

/** Shows something that no core pushed. */
function say(name, build) {
  screen = null;
  drawn = null;
  closeDialogs();
  redraw = () => {
    frame();
    replace(`on-${name}`, build, true);
  };
  redraw();
}

find("#back").addEventListener("click", () => press("back"));
find("#cancel").addEventListener("click", askToStop);
find("#lock").addEventListener("click", () => press("lock"));
find("#language").addEventListener("click", chooseLanguage);

/** What was hit first: the second tap of a double tap is none for what has taken its place meanwhile, a key of the PIN's pad perhaps. */
let hit = {};
addEventListener("click", (event) => {
  if (event.detail <= 1) hit = { target: event.target, serial: screen?.serial };
  else if (!hit.target?.isConnected || hit.serial !== screen?.serial) event.stopPropagation();
}, true);

addEventListener("keydown", (event) => {
  if (!screen || find("dialog")) return;
  if (event.key === "Escape" && screen.cancel) {
    // The same key would close the question again.
    event.preventDefault();
    askToStop();
  } else onKey(event, screen, press);
});

/** The language of the browser, where it is one of ours. */
function preferred() {
  const languages = navigator.languages.map((name) => name.slice(0, 2));
  return languages.find((name) => name in LANGUAGES) ?? "ja";
}

await loadMessages();
useLanguage(preferred());
const way = await letIn(say);
wire = new Wire(way.secret);
opensByPassphrase = way.opens !== "key";
redraw = null;
await wire.follow(show).catch(() => {});
// Locked, opened elsewhere, or ended: what was shown goes at once, and this process of the browser with all that it held, as soon as
// there is a program to ask.
wire = screen = drawn = null;
say("leaving", () => [el("h1", { tabindex: "-1", text: text("Working") }), el("div.busy")]);
await elsewhere(say);
