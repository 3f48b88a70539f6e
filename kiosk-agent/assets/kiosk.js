// Shows the screens that the core pushes, and sends presses. Decides nothing, keeps nothing.

import { button, closeDialogs, currentLanguage, dialog, el, loadMessages, text, useLanguage } from "./dom.js";
import { Clock } from "./clock.js";
import { isHarmless, pressesNothing } from "./keys.js";
import { Names, amount } from "./names.js";
import { saidOf } from "./municipality.js";
import { onKey } from "./pad.js";
import { HELP, STEPS, draw, update } from "./screens.js";
import { Voice } from "./voice.js";
import { Wire } from "./wire.js";

const LANGUAGES = { ja: "日本語", en: "English", zh: "中文", ko: "한국어" };
const PIN_LENGTH = 4;
/** How long the attendant holds the corner. */
const HOLD = 3000;
/** How long nothing can be pressed on a screen that has come in under a dialog: what was aimed at there is something else here. */
const DEAD = 700;
/** How much later, in milliseconds, and how far away, in pixels, a tap may be the one before once more. */
const AGAIN = 1200;
const NEAR = 100;
/** How long nobody is told that something takes longer than a press does. */
const SOON = 400;
/** How often the core is told that the page lives. Where that stops, it starts another browser. */
const PULSE = 2000;

const wire = new Wire(location.hash.slice(1));
// The secret is there alone from here on.
history.replaceState(null, "", "/");

const find = (selector) => document.querySelector(selector);
const voice = new Voice(find("#sound"), find("#caption"));
const names = new Names(voice);
const clock = new Clock(find("#left"), warn);

let screen = null;
let drawn = null;
let pulse = null;

/** Sends a press, for the screen that stands there now. */
export function press(intent, value) {
  // The core takes no fewer digits; who sees nothing has to hear why nothing happens.
  if (intent === "enter" && screen.screen === "pin" && screen.entered < PIN_LENGTH) voice.interject([`PinEntered/${screen.entered}`]);
  wire.press(screen.serial, intent, value);
  if (intent === "agree") setTimeout(waitFor, SOON, screen.serial);
}

/** The center is asked, and this screen stands until it has answered. */
function waitFor(serial) {
  const choices = find("#main .choices");
  if (screen.serial !== serial || !choices) return;
  choices.replaceWith(el("div.busy"), el("p.lead", { text: text("LookingUp"), role: "status" }));
  if (names.byKeyboard) voice.interject(["LookingUp"]);
}

function show(next) {
  const left = next.left;
  // What changes within a screen is no new screen.
  const { left: _, entered, inserted, printed, speak, alarm, serial, ...rest } = next;
  const identity = JSON.stringify({ ...rest, serial });
  const isNew = identity !== drawn;
  const languageChanged = screen !== null && next.language !== screen.language;
  const serialChanged = screen === null || screen.serial !== serial;
  const before = screen;
  screen = next;
  if (isNew) {
    drawn = identity;
    useLanguage(next.language);
    // Whoever is asked whether to stop is asked still, as long as there is something to stop.
    if (serialChanged && closeDialogs(next.cancel ? ".stop" : null)) dead = performance.now() + DEAD;
    frame();
    const main = find("#main");
    const held = main.contains(document.activeElement) ? document.activeElement.textContent : null;
    main.className = `on-${next.screen}`;
    main.replaceChildren(...draw(next, press, (keys) => voice.interject(keys)));
    if (serialChanged || languageChanged) {
      // Whoever only looked at the first screens has no browser of their own.
      if (next.screen === "language") voice.reset();
      voice.isNobodys = next.screen === "language" || next.then === "wait";
      // What is asked over it stands there first.
      if (find("dialog.stop")) voice.say(["StopTitle", ...names.ofFocus()], next.alarm);
      else arrive();
    } else if (held !== null) {
      // Drawn anew under somebody's hands: the focus stays where it was.
      ([...main.querySelectorAll("button, h1")].find((element) => element.textContent === held) ?? find("h1")).focus();
    }
  }
  if (!serialChanged) tellChange(before, next);
  update(next);
  // Only who can do something about it is warned: whoever fills something in, and whoever reads how it ended.
  clock.set(left, next.cancel || next.screen === "done" || next.then === "start");
}

