// The choice of a municipality: the one of the card's address first, then by prefecture, by reading, or by the letters of its name. No
// key but one that leads to something offered does anything: nothing else can be typed (K1).

import { button, currentLanguage, el, text } from "./dom.js";

/** So many are shown without a choice before. */
const FEW = 12;
const KANA_ROWS = {
  あ: "あいうえお", か: "かきくけこがぎぐげご", さ: "さしすせそざじずぜぞ", た: "たちつてとだぢづでど", な: "なにぬねの",
  は: "はひふへほばびぶべぼぱぴぷぺぽ", ま: "まみむめも", や: "やゆよ", ら: "らりるれろ", わ: "わゐゑをん",
};
const KANA = ["あいうえお", "かきくけこ", "さしすせそ", "たちつてと", "なにぬねの", "はひふへほ", "まみむめも", "やゆよ", "らりるれろ", "わをん"];
const LATIN = ["ABCDEFGHIJKLM", "NOPQRSTUVWXYZ"];
/** Small kana are looked up as large ones. */
const SMALL = { ぁ: "あ", ぃ: "い", ぅ: "う", ぇ: "え", ぉ: "お", っ: "つ", ゃ: "や", ゅ: "ゆ", ょ: "よ", ゎ: "わ" };
const VOICING = /[\u3099\u309a]/gu;

const inJapanese = () => ["ja", "zh"].includes(currentLanguage());
const byKana = () => currentLanguage() === "ja";
const prefecture = (offer) => (inJapanese() ? offer.prefecture : offer.prefecture_en);
const name = (offer) => (inJapanese() ? offer.name : offer.name_en);
const whole = (offer) => (inJapanese() ? offer.prefecture + offer.name : `${offer.name_en}, ${offer.prefecture_en}`);
/** Japanese names are Japanese in Chinese too: the glyphs differ. */
const spoken = () => (inJapanese() ? "ja" : "en");

function row(offer) {
  if (!byKana()) return letters(offer)[0];
  return Object.keys(KANA_ROWS).find((first) => KANA_ROWS[first].includes(offer.reading[0])) ?? offer.reading[0];
}

const latin = (name) => name.normalize("NFD").toUpperCase().replace(/[^A-Z]/gu, "");

/** A name as it is looked up: without voicing marks and small kana, without accents and anything that is no letter. */
function letters(offer) {
  if (!byKana()) return latin(offer.name_en);
  const plain = [...offer.reading.normalize("NFD").replace(VOICING, "")].map((kana) => SMALL[kana] ?? kana);
  return plain.filter((kana) => KANA.join("").includes(kana)).join("");
}

const letterKey = (letter) => `${byKana() ? "" : "en:"}Letter/${letter.codePointAt(0).toString(16)}`;

/** A name letter by letter, as it is spoken: nobody can record names that come from the center. */
function spelled(name) {
  const plain = byKana() ? [...name].map((kana) => SMALL[kana] ?? kana).filter((kana) => /[あ-ん]/u.test(kana)) : [...latin(name)];
  return plain.length ? plain.map(letterKey) : ["OnScreenOnly"];
}

/** Japanese names of prefectures are recorded, by the first two digits of the code. */
const saidPrefecture = (offer) => (byKana() ? [`Prefecture/${offer.code.slice(0, 2)}`] : spelled(offer.prefecture_en));
const saidName = (offer) => spelled(byKana() ? offer.reading : offer.name_en);

/** With its prefecture, in the order of the screen. */
const saidWhole = (offer) => (byKana() ? [...saidPrefecture(offer), ...saidName(offer)] : [...saidName(offer), "InPrefecture", ...saidPrefecture(offer)]);

/** What was offered last, and which of it is the card's address: that one is never spelled, since others who stand there hear it too. */
let offered = [];
let own;
/** How often each name is among them, as it is spoken; made once it is asked for. */
let alike = null;

/** The municipality of this code with its prefecture, as it is spoken; nothing where it was not offered. */
export function saidOf(code) {
  const offer = offered.find((offer) => offer.code === code);
  if (offer && offer === own) return ["Home"];
  return offer ? saidWhole(offer) : [];
}

/** Within a prefecture: without it, but where another one is said the same. */
function saidWithin(offer) {
  if (!alike) {
    alike = new Map();
    for (const said of offered.map((other) => saidName(other).join())) alike.set(said, (alike.get(said) ?? 0) + 1);
  }
  const said = saidName(offer);
  return alike.get(said.join()) > 1 ? saidWhole(offer) : said;
}

