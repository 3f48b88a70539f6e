// What several screens show.

import { currentLanguage, date, el, inEnglish, localized, text } from "./dom.js";

/** A line of a list of terms. */
export function row(label, value, lang) {
  return el("div", {}, el("dt", { text: label }), el("dd", { text: value, lang }));
}

/** A line of a certificate for abroad: English stands beside whatever the screen's language is, and beside what is certified in Japanese. */
export function beside(key, value, english, lang) {
  const same = currentLanguage() === "en";
  return el("div", {}, el("dt", {}, text(key), same ? null : el("span.beside", { lang: "en", text: inEnglish(key) })),
    el("dd", {}, el("span", { text: value, lang }), english && english !== value ? el("span.beside", { lang: "en", text: english }) : null));
}

/** What is certified is Japanese and English: the one, or the other. */
export function own(one, other) {
  return currentLanguage() === "ja" ? one : other;
}

/** A programme's name, to be put into an element: a line ends before 予防接種 rather than within it. */
export function named(words) {
  return unbroken(localized(words));
}

/** The same of a name in one language. No line ends within COVID-19. */
export function unbroken(name) {
  const fragment = document.createDocumentFragment();
  for (const part of name.split(/(COVID-19)|(?=予防接種)/).filter(Boolean)) {
    if (part === "COVID-19") fragment.append(el("span.unbroken", { text: part }));
    else fragment.append(part.startsWith("予防接種") ? el("wbr") : "", part);
  }
  return fragment;
}

/** Doses, each with all that is certified of it. */
export function table(doses, abroad = false) {
  // Whoever reads neither is shown English, and told so.
  const lang = currentLanguage() === "ja" ? undefined : "en";
  const said = (key, one, other) => (abroad ? beside(key, one, other, "ja") : row(text(key), own(one, other), lang));
  const plain = (key, value) => (abroad ? beside(key, value, null, "en") : row(text(key), value, "en"));
  return el("ol.doses", { "aria-label": text("Doses") }, ...doses.map((dose, index) => el("li", {},
    el("h3", {}, el("span.number", { text: text("DoseTitle", { number: dose.abroad?.number ?? index + 1 }) }), " ", el("span.day", { text: date(dose.date) }),
      abroad ? el("span.beside", { lang: "en", text: dose.date }) : null),
    el("dl", {},
      said("DoseVaccine", dose.vaccine, dose.vaccine_en), said("Product", dose.product, dose.product_en),
      said("Maker", dose.maker, dose.maker_en), plain("DoseLot", dose.lot),
      ...(dose.abroad ? [plain("Country", dose.abroad.country)] : [])))));
}
