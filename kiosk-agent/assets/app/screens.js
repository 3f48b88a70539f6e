// What each screen shows.

import { certificate, stopClock } from "./certificate.js";
import { chooser, closeCamera } from "./camera.js";
import { change } from "./door.js";
import { button, currentLanguage, date, dialog, el, localized, text } from "./dom.js";
import { municipalities } from "./municipality.js";
import { fillDots, pad } from "./pad.js";
import { named, row, table } from "./parts.js";
import { verified, verify } from "./verifying.js";

/** Of an application, as the core counts them. */
export const STEPS = ["StepTerms", "StepKind", "StepPin", "StepCard", "StepHolder", "StepMunicipality", "StepPreview"];

const KINDS = { domestic: ["Domestic", "DomesticHome"], abroad: ["Abroad", "AbroadHome"] };

const title = (said) => el("h1", { tabindex: "-1", text: said });
const lead = (said) => el("p.lead", { text: said });
const note = (said) => el("p.note", { text: said });
const go = (label, press) => el("div.choices", {}, button("primary", label, press));
/** Between two sentences, where the language has something there. */
const apart = () => (["en", "ko"].includes(currentLanguage()) ? " " : null);

const noticesOf = (notices) => (notices.length
  ? el("section.notices", {}, el("h2", { text: text("Notices") }), ...notices.map((notice) => el("p", { text: localized(notice) }))) : null);

/** What happened, what to do, and the code. */
const told = ({ code, happened, advice }, role) => [
  el("div.warning", { role }, el("p.happened", { text: happened }), apart(), el("p.advice", { text: advice })),
  el("p.code", { text: `${text("ProblemCodeLabel")}: ${code}` }),
];

