// What each screen shows.

import { button, currentLanguage, date, el, localized, text } from "./dom.js";
import { amount } from "./names.js";
import { municipalities } from "./municipality.js";
import { fillDots, pad } from "./pad.js";

export const STEPS = ["StepStart", "StepCard", "StepKind", "StepPin", "StepMunicipality", "StepPreview", "StepPrint", "StepDone"];

/** A screen's own help, where it has one. */
export const HELP = {
  "place-card": "PlaceCardHelp", kind: "ChooseKindHelp", pin: "EnterPinHelp", municipality: "ChooseMunicipalityHelp",
  preview: "PreviewHelp", fee: "PayFeeHelp", "take-paper": "TakePaperText",
};

const LANGUAGES = [["ja", "日本語", "はじめる"], ["en", "English", "Start"], ["zh", "中文", "开始"], ["ko", "한국어", "시작"]];

/** What a printer says that prints still. */
const WARNINGS = {
  "paper-low": "WarnPaperLow", "supply-low": "WarnSupplyLow", "supply-empty": "WarnSupplyEmpty", "waste-almost-full": "WarnWasteAlmostFull",
  "output-almost-full": "WarnOutputAlmostFull", "part-worn": "WarnPartWorn",
};

/** What is told where money should have come out again, and is not known to have. */
const STUCK = "payment-not-returned";

/** Copies wanted on the screen that asks for them. */
let counted = {};

const title = (said) => el("h1", { tabindex: "-1", text: said });
/** Between two sentences, where the language has something there. */
const apart = () => (["en", "ko"].includes(currentLanguage()) ? " " : null);
const lead = (said) => el("p.lead", { text: said });

const noticesOf = (notices) => (notices.length
  ? el("section.notices", {}, el("h2", { text: text("Notices") }), ...notices.map((notice) => el("p", { text: localized(notice) }))) : null);

