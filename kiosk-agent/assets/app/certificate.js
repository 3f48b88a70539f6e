// A certificate as it is shown to others.

import { button, currentLanguage, date, el, inEnglish, text } from "./dom.js";
import { beside, named, own, row, table, unbroken } from "./parts.js";

const CODES = { "health-card": ["CodeCard", "CodeCardText"], "vds-nc": ["CodeSeal", "CodeSealText"] };
/** Light modules around a symbol (ISO/IEC 18004). */
const QUIET = 4;
const SVG = "http://www.w3.org/2000/svg";

let ticking = null;

export function certificate(screen, { press, wire }) {
  const { kind, holder, passport, authority, all_doses, codes, shown, hidden, hides, older, reported, issued_on, name, certificate_id } = screen;
  const abroad = kind === "abroad";
  const alsoEnglish = abroad && currentLanguage() !== "en";
  const now = el("section.now", { "aria-label": text("Now") }, el("div.sweep", { "aria-hidden": "true" }, el("i")), el("p.time", { role: "timer", "aria-live": "off" }, el("span.day"), " ", el("span.clock")));
  startClock(now);
  const code = codes[shown];
  const [codeName, codeText] = CODES[code.name];
  return [
    el("h1", { tabindex: "-1" }, el(`span.kind.${kind}`, { text: text(kind === "domestic" ? "Domestic" : "Abroad") }), " ", el("span", {}, name ? named(name) : text("ListTitle")),
      alsoEnglish ? el("span.beside", { lang: "en" }, inEnglish("Abroad"), ...(name ? [": ", unbroken(name.en)] : [])) : null),
    reported === false ? el("div.warning", { role: "alert" }, el("p.happened", { text: text("NotReportedHome") }),
      el("div.choices", {}, button("primary", text("IssueAgain"), () => press("again")))) : reported === true ? el("p.done", { role: "status", text: text("Kept") }) : null,
    older ? el("p.notices", { text: text("OlderText") }) : null,
    now,
    codes.length > 1 ? el("div.tabs", { role: "group", "aria-label": text("Codes") }, ...codes.map(({ name: which }, index) =>
      button("tab", text(CODES[which][0]), () => press("code", index), { "aria-pressed": String(index === shown) }))) : null,
    el("figure.code-of", {}, symbol(code.rows, text("CodeLabel", { name: text(codeName) })), el("figcaption", { text: text(codeText) })),
    el("section.card.holder", {}, el("dl", {},
      ...(abroad && holder
        ? [beside("Name", holder.name, null, "ja"), beside("BirthDate", date(holder.birth_date), holder.birth_date)]
        : [row(text("Name"), holder ? holder.name : text("Hidden"), holder ? "ja" : undefined),
          row(text("BirthDate"), holder ? date(holder.birth_date) : text("Hidden"))]),
      ...(passport ? [beside("PassportName", passport.romanised_name.replace("  ", " "), null, "en"), beside("Nationality", passport.nationality, null, "en"),
        beside("PassportNumber", passport.number, null, "en")] : [])),
      hides ? el("div.option", {}, hiding(hidden, press), el("p.note", { id: "what-hide", text: text("HideText") })) : null),
    el("section.card", {}, el("h2", { text: text("Doses") }), table(all_doses, abroad)),
    el("section.card", {}, el("dl", {}, ...(abroad ? [
      beside("Authority", authority.name, authority.name_en, "ja"), beside("IssuedOn", date(issued_on), issued_on),
      ...(certificate_id ? [beside("CertificateNumber", certificate_id, null, "en")] : []),
    ] : [
      row(text("Authority"), currentLanguage() === "zh" ? authority.name : own(authority.name, authority.name_en), ["ja", "zh"].includes(currentLanguage()) ? "ja" : "en"),
      row(text("IssuedOn"), date(issued_on)),
    ]))),
    saving(wire, kind),
    el("section.card", {},
      el("div.choices", {}, button("secondary", text("Renew"), () => press("again"), { "aria-describedby": "what-renew" })),
      el("p.note", { id: "what-renew", text: text("RenewText") }),
      el("div.choices", {}, button("secondary bad", text("Remove"), () => press("delete")))),
  ];
}

function hiding(hidden, press) {
  return el("button.switch", { type: "button", role: "switch", id: "hide", "aria-checked": String(hidden), "aria-describedby": "what-hide", press: () => press("hide", !hidden) },
    el("strong", { text: text("Hide") }), el("span.state", { "aria-hidden": "true", text: text(hidden ? "On" : "Off") }), el("span.knob", { "aria-hidden": "true" }));
}

/** As picture or page, from the core to where the browser puts what it saves. The name says nothing of anybody. */
function saving(wire, kind) {
  const status = el("p.saved", { role: "status" });
  const save = (type) => async () => {
    status.textContent = "";
    try {
      const answer = await fetch(`/export/page.${type}`, { headers: wire.headers });
      if (!answer.ok) throw new Error();
      const address = URL.createObjectURL(await answer.blob());
      el("a", { href: address, download: `vaccination-certificate-${kind}.${type}` }).click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
      status.textContent = text("Saved");
    } catch {
      status.textContent = text("SaveFailed");
    }
  };
  return el("section.card", {}, el("h2", { text: text("Save") }),
    el("div.choices.main", {}, button("secondary", text("SaveImage"), save("png")), button("secondary", text("SavePdf"), save("pdf"))),
    status, el("p.note", { text: text("SaveText") }));
}

/** A QR code's modules as one path, each run of dark ones a rectangle. */
function symbol(rows, label) {
  const side = rows.length + 2 * QUIET;
  const make = (name, attributes) => {
    const element = document.createElementNS(SVG, name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    return element;
  };
  let path = "";
  rows.forEach((modules, y) => {
    for (const run of modules.matchAll(/1+/gu)) path += `M${run.index + QUIET} ${y + QUIET}h${run[0].length}v1h-${run[0].length}z`;
  });
  const svg = make("svg", { class: "symbol", viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": label, "shape-rendering": "crispEdges" });
  svg.append(make("rect", { width: side, height: side, fill: "#fff" }), make("path", { d: path, fill: "#000" }));
  return svg;
}

/** The time, told anew as each second begins; a screenshot stands still. */
function startClock(now) {
  stopClock();
  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    const time = new Date();
    const day = date(`${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`);
    now.querySelector(".day").textContent = day;
    now.querySelector(".clock").textContent = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
    // Where nothing may slide, this changes sides each second.
    now.classList.toggle("odd", time.getSeconds() % 2 === 1);
    ticking = setTimeout(tick, 1000 - time.getMilliseconds());
  };
  tick();
}

export function stopClock() {
  clearTimeout(ticking);
}