const SCREENS = {
  locked: () => [title(text("UnlockTitle"))],

  working: () => [title(text("Working")), el("div.busy")],

  certificates: ({ people, damaged }, { press, wire, opensByPassphrase }) => [
    title(text("ListTitle")),
    damaged ? el("div.warning", {}, el("p.happened", { text: text("Damaged") }), el("p", { text: text("DamagedText", { count: damaged }) }),
      el("div.choices", {}, button("secondary", text("DamagedRemove"), () => askToGiveUp(press)))) : null,
    ...(people.length ? people.map((person) => belongings(person, press)) : [el("div.empty", {}, lead(text("ListEmpty")), note(text("ListEmptyText")))]),
    el("div.choices.main", {},
      button("primary", text(people.length ? "IssueAnother" : "IssueNew"), () => press("issue")),
      button("secondary", text("VerifyOther"), () => press("verify")),
      opensByPassphrase ? button("plain", text("ChangePassphrase"), () => change(wire)) : null),
  ],

  service: ({ programmes, notices }, { press }) => [
    title(text("IssueNew")), lead(text("ServiceHome")),
    el("div.list", {}, ...programmes.map(({ id, name }) => el("button.choice", { type: "button", press: () => press("programme", id) }, el("strong", {}, named(name))))),
    noticesOf(notices),
  ],

  terms: ({ programme, notices }, { press }) => [
    title(text("TermsTitle")), el("p.lead", {}, named(programme.name)),
    el("ul.conditions", {}, ...["TermsSelf", "TermsReads", "TermsAsks", "TermsPassport", "TermsKeeps", "TermsShows"].map((key) => el("li", { text: text(key) }))),
    noticesOf(notices),
    go(text("Agree"), () => press("agree")),
  ],

  kinds: ({ kinds, chosen }, { press }) => {
    const wanted = new Set(chosen);
    const fault = el("p.fault", { role: "alert" });
    const switches = kinds.map((kind) => {
      const [name, what] = KINDS[kind];
      const state = el("span.state", { "aria-hidden": "true" });
      const self = el("button.switch", { type: "button", role: "switch", id: `kind-${kind}`, "aria-describedby": `what-${kind}` },
        el("strong", { text: text(name) }), state, el("span.knob", { "aria-hidden": "true" }));
      const say = () => {
        self.setAttribute("aria-checked", String(wanted.has(kind)));
        state.textContent = text(wanted.has(kind) ? "On" : "Off");
      };
      self.addEventListener("click", () => {
        if (!wanted.delete(kind)) wanted.add(kind);
        fault.textContent = "";
        say();
      });
      say();
      return el("div.option", {}, self, el("p.note", { id: `what-${kind}`, text: text(what) }));
    });
    return [
      title(text("KindsTitle")), kinds.length > 1 ? lead(text("KindsText")) : null, el("div.options", {}, ...switches), fault,
      go(text("Next"), () => {
        if (wanted.size) press("kinds", kinds.filter((kind) => wanted.has(kind)));
        else fault.textContent = text("KindsNone");
      }),
    ];
  },

  pin: ({ remaining }, { press }) => [
    title(text("EnterPinTitle")),
    remaining === undefined ? null : remaining === 1
      ? el("div.warning", { role: "alert" }, el("strong", { text: text("LastTryTitle") }), el("p", { text: text("LastTry") }))
      : lead(text("TriesLeft", { remaining })),
    pad(press, 4),
    note(text("EnterPinHelp")),
  ],

  "tap-card": () => [title(text("TapTitle")), picture("place"), el("p.strong", { text: text("TapText") }), note(text("PlaceCardHelp"))],

  "last-try": (_, { press }) => [
    title(text("LastTryTitle")),
    el("div.warning", { role: "alert" }, el("p.happened", { text: text("LastTry") }), apart(), el("p.advice", { text: text("LastTryAsk") })),
    go(text("LastTrySend"), () => press("go")),
  ],

  reading: () => [title(text("ReadingTitle")), el("div.busy"), lead(text("Reading"))],

  person: ({ name, birth_date, sex, address, card }, { press }) => [
    title(text("HolderTitle")),
    card ? el("div.warning.call", { role: "status" }, picture("take"), el("p.happened", { text: text("TakeHome") })) : null,
    note(text("HolderText")),
    el("section.card", {}, el("dl", {},
      row(text("Name"), name, "ja"), row(text("BirthDate"), date(birth_date)),
      row(text("Sex"), text({ male: "SexMale", female: "SexFemale" }[sex] ?? "SexOther")), row(text("Address"), address, "ja"))),
    note(text("HolderWrong")),
    el("div.choices", {}, button("primary", text("Right"), (event) => {
      if (event.currentTarget.getAttribute("aria-disabled") !== "true") press("go");
    }, { "aria-disabled": String(card) })),
  ],

  passport: ({ domestic }, { press, wire, serial }) => [
    title(text("PassportTitle")), page(), el("p.strong", { text: text("PassportText") }),
    chooser(wire, serial, { accept: "image/jpeg,image/png", file: "ChooseFile", shoot: "Shoot", refused: "PictureRefused", guide: true }),
    note(text("PassportPrivate")),
    domestic ? el("div.choices", {}, button("secondary", text("PassportGiveUp"), () => press("without"))) : null,
  ],

  "passport-reading": () => [title(text("PassportReading")), el("div.busy")],

  "passport-check": ({ romanised_name, number, birth_date, nationality, domestic }, { press }) => [
    title(text("PassportCheckTitle")), note(text("PassportCheckText")),
    el("section.card", {}, el("dl", {},
      row(text("PassportName"), romanised_name.replace("  ", " "), "en"), row(text("PassportNumber"), number, "en"),
      row(text("BirthDate"), date(birth_date)), row(text("Nationality"), nationality, "en"))),
    el("div.choices", {}, button("primary", text("Right"), () => press("go")), button("secondary", text("PassportAgain"), () => press("back")),
      domestic ? button("secondary", text("PassportGiveUp"), () => press("without")) : null),
  ],

  municipality: (screen, { press }) => [title(text("ChooseMunicipalityTitle")), lead(text("ChooseMunicipality")), ...municipalities(screen, press)],

  preview: ({ previews, failed }, { press }) => [
    title(text("ReviewTitle")),
    ...failed.map((one) => el("section.failed", {}, el("h2", { text: text(KINDS[one.kind][0]) }), ...told(one, "alert"))),
    ...previews.map(proposal),
    note(text("ReviewWrong")),
    go(text(previews.length > 1 ? "IssueBoth" : "IssueOne"), () => press("go")),
  ],

  issuing: () => [title(text("IssuingTitle")), el("div.busy"), lead(text("Issuing"))],

  certificate,

  delete: ({ entry, holder }, { press }) => [
    title(text("RemoveTitle")),
    el("section.card", {}, el("dl", {},
      row(text("Name"), holder.name, "ja"), row(text("Kind"), text(KINDS[entry.kind][0])), row(text("IssuedOn"), date(entry.issued_on)))),
    el("p.strong", { text: text("RemoveText") }),
    el("div.choices", {}, button("secondary", text("RemoveNo"), () => press("back")), button("primary danger", text("RemoveYes"), () => press("go"))),
  ],

  verify,
  verified,

  problem: ({ code, happened, advice, mismatch, kind, says, then }, { press }) => [
    title(text(code === "cancelled" || then === "on" ? "ProblemTitle" : "ProblemStopped")),
    kind ? lead(text(KINDS[kind][0])) : null,
    ...told({ code, happened, advice }, "alert"),
    mismatch ? note(`${text("Mismatch")}: ${text(`mismatch/${mismatch}`)} (${mismatch})`) : null,
    says?.hours ? lead(text("Hours", says.hours)) : null,
    says?.words ? lead(localized(says.words)) : null,
    then === "wait" ? null : go(text(then === "on" ? "Understood" : "ToList"), () => press("understood")),
  ],
};

