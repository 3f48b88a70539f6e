// What several screens show.

import { currentLanguage, date, el, text } from "./dom.js";

/** A line of a list of terms. */
export function row(label, value, lang) {
  return el("div", {}, el("dt", { text: label }), el("dd", { text: value, lang }));
}

/** What is certified is Japanese and English: the one, or the other. */
export function own(one, other) {
  return currentLanguage() === "ja" ? one : other;
}

/** Doses, each with all that is certified of it. */
export function table(doses) {
  // Whoever reads neither is shown English, and told so.
  const lang = currentLanguage() === "ja" ? undefined : "en";
  return el("ol.doses", { "aria-label": text("Doses") }, ...doses.map((dose, index) => el("li", {},
    el("h3", {}, el("span.number", { text: text("DoseTitle", { number: dose.abroad?.number ?? index + 1 }) }), " ", el("span.day", { text: date(dose.date) })),
    el("dl", {},
      row(text("DoseVaccine"), own(dose.vaccine, dose.vaccine_en), lang), row(text("Product"), own(dose.product, dose.product_en), lang),
      row(text("Maker"), own(dose.maker, dose.maker_en), lang), row(text("DoseLot"), dose.lot, "en"),
      ...(dose.abroad ? [row(text("Country"), dose.abroad.country, "en")] : [])))));
}