/** To the beginning of the screen, by focus and by voice. */
function arrive() {
  find("h1")?.focus();
  voice.say([...screen.speak, ...due(screen), ...certifier(screen)], screen.alarm);
}

/** What is to pay, which no recording can know. */
function due({ screen, due, fee, copies }) {
  if (screen === "fee") return amount("FeeDue", due);
  return screen === "copies" && fee ? amount("FeeDue", fee * copies) : [];
}

/** Whose certificate it will be, for who does not see it. Whoever sees it needs no spelling. */
function certifier({ screen, preview }) {
  if (screen !== "preview" || !names.byKeyboard) return [];
  const said = saidOf(preview.authority.code);
  return said.length ? ["Authority", ...said] : [];
}

/** What changes within a screen, for who does not see it. Which digit was pressed is nobody's business: each makes the same sound. */
function tellChange(before, next) {
  // What was forgotten is found, or taken, while the end stands there.
  if (next.alarm !== before.alarm) voice.call(next.alarm);
  if (next.inserted !== before.inserted) voice.interject(amount("FeeInserted", next.inserted));
  if (next.screen !== "pin" || next.entered === before.entered) return;
  const isFull = next.entered === PIN_LENGTH;
  if (next.entered > before.entered) voice.interject(["chime/key", ...(isFull ? ["PinEntered/4"] : [])]);
  else if (names.byKeyboard) voice.interject([`PinEntered/${next.entered}`]);
}

function frame() {
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = text(element.dataset.text);
  document.title = text("Title");
  const steps = STEPS.map((key, index) => {
    const number = index + 1;
    const state = number === screen.step ? "now" : number < screen.step ? "over" : "";
    const item = el("li", { class: state, "aria-current": number === screen.step && "step" });
    item.append(el("span.number", { text: number }), el("span.label", { text: text(key) }));
    return item;
  });
  const list = find("#steps");
  list.replaceChildren(...steps);
  list.hidden = !screen.step;
  list.setAttribute("aria-label", text("Step"));
  find("#back").hidden = !screen.back;
  find("#cancel").hidden = !screen.cancel;
  find("#help").hidden = screen.screen === "starting";
  find("#language").hidden = ["starting", "language"].includes(screen.screen);
  find("#language").setAttribute("aria-label", languageLabel());
  find("#status").textContent = screen.step ? `${text("Step")} ${screen.step}/${STEPS.length} ${text(STEPS[screen.step - 1])}` : "";
}

function warn() {
  if (find("dialog.time")) return;
  const box = dialog(text("TimeWarning"), (close) => [
    el("p.seconds", { id: "warned" }),
    el("div.choices", {}, button("primary", text("MoreTime"), close, { autofocus: true })),
  ], { class: "time" });
  // However it is sent away, with a key too, somebody is there: it would not come back.
  box.addEventListener("close", () => { if (box.returnValue !== "gone") press("more-time"); });
  voice.interject(["chime/warning", "TimeWarning", ...names.ofFocus()]);
  clock.also(find("#warned"));
}

function askToStop() {
  const { serial } = screen;
  let stopped = false;
  const box = dialog(text("StopTitle"), (close) => [
    el("p", { text: text("StopText") }),
    el("div.choices", {},
      button("secondary", text("StopNo"), close, { autofocus: true }),
      button("primary danger", text("Stop"), () => { stopped = true; press("cancel"); close(); })),
  ], { class: "stop" });
  // Another screen has come in below it meanwhile, and nothing was said of it.
  box.addEventListener("close", () => { if (!stopped && box.returnValue !== "gone" && screen.serial !== serial) arrive(); });
  if (names.byKeyboard) voice.interject(["StopTitle", "StopText", ...names.ofFocus()]);
}

function help() {
  const own = HELP[screen.screen];
  dialog(text("Help"), (close) => [
    own ? el("p", { text: text(own) }) : null,
    el("p", { text: text("HelpStaff") }),
    el("div.choices", {}, button("primary", text("Close"), close, { autofocus: true })),
  ].filter(Boolean));
  voice.interject([own, "HelpStaff", ...names.ofFocus()].filter(Boolean));
}

