// Elements and texts.

let messages = {};
let language = "ja";

export async function loadMessages() {
  messages = await (await fetch("/messages.json")).json();
}

export function useLanguage(name) {
  language = name;
  document.documentElement.lang = { ja: "ja", en: "en", zh: "zh-Hans", ko: "ko" }[name];
}

export function currentLanguage() {
  return language;
}

/** A text of the catalogue in the language of the screen, its placeholders filled in. */
export function text(key, values = {}) {
  let said = messages[language][key];
  for (const [name, value] of Object.entries(values)) said = said.replaceAll(`{${name}}`, value);
  return said;
}

/** The same in English, whatever the language of the screen: for what is shown to somebody who reads no other. */
export function inEnglish(key) {
  return messages.en[key];
}

/** The keys of the texts that say just this in the language of the screen. */
export function keysOf(said) {
  return Object.keys(messages[language]).filter((key) => messages[language][key] === said);
}

/** The center's words, which come in all languages. */
export function localized(words) {
  return words[language];
}

/** An element. Properties that are no attribute: `text`, `press` (what a click does), `part` (its id). */
export function el(name, properties = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [property, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (property === "text") element.textContent = value;
    else if (property === "press") element.addEventListener("click", value);
    else element.setAttribute(property, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(name, label, press, properties = {}) {
  return el(`button.${name}`, { type: "button", text: label, press, ...properties });
}

let dialogs = 0;

/** A dialog that is shown at once and gone when it is closed. Its `returnValue` is "gone" where the screen below it has changed. */
export function dialog(title, build, properties = {}) {
  dialogs += 1;
  // One may be opened over another.
  const id = `dialog-${dialogs}`;
  const heading = el("h2", { id, text: title });
  const box = el("dialog", { "aria-labelledby": id, ...properties }, heading);
  box.append(...build(() => box.close()));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

/** Closes all, but those that match; whether any was open. */
export function closeDialogs(kept = null) {
  const open = [...document.querySelectorAll("dialog")].filter((box) => !kept || !box.matches(kept));
  for (const box of open) box.close("gone");
  return open.length > 0;
}

/** A date as people of the language write it. A birth date may have 00 for month and day, which are not known then. */
export function date(iso) {
  const [year, month, day] = iso.split("-").map(Number);
  if (!month || !day) return { en: `${year}`, ko: `${year}년` }[language] ?? `${year}年`;
  const months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
  switch (language) {
    case "en": return `${day} ${months[month - 1]} ${year}`;
    case "ko": return `${year}년 ${month}월 ${day}일`;
    default: return `${year}年${month}月${day}日`;
  }
}