export function municipalities({ offers, home }, press) {
  offered = offers;
  // In this language.
  alike = null;
  const choice = (offer, label, said) => button("choice", label, () => press("municipality", offer.code), { lang: spoken(), "data-say": said.join(" ") });
  const parts = [];
  own = offers.find((offer) => offer.code === home);
  if (own) parts.push(el("section.home", {}, el("h2", { text: text("Home") }), choice(own, whole(own), ["Home"])));
  const others = offers.filter((offer) => offer !== own);
  if (others.length > 0) {
    const section = el("section", {});
    if (own) section.append(el("h2", { text: text("Elsewhere") }));
    if (others.length <= FEW) section.append(el("div.list", {}, ...others.map((offer) => choice(offer, whole(offer), saidWhole(offer)))));
    else section.append(...ways(others, choice));
    parts.push(section);
  }
  parts.push(el("p.note", { text: text("NotListed") }));
  return parts;
}

/** Pressed among several that are alternatives. */
function mark(among, one) {
  for (const other of among) other.setAttribute("aria-pressed", String(other === one));
}

function ways(offers, choice) {
  const area = el("div.way-in");
  const tabs = [
    ["ByPrefecture", () => grouped(offers, prefecture, (offer) => saidPrefecture(offer).join(" "), (offer) => choice(offer, name(offer), saidWithin(offer)))],
    ["ByReading", () => grouped(offers, row, (offer) => letterKey(row(offer)), (offer) => choice(offer, whole(offer), saidWhole(offer)))],
    ["ByLetters", () => searched(offers, (offer) => choice(offer, whole(offer), saidWhole(offer)))],
  ].map(([label, content]) => {
    const tab = button("tab", text(label), () => { mark(tabs, tab); area.replaceChildren(...content()); }, { "aria-pressed": "false" });
    return tab;
  });
  tabs[0].click();
  return [el("div.tabs", {}, ...tabs), area];
}

/** What was found may lie below what always stays in sight. */
function bringUp(found, list) {
  const bottom = document.querySelector("footer").getBoundingClientRect().top;
  if (list.getBoundingClientRect().bottom > bottom) found.scrollIntoView({ block: "start" });
}

function grouped(offers, group, say, choice) {
  const found = el("p.found", { role: "status" });
  const list = el("div.list");
  // By code, which is the order of the prefectures from north to south; rows in their own order.
  const names = [...new Set(offers.map(group))];
  if (group === row) names.sort((one, other) => one.localeCompare(other, currentLanguage()));
  const buttons = names.map((named) => {
    const its = button("group", named, () => {
      mark(buttons, its);
      const members = offers.filter((offer) => group(offer) === named);
      found.textContent = text("FoundCount", { count: members.length });
      list.replaceChildren(...members.map(choice));
      bringUp(found, list);
    }, { lang: spoken(), "aria-pressed": "false", "data-say": say(offers.find((offer) => group(offer) === named)) });
    return its;
  });
  return [el("div.list.groups", {}, ...buttons), found, list];
}

function searched(offers, choice) {
  let pressed = "";
  const so = el("output.letters", { lang: byKana() ? "ja" : "en", "aria-label": text("LettersSoFar") });
  const found = el("p.found", { role: "status" });
  const list = el("div.list");
  const add = (letter) => button("letter", letter, (event) => {
    if (event.currentTarget.getAttribute("aria-disabled") === "true") return;
    pressed += letter;
    say();
  }, { lang: byKana() ? "ja" : "en", "data-say": letterKey(letter) });
  const lines = (byKana() ? KANA : LATIN).map((line) => [...line].map(add));
  const erase = button("way", text("Delete"), () => { pressed = pressed.slice(0, -1); say(); });
  const say = () => {
    so.textContent = pressed;
    const members = offers.filter((offer) => letters(offer).startsWith(pressed));
    const next = new Set(members.map((offer) => letters(offer)[pressed.length]));
    // Not `disabled`: whoever is on that key would lose their place.
    for (const key of lines.flat()) key.setAttribute("aria-disabled", String(!next.has(key.textContent)));
    found.textContent = pressed ? text("FoundCount", { count: members.length }) : "";
    list.replaceChildren(...(pressed && members.length <= 2 * FEW ? members.map(choice) : []));
    if (pressed) bringUp(so, list);
  };
  say();
  return [
    el("p.note", { text: text("PressLetters") }),
    el(`div.letter-keys${byKana() ? ".kana" : ""}`, {}, ...lines.map((line) => el("div", {}, ...line))),
    el("div.so-far", {}, so, erase), found, list,
  ];
}