export function draw(screen, line) {
  return SCREENS[screen.screen](screen, line).filter(Boolean);
}

/** What changes while a screen stands. */
export function update(screen) {
  if (screen.screen === "pin") fillDots(screen.entered);
}

/** Ends what runs on a screen that goes. */
export function leave() {
  closeCamera();
  stopClock();
}

/** What is taken away is gone: asked back. */
function askToGiveUp(press) {
  dialog(text("DamagedRemove"), (close) => [
    el("p", { text: text("DamagedRemoveText") }),
    el("div.choices", {},
      button("secondary", text("RemoveNo"), close, { autofocus: true }),
      button("primary danger", text("RemoveYes"), () => { press("give-up"); close(); })),
  ]);
}

/** Somebody's certificates in the list. */
function belongings({ holder, certificates }, press) {
  const items = certificates.map((entry) => {
    const own = currentLanguage() === "ja" || currentLanguage() === "zh";
    return el("li", {}, el(`button.entry.${entry.kind}`, { type: "button", press: () => press("open", entry.id) },
      el("strong", { text: text(KINDS[entry.kind][0]) }), entry.lapses ? el("span.tag.lapses", { text: text("Lapses") }) : entry.older ? el("span.tag", { text: text("Older") }) : null,
      el("span", {}, entry.name ? named(entry.name) : ""),
      el("span", { text: `${text("IssuedDay", { date: date(entry.issued_on) })} · ${text("DoseCount", { count: entry.doses })}` }),
      el("span", { lang: own ? "ja" : "en", text: own ? entry.authority.name : entry.authority.name_en })));
  });
  return el("section.person", {},
    el("h2", {}, el("span", { lang: "ja", text: holder.name }), el("span.born", { text: date(holder.birth_date) })),
    el("ul.entries", {}, ...items));
}

/** What a certificate will say. */
function proposal(preview) {
  const { kind, holder, passport, authority, doses, issued_on } = preview;
  const own = ["ja", "zh"].includes(currentLanguage());
  return el(`section.card.${kind}`, {},
    el("h2", { text: text(KINDS[kind][0]) }),
    el("dl", {},
      row(text("Name"), holder.name, "ja"), row(text("BirthDate"), date(holder.birth_date)),
      ...(passport ? [row(text("PassportName"), passport.romanised_name.replace("  ", " "), "en"), row(text("Nationality"), passport.nationality, "en"),
        row(text("PassportNumber"), passport.number, "en")] : []),
      row(text("Authority"), own ? authority.name : authority.name_en, own ? "ja" : "en"), row(text("IssuedOn"), date(issued_on))),
    table(doses));
}

/** A card on its way onto the reader, or off it. */
function picture(way) {
  return el(`div.picture.${way}`, { "aria-hidden": "true" }, el("div.reader"), el("div.card"), el("div.arrow"));
}

/** A passport's photo page: the two lines at its foot are what is read. */
function page() {
  return el("div.page", { "aria-hidden": "true" }, el("div.face"), el("div.words"), el("div.zone"));
}