/** In the language of the screen, and in one that more people read. */
function languageLabel() {
  return [...new Set([text("Language"), "Language"])].join(" / ");
}

function chooseLanguage() {
  dialog(languageLabel(), (close) => [
    el("div.choices.column", {}, ...Object.entries(LANGUAGES).map(([name, label]) =>
      button("secondary", label, () => { press("language", name); close(); }, { lang: name, "data-say": `${name}:LanguageName`, "aria-pressed": String(name === currentLanguage()) }))),
    el("div.choices", {}, button("way", text("Close"), close)),
  ]);
  if (names.byKeyboard) voice.name(names.ofFocus());
}

function voiceControls() {
  dialog(text("Voice"), (close) => {
    const level = el("p.level", { role: "status" });
    const say = () => { level.textContent = text("Volume", { level: voice.level }); };
    say();
    const turn = (by) => {
      voice.turn(by);
      say();
      // How loud it is now is heard at once.
      voice.interject([`Volume/${voice.level}`]);
    };
    return [
      el("div.choices.column", {},
        button("secondary", text("ListenAgain"), () => { close(); voice.again(); }, { autofocus: true }),
        button("secondary", text("Silence"), () => { close(); voice.stop(); }),
        button("secondary", text("Quieter"), () => turn(-1)),
        button("secondary", text("Louder"), () => turn(1))),
      level,
      el("div.choices", {}, button("way", text("Close"), close)),
    ];
  });
  if (names.byKeyboard) voice.name(names.ofFocus());
}

/** Only a page that shows screens lives. */
function live() {
  const say = () => fetch("/alive", { method: "POST", headers: wire.headers }).catch(() => {});
  say();
  pulse = setInterval(say, PULSE);
}

find("#back").addEventListener("click", () => press("back"));
find("#cancel").addEventListener("click", () => askToStop());
find("#help").addEventListener("click", help);
find("#language").addEventListener("click", chooseLanguage);
find("#voice").addEventListener("click", voiceControls);

let held;
find("#attendant-corner").addEventListener("pointerdown", () => { held = setTimeout(() => press("attendant"), HOLD); });
for (const end of ["pointerup", "pointerleave", "pointercancel"]) find("#attendant-corner").addEventListener(end, () => clearTimeout(held));

/** What was hit first: the second tap of a double tap is none for what has taken its place meanwhile, a key of the PIN's pad perhaps. */
let hit = {};
/** Until when nothing is pressed. */
let dead = 0;
/** Where and when a dialog was tapped: a slow second tap there is none for what lay below it. */
let tapped = { at: -Infinity };
addEventListener("click", (event) => {
  const now = performance.now();
  const { detail, clientX: x, clientY: y } = event;
  const again = detail > 0 && now - tapped.at < AGAIN && Math.hypot(x - tapped.x, y - tapped.y) < NEAR;
  if ((now < dead || again) && ["#main", "#back"].some((part) => find(part).contains(event.target))) return event.stopPropagation();
  if (detail > 0 && event.target.closest("dialog")) tapped = { x, y, at: now };
  if (event.detail <= 1) hit = { target: event.target, serial: screen?.serial };
  else if (!hit.target?.isConnected || hit.serial !== screen?.serial) event.stopPropagation();
}, true);

addEventListener("keydown", (event) => {
  if (!isHarmless(event)) event.preventDefault();
  if (event.ctrlKey && event.altKey && event.code === "KeyA") press("attendant");
  else if (screen && !find("dialog")) {
    if (event.key === "Escape" && screen.cancel) {
      // The same key would close the question again.
      event.preventDefault();
      askToStop();
    } else if (!onKey(event, screen, press) && pressesNothing(event)) voice.again();
  }
});
addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("dragstart", (event) => event.preventDefault());

await Promise.all([loadMessages(), voice.load()]);
// When the core is gone there is nothing to show; a new one starts a new browser.
await wire.follow((next) => {
  show(next);
  if (!pulse) live();
}).catch(() => {});
clearInterval(pulse);
document.body.replaceChildren();
