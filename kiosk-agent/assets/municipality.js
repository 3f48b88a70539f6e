// The choice of a municipality: the one of the card's address first, then by prefecture or by reading. Nothing is typed.

import { button, currentLanguage, el, text } from "./dom.js";

/** So many are shown without a choice before. */
const FEW = 12;
const KANA_ROWS = {
  あ: "あいうえお", か: "かきくけこがぎぐげご", さ: "さしすせそざじずぜぞ", た: "たちつてとだぢづでど", な: "なにぬねの",
  は: "はひふへほばびぶべぼぱぴぷぺぽ", ま: "まみむめも", や: "やゆよ", ら: "らりるれろ", わ: "わゐゑをん",
};

const inJapanese = () => ["ja", "zh"].includes(currentLanguage());
const prefecture = (offer) => (inJapanese() ? offer.prefecture : offer.prefecture_en);
const name = (offer) => (inJapanese() ? offer.name : offer.name_en);
const whole = (offer) => (inJapanese() ? offer.prefecture + offer.name : `${offer.name_en}, ${offer.prefecture_en}`);
/** Japanese names are Japanese in Chinese too: the glyphs differ. */
const spoken = () => (inJapanese() ? "ja" : "en");

function row(offer) {
  if (currentLanguage() !== "ja") return offer.name_en[0].toUpperCase();
  return Object.keys(KANA_ROWS).find((first) => KANA_ROWS[first].includes(offer.reading[0])) ?? offer.reading[0];
}

export function municipalities({ offers, home }, press) {
  const choice = (offer, label) => button("choice", label, () => press("municipality", offer.code), { lang: spoken() });
  const parts = [];
  const own = offers.find((offer) => offer.code === home);
  if (own) parts.push(el("section", {}, el("h2", { text: text("Home") }), choice(own, whole(own))));
  const others = offers.filter((offer) => offer !== own);
  if (others.length > 0) {
    const section = el("section", {}, el("h2", { text: text(own ? "Elsewhere" : "ChooseMunicipalityTitle") }));
    if (others.length <= FEW) section.append(el("div.list", {}, ...others.map((offer) => choice(offer, whole(offer)))));
    else section.append(...filtered(others, choice));
    parts.push(section);
  }
  parts.push(el("p.note", { text: text("NotListed") }));
  return parts;
}

function filtered(offers, choice) {
  const groups = el("div.list.groups");
  const list = el("div.list", { "aria-live": "polite" });
  const ways = [
    [text("ByPrefecture"), prefecture, (offer) => name(offer)],
    [text("ByReading"), row, (offer) => whole(offer)],
  ].map(([label, group, say]) => {
    const way = button("tab", label, () => open(way, group, say), { "aria-pressed": "false" });
    return { way, group, say };
  });
  const pressed = (among, one) => among.forEach((other) => other.setAttribute("aria-pressed", String(other === one)));
  const open = (way, group, say) => {
    pressed(ways.map((entry) => entry.way), way);
    list.replaceChildren();
    // By code, which is the order of the prefectures from north to south; rows in their own order.
    const names = [...new Set(offers.map(group))];
    if (group === row) names.sort((one, other) => one.localeCompare(other, currentLanguage()));
    const buttons = names.map((named) => {
      const its = button("group", named, () => {
        pressed(buttons, its);
        const members = offers.filter((offer) => group(offer) === named);
        list.replaceChildren(...members.map((offer) => choice(offer, say(offer))));
      }, { lang: spoken(), "aria-pressed": "false" });
      return its;
    });
    groups.replaceChildren(...buttons);
  };
  open(ways[0].way, ways[0].group, ways[0].say);
  return [el("div.tabs", {}, ...ways.map((entry) => entry.way)), groups, list];
}
