// The way in: a passphrase, or the secret that the program put behind the `#` as it opened the browser.

import { button, currentLanguage, dialog, el, text } from "./dom.js";

/** As the core takes it. */
const LEAST = 8;
/** How long between two looks for a program that has ended. */
const AGAIN = 2000;
/** A program that ends is gone after that. */
const ENDING = 1000;

/** Asks until somebody is let in: the secret of the screens, and what opened. `say` shows something in place of the screen. */
export async function letIn(say) {
  const opened = location.hash.slice(1);
  // It is in this variable alone from here on.
  history.replaceState(null, "", "/");
  for (;;) {
    const { opens } = await knock(say);
    // A new passphrase is set, and a device's key used, only by whoever started the program.
    if (opens !== "passphrase" && !opened) say("shut", shut);
    else if (opens === "key") {
      const { secret } = await tell({}, opened);
      if (secret) return { opens, secret };
      say("shut", shut);
    }
    const asked = new Promise((done) => {
      if (opens === "passphrase") say("unlock", () => unlock(done));
      else if (opens === "new" && opened) say("unlock", () => choose(opened, done));
    });
    const secret = await untilGone(asked);
    if (secret) return { opens, secret };
  }
}

/** What comes of it, or nothing where the program has ended meanwhile. */
async function untilGone(asked) {
  let isOver = false;
  const gone = async () => {
    while (!isOver) {
      await new Promise((done) => setTimeout(done, AGAIN));
      if (!(await fetch("/door").catch(() => null))) return undefined;
    }
    return undefined;
  };
  const secret = await Promise.race([asked, gone()]);
  isOver = true;
  return secret;
}

/**
 * To a new document in another process. `/out.html` is of another opener policy than the rest (COOP): the browser does not let the two share
 * a process, and the one that showed certificates ends, with what it has freed but not overwritten.
 */
export async function elsewhere(say) {
  await new Promise((done) => setTimeout(done, ENDING));
  await knock(say);
  location.replace("/out.html");
}

/** What the door is like, as soon as the program is there. */
async function knock(say) {
  for (let isTold = false; ; isTold = true) {
    try {
      const answer = await fetch("/door");
      if (answer.ok) return await answer.json();
    } catch {
      // Said below.
    }
    if (!isTold) say("gone", gone);
    await new Promise((done) => setTimeout(done, AGAIN));
  }
}

const heading = (said) => el("h1", { tabindex: "-1", text: said });

const gone = () => [heading(text("Gone")), el("p.lead", { text: text("GoneText") })];

const shut = () => [heading(text("NotLetIn")), el("p.lead", { text: text("NotLetInText") })];

/** A field for a passphrase. A password manager may fill it in, and it may be pasted. */
function field(id, label, autocomplete, describes) {
  const input = el("input", { id, type: "password", autocomplete, required: true, "aria-describedby": describes, spellcheck: "false", autocapitalize: "none" });
  return [el("div.field", {}, el("label", { for: id, text: label }), input), input];
}

function shown(...inputs) {
  const box = el("input", { id: "shown", type: "checkbox" });
  box.addEventListener("change", () => inputs.forEach((input) => { input.type = box.checked ? "text" : "password"; }));
  return el("label.check", {}, box, el("span", { text: text("ShowPassphrase") }));
}

/** What is wrong with what was entered, read out as it comes. */
function fault() {
  const line = el("p.fault", { id: "fault", role: "alert" });
  return { line, say: (said) => { line.textContent = said; } };
}

function form(submit, ...parts) {
  // There is one user; managers of passwords want a name all the same.
  const user = el("input", { type: "text", autocomplete: "username", value: "Shomei", hidden: true });
  const element = el("form", { novalidate: true }, user, ...parts);
  let busy = false;
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    await submit();
    busy = false;
  });
  return element;
}

function unlock(done) {
  const [line, input] = field("passphrase", text("Passphrase"), "current-password", "fault");
  const { line: wrong, say } = fault();
  const submit = async () => {
    say("");
    const answer = await tell({ passphrase: input.value });
    input.value = "";
    if (answer.secret) return done(answer.secret);
    say(answer.said);
    input.focus();
  };
  return [
    heading(text("UnlockTitle")),
    el("p.note", { text: text("UnlockText") }),
    form(submit, line, shown(input), wrong, el("div.choices", {}, el("button.primary", { text: text("Unlock") }))),
    el("p.note", { text: text("UnlockForgot") }),
  ];
}

function choose(opened, done) {
  const [first, passphrase] = field("passphrase", text("Passphrase"), "new-password", "rule fault");
  const [second, again] = field("again", text("PassphraseAgain"), "new-password", "fault");
  const { line: wrong, say } = fault();
  const submit = async () => {
    say("");
    if (!isFit(passphrase, again, say)) return;
    const answer = await tell({ passphrase: passphrase.value }, opened);
    if (answer.secret) {
      passphrase.value = again.value = "";
      return done(answer.secret);
    }
    say(answer.said);
  };
  return [
    heading(text("ChooseTitle")),
    el("p.note", { text: text("ChooseText") }),
    form(submit, first, el("p.note", { id: "rule", text: text("ChooseRule", { least: LEAST }) }), second, shown(passphrase, again), wrong,
      el("div.choices", {}, el("button.primary", { text: text("ChooseDone") }))),
    el("p.note", { text: text("UnlockForgot") }),
  ];
}

/** Tells the core the passphrase: the secret, or what to say. */
async function tell(body, opened) {
  const answer = await post("/unlock", { ...body, language: currentLanguage() }, opened);
  return answer.ok ? answer.json() : { said: said(answer) };
}

async function post(path, body, secret) {
  const headers = { "Content-Type": "application/json", ...(secret && { Authorization: `Bearer ${secret}` }) };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) }).catch(() => ({ ok: false }));
}

function said({ status, headers }) {
  if (status === 401) return text("UnlockWrong");
  if (status === 422) return text("ChooseShort", { least: LEAST });
  if (status === 429) return text("UnlockWait", { seconds: headers.get("Retry-After") ?? 1 });
  return text("UnlockFailed");
}

/** Another passphrase, from within: `wire` is the line to the core. */
export function change(wire) {
  dialog(text("ChangePassphrase"), (close) => {
    const [before, old] = field("old", text("PassphraseNow"), "current-password", "fault");
    const [first, passphrase] = field("passphrase", text("PassphraseNew"), "new-password", "rule fault");
    const [second, again] = field("again", text("PassphraseAgain"), "new-password", "fault");
    const { line: wrong, say } = fault();
    const submit = async () => {
      say("");
      if (!isFit(passphrase, again, say)) return;
      const answer = await post("/passphrase", { old: old.value, new: passphrase.value }, wire.secret);
      if (!answer.ok) return say(said(answer));
      for (const input of [old, passphrase, again]) input.value = "";
      close();
      document.querySelector("#status").textContent = text("Changed");
    };
    return [form(submit, before, first, el("p.note", { id: "rule", text: text("ChooseRule", { least: LEAST }) }), second, shown(old, passphrase, again), wrong,
      el("div.choices", {}, button("secondary", text("Close"), close), el("button.primary", { text: text("ChooseDone") })))];
  });
}

/** Whether a new passphrase can be taken; what is wrong with it is said. */
function isFit(passphrase, again, say) {
  const short = [...passphrase.value].length < LEAST;
  if (short) say(text("ChooseShort", { least: LEAST }));
  else if (passphrase.value !== again.value) say(text("ChooseDiffers"));
  else return true;
  (short ? passphrase : again).focus();
  return false;
}