const SCREENS = {
  starting: () => [title(text("Starting")), el("div.busy")],

  language: ({ hours, notices }, press) => [
    title(text("WelcomeTitle")),
    el("div.languages", {}, ...LANGUAGES.map(([name, label, start]) =>
      el("button.language", { type: "button", lang: name, "data-say": `${name}:LanguageName ${name}:ByKeyboard`, press: () => press("language", name) }, el("strong", { text: label }), el("span", { text: start })))),
    el("section.needs", {},
      el("h2", { text: text("WelcomeNeeds") }),
      el("ul", {}, el("li", { text: text("WelcomeCard") }), el("li", { text: text("WelcomePin") })),
      el("p", { text: text("Hours", hours) })),
    noticesOf(notices),
  ],

  // The first screen is Japanese; from here on everybody reads their own.
  service: ({ programmes, hours, notices }, press) => [
    title(text("ServiceTitle")),
    lead(text("Service")),
    el("div.list", {}, ...programmes.map(({ id, name }) => button("choice", localized(name), () => press("programme", id)))),
    el("p", { text: text("Hours", hours) }),
    noticesOf(notices),
  ],

  terms: (_, press) => [
    title(text("TermsTitle")),
    el("ul.conditions", {}, ...["TermsSelf", "TermsReads", "TermsAsks", "TermsForgets", "TermsPaper"].map((key) => el("li", { text: text(key) }))),
    el("div.choices", {}, button("primary", text("Agree"), () => press("agree"))),
  ],

  "place-card": () => [
    title(text("PlaceCardTitle")), picture("place"), lead(text("PlaceCard")), el("p.note", { text: text("PlaceCardHelp") }),
  ],

  kind: ({ kinds }, press) => [
    title(text("ChooseKindTitle")),
    el("div.list", {}, ...kinds.map((kind) => {
      const [name, what] = kind === "domestic" ? ["Domestic", "DomesticText"] : ["Abroad", "AbroadText"];
      return el("button.choice", { type: "button", "data-say": `${name} ${what}`, press: () => press("kind", kind) }, el("strong", { text: text(name) }), el("span", { text: text(what) }));
    })),
    el("p.note", { text: text("ChooseKindHelp") }),
  ],

  pin: ({ remaining }, press) => [
    title(text("EnterPinTitle")),
    remaining === 1
      ? el("div.warning", { role: "alert" }, el("strong", { text: text("LastTryTitle") }), el("p", { text: text("LastTry") }))
      : el("p.lead", { text: text("TriesLeft", { remaining }) }),
    pad(press, 4),
  ],

  reading: () => [title(text("ReadingTitle")), el("div.busy"), lead(text("Reading"))],

  checking: () => [title(text("CheckingTitle")), el("div.busy"), lead(text("Checking"))],
  "take-card": () => [title(text("TakeCardTitle")), picture("take"), lead(text("TakeCard"))],

  "card-left": () => [title(text("CardLeftTitle")), picture("take"), lead(text("CardLeft"))],

  "paper-left": () => [title(text("PaperLeftTitle")), picture("take.paper"), lead(text("PaperLeft"))],

  municipality: (screen, press) => [title(text("ChooseMunicipalityTitle")), lead(text("ChooseMunicipality")), ...municipalities(screen, press)],

  copies: ({ serial, copies, most, fee }, press, tell) => {
    // Another language is no reason to begin again.
    if (counted.serial !== serial) counted = { serial, copies };
    const count = el("output", { "aria-live": "polite" });
    const price = el("p.lead", { role: "status" });
    const say = () => {
      count.textContent = text("CopyCount", { copies: counted.copies });
      price.textContent = fee ? text("FeeOf", { yen: fee * counted.copies }) : "";
    };
    const change = (by) => () => {
      counted.copies = Math.min(most, Math.max(1, counted.copies + by));
      say();
      tell([`CopyCount/${counted.copies}`, ...(fee ? amount("FeeDue", fee * counted.copies) : [])]);
    };
    say();
    return [
      title(text("ChooseCopiesTitle")),
      el("div.counter", {},
        button("key", "−", change(-1), { "aria-label": text("FewerCopies") }), count,
        button("key", "+", change(1), { "aria-label": text("MoreCopies") })),
      price,
      el("div.choices", {}, button("primary", text("Next"), () => press("copies", counted.copies))),
    ];
  },

  "looking-up": () => [title(text("LookingUpTitle")), el("div.busy"), lead(text("LookingUp"))],

  preview: ({ preview }, press) => [
    title(text("Preview")),
    certificate(preview),
    preview.passport ? el("p.note", { text: text("PassportCheck") }) : null,
    el("div.choices", {}, button("primary", text("Issue"), () => press("go"))),
  ],

  fee: ({ due }) => [
    title(text("PayFeeTitle")),
    el("dl.fee", {},
      el("div", {}, el("dt", { text: text("FeeDue") }), el("dd", { text: text("Yen", { yen: due }) })),
      el("div", {}, el("dt", { text: text("FeeInserted") }), el("dd", {}, el("output", { id: "inserted", "aria-live": "polite" })))),
    el("p.note", { text: text("PayFeeHelp") }),
  ],

  "take-paper": () => [title(text("TakePaperTitle")), picture("take.paper"), el("p.strong", { text: text("TakePaperText") })],

  issuing: () => [title(text("IssuingTitle")), el("div.busy"), lead(text("Issuing"))],

  delivering: ({ copies }) => [
    title(text("DeliveringTitle")), el("div.busy"),
    copies > 1 ? el("p.lead", { id: "printed", role: "status" }) : null,
    el("p.strong", { text: text("DoNotLeave") }),
  ],

  "try-again": (_, press) => [
    title(text("AgainTitle")), lead(text("AgainPrompt")), el("div.choices", {}, button("primary", text("Again"), () => press("go"))),
  ],

  reporting: () => [title(text("ReportingTitle")), el("div.busy"), lead(text("Reporting"))],

  done: ({ reported, taken, returned, stuck }, press) => [
    title(text(reported ? "DoneTitle" : "NotReportedTitle")),
    reported ? lead(text(taken ? "DoneTaken" : "Done")) : el("div.warning", { role: "alert" }, el("p", { text: text("NotReported") })),
    returned ? lead(text("FeeReturned")) : null,
    stuck ? el("div.warning", { role: "alert" }, el("p", { text: text(`problem/${STUCK}`) })) : null,
    el("div.choices", {}, button("primary", text("Finish"), () => press("understood"))),
  ],

  problem: ({ code, happened, advice, says, returned, then }, press) => [
    // Whoever cancelled was not stopped.
    title(text(code === "cancelled" ? "ProblemTitle" : { on: "ProblemTitle", start: "ProblemStopped", wait: "ProblemWait" }[then])),
    el("div.warning", { role: "alert" },
      el("p.happened", { text: happened }), apart(), el("p.advice", { text: advice })),
    returned ? lead(text("FeeReturned")) : null,
    says?.hours ? lead(text("Hours", says.hours)) : null,
    says?.words ? lead(localized(says.words)) : null,
    el("p.code", { text: `${text("ProblemCodeLabel")}: ${code}` }),
    then === "wait" ? null : el("div.choices", {}, button("primary", text(then === "on" ? "Understood" : "ToStart"), () => press("understood"))),
  ],

  "attendant-key": ({ wrong }, press) => [
    title(text("AttendantKey")), wrong ? el("p.warning", { role: "alert", text: text("AttendantWrong") }) : null, pad(press, 16),
  ],

  attendant: (health, press) => {
    const row = (label, value) => el("div", {}, el("dt", { text: label }), value);
    const number = (label, value) => row(label, el("dd", { text: value }));
    // Of what is not in order, the code too: it is what the operator's manual goes by.
    const state = (label, code) => row(label, code === "ok" ? el("dd.ok", { text: text("AttendantOk") })
      : el("dd.amiss", {}, code ? `${text(`happened/${code}`)} (${code})` : ""));
    const ended = Object.entries(health.ended).map(([code, count]) => number(`${text("AttendantEnded")}: ${code}`, count));
    return [
      title(text("Attendant")),
      el("dl.status", {},
        state(text("AttendantService"), health.service),
        health.mismatch ? row(text("Mismatch"), el("dd.amiss", { text: `${text(`mismatch/${health.mismatch}`)} (${health.mismatch})` })) : null,
        state(text("AttendantReader"), health.reader), state(text("AttendantPrinter"), health.printer),
        ...health.warnings.map((warning) => row(text("AttendantPrinter"), el("dd.amiss", { text: text(WARNINGS[warning]) }))), state(text("AttendantCenter"), health.center),
        number(text("AttendantBegun"), health.begun), number(text("AttendantDelivered"), health.delivered), ...ended,
        number(text("AttendantBrowsers"), health.browser ? `${health.browsers} (${health.browser})` : health.browsers), number(text("AttendantVersion"), health.version), number(text("AttendantTerminal"), health.terminal)),
      el("div.choices", {}, button("primary", text("AttendantReset"), () => press("cancel"))),
    ];
  },
};

/** `tell` says something aloud. */
export function draw(screen, press, tell) {
  return SCREENS[screen.screen](screen, press, tell).filter(Boolean);
}

/** What changes while a screen stands. */
export function update(screen) {
  if ("entered" in screen) fillDots(screen.entered);
  // Not every printer counts.
  if (screen.copies > 1 && screen.printed) document.querySelector("#printed").textContent = text("PrintedOf", { printed: screen.printed, copies: screen.copies });
  if ("inserted" in screen) document.querySelector("#inserted").textContent = text("Yen", { yen: screen.inserted });
}

/** Exactly what will be printed. */
function certificate({ holder, passport, authority, doses, issued_on, copies }) {
  const row = (label, value, lang) => el("div", {}, el("dt", { text: label }), el("dd", { text: value, lang }));
  const columns = [passport && "DoseNumber", "DoseDate", "DoseVaccine", "DoseProduct", "DoseLot", passport && "DoseCountry"];
  const head = columns.filter(Boolean).map((key) => el("th", { scope: "col", text: text(key) }));
  // What is printed is Japanese and English; whoever reads Chinese reads a Japanese place name.
  const language = currentLanguage();
  const own = (one, other) => (language === "ja" ? one : other);
  const lang = { ja: undefined, en: undefined, zh: "en", ko: "en" }[language];
  // Doses are numbered on the page for abroad alone, and by the records: those of another municipality have numbers too.
  const rows = doses.map((dose) =>
    el("tr", {},
      ...(passport ? [el("th", { scope: "row", text: dose.abroad.number }), el("td.whole", { text: date(dose.date) })] : [el("th.whole", { scope: "row", text: date(dose.date) })]),
      el("td", { lang, text: own(dose.vaccine, dose.vaccine_en) }),
      el("td", { lang, text: `${own(dose.product, dose.product_en)} / ${own(dose.maker, dose.maker_en)}` }), el("td.whole.lot", { text: dose.lot }),
      ...(passport ? [el("td", { text: dose.abroad.country })] : [])));
  return el("section.certificate", {},
    el("dl", {},
      row(text("KindLabel"), text(passport ? "Abroad" : "Domestic")), row(text("Name"), holder.name, "ja"), row(text("BirthDate"), date(holder.birth_date)),
      ...(passport ? [row(text("PassportName"), passport.romanised_name.replace("  ", " "), "en"), row(text("Nationality"), passport.nationality, "en"), row(text("PassportNumber"), passport.number, "en")] : []),
      row(text("Authority"), ...(language === "zh" ? [authority.name, "ja"] : [own(authority.name, authority.name_en), lang])), row(text("IssuedOn"), date(issued_on)),
      row(text("CopiesLabel"), text("CopyCount", { copies }))),
    el("div.doses", { tabindex: "0", role: "region", "aria-label": text("Doses") },
      el("table", {}, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...rows))));
}

/** A card on its way onto the reader, or off it; or paper on its way out. */
function picture(way) {
  return el(`div.picture.${way}`, { "aria-hidden": "true" }, el("div.reader"), el("div.card"), el("div.arrow"));
}
