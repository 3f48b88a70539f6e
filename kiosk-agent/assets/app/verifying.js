// Somebody's certificate: what it is, who signed it, whether it holds, and whom this device believes.

import { chooser } from "./camera.js";
import { button, date, el, text } from "./dom.js";
import { row } from "./parts.js";

/** By the verdict's word: what is said, why, and how it looks. */
const VERDICTS = {
  valid: ["VerdictValid", "WhyValid", "good"], unchecked: ["VerdictUnchecked", "WhyNoList", "open"], revoked: ["VerdictRevoked", "WhyRevoked", "bad"],
  expired: ["VerdictExpired", "WhyExpired", "bad"], "not-yet-valid": ["VerdictNotYetValid", "WhyNotYetValid", "bad"],
  "unknown-issuer": ["VerdictUnknownIssuer", "WhyUnknownIssuer", "open"], tampered: ["VerdictTampered", "WhyTampered", "bad"],
  malformed: ["VerdictMalformed", "WhyMalformed", "open"], unsupported: ["VerdictUnsupported", "WhyUnsupported", "open"],
};
/** By the word in `why` (`verify::codes`), where it says more than the verdict does. */
const WHYS = {
  "no-list": "WhyNoList", "old-list": "WhyOldList", "content": "WhyTampered", "issuer": "WhyTamperedIssuer", "incomplete": "WhyIncomplete", "mixed": "WhyMixed",
  "text": "WhyMalformed", "algorithm": "WhyAlgorithm", "version": "WhyVersion", "payload": "WhyPayload", "signer-certificate": "WhySignerCertificate",
};
/** Whose dates, or whose revocation. */
const WHOSE = { "document": "WhoseDocument", "signer": "WhoseSigner", "csca": "WhoseCsca" };
/** By the code of a note. */
const NOTES = {
  "not-before-fraction": "NoteFraction", "signer-profile": "NoteProfile", "dose-after-signing": "NoteAfterSigning", "dose-in-future": "NoteFuture",
  "revocations-as-of": "RevokedAsOf",
};
/** Told by a mark too, not by colour alone. */
const MARKS = { good: "✓", bad: "✕", open: "?" };
const KINDS = { "smart-health-card": "SMART Health Card", "vds-nc": "VDS-NC", "smart-health-link": "SMART Health Link", "eu-dcc": "EU Digital COVID Certificate" };
const LARGEST_TEXT = 65_536;

/** A day of RFC 3339, as it is written here. */
const day = (moment) => date(moment.slice(0, 10));

export function verify(_, { wire, serial }) {
  const fault = el("p.fault", { id: "text-fault", role: "alert" });
  const field = el("textarea", { id: "code-text", rows: "4", spellcheck: "false", autocapitalize: "none", autocomplete: "off", maxlength: String(LARGEST_TEXT), "aria-describedby": "text-fault" });
  const submit = async (event) => {
    event.preventDefault();
    fault.textContent = "";
    if (!field.value.trim()) {
      fault.textContent = text("VerifyNothing");
      return field.focus();
    }
    const headers = { ...wire.headers, "Content-Type": "text/plain", "Screen-Serial": String(serial) };
    const answer = await fetch("/picture", { method: "POST", headers, body: field.value }).catch(() => null);
    if (!answer?.ok && answer?.status !== 409) fault.textContent = text("UnlockFailed");
  };
  const form = el("form", { novalidate: true }, el("div.field", {}, el("label", { for: "code-text", text: text("VerifyString") }), field), fault,
    el("div.choices", {}, el("button.secondary", { text: text("VerifyGo") })));
  form.addEventListener("submit", submit);
  return [
    el("h1", { tabindex: "-1", text: text("VerifyTitle") }),
    el("p.lead", { text: text("VerifyText") }),
    chooser(wire, serial, { accept: "image/jpeg,image/png,application/pdf", file: "ChoosePage", shoot: "Shoot", refused: "PageRefused", guide: false }),
    form,
  ];
}

export function verified({ found, trust }, { press }) {
  return [
    el("h1", { tabindex: "-1", text: text("ReportTitle") }),
    age(trust),
    ...(found.length ? found.map(report) : [el("section.verdict.open", {}, el("h2", {}, mark("open"), text("NoCode")), el("p", { text: text("NoCodeText") }))]),
    el("div.choices.main", {}, button("primary", text("VerifyAgain"), () => press("back"))),
    listOf(trust),
  ];
}

/** A warning beside the verdicts where our own issuer's revocations are not of today. */
function age(trust) {
  const center = trust?.center;
  if (!center?.old) return null;
  return el("p.warning", { id: "trust-age", text: center.fetched ? text("TrustOld", { date: day(center.fetched) }) : text("TrustNever") });
}

const mark = (look) => el("span.mark", { "aria-hidden": "true", text: MARKS[look] });

/** What is to be said of one code. */
function report({ kind, verdict, why, claimed_issuer, signer, content, notes }) {
  const [said, usual, look] = VERDICTS[verdict] ?? VERDICTS.malformed;
  const whose = { revoked: true, expired: true, "not-yet-valid": true }[verdict] ? WHOSE[why] : null;
  // ICAO's format has no list of single documents.
  const known = verdict === "valid" && kind === "vds-nc" ? "WhyValidSigner" : usual;
  const because = verdict === "tampered" && why === "signer" ? "WhyTamperedSigner" : WHYS[why] ?? known;
  const noted = [...new Map(notes.map((note) => [note.code, note])).values()].filter(({ code }) => NOTES[code]);
  return el(`section.verdict.${look}`, { "data-verdict": verdict },
    el("h2", {}, mark(look), text(said)),
    el("p", { text: text(because) }),
    el("dl", {},
      row(text("Kind"), KINDS[kind] ?? "–", "en"),
      ...(whose ? [row(text("About"), text(whose))] : []),
      ...(signer ? signed(signer) : claimed_issuer ? [row(text("Claimed"), claimed_issuer, "en")] : [])),
    content ? says(content) : null,
    noted.length ? el("div", {}, el("h3", { text: text("NotesTitle") }),
      el("ul", {}, ...noted.map((note) => el("li", { text: text(NOTES[note.code], note.day ? { date: date(note.day) } : {}) })))) : null);
}

function signed(signer) {
  const name = (id) => (signer.name ? `${signer.name} (${id})` : id);
  if (signer.issuer) return [row(text("SignedBy"), name(signer.issuer)), row(text("SigningKey"), signer.kid, "en")];
  return [
    row(text("SignedBy"), name(signer.country)), row(text("SignerSubject"), signer.subject, "en"), row(text("Serial"), signer.serial, "en"),
    row(text("CscaLabel"), signer.csca, "en"), row(text("Fingerprint"), signer.csca_sha256, "en"),
  ];
}

/** What a document says: shown only if somebody on the trust list signed it. */
function says(content) {
  const name = content.name ?? [content.family_name, ...(content.given_names ?? [])].filter(Boolean).join(" ");
  const doses = (content.doses ?? []).map((dose, index) => el("li", {},
    el("h4", {}, el("span.number", { text: text("DoseTitle", { number: dose.number ?? index + 1 }) }), " ", el("span.day", { text: date(dose.date) })),
    el("dl", {},
      row(text("Product"), dose.product ?? coded(dose), "en"), ...(dose.lot ? [row(text("DoseLot"), dose.lot, "en")] : []),
      ...(dose.country ? [row(text("Country"), dose.country, "en")] : []), ...(dose.performer ?? dose.center ? [row(text("Authority"), dose.performer ?? dose.center)] : []))));
  return el("div.content", {},
    el("h3", { text: text("Content") }),
    el("dl", {},
      ...(name ? [row(text("Name"), name, "ja")] : []), ...(content.birth_date ? [row(text("BirthDate"), date(content.birth_date))] : []),
      ...(content.travel_document ? [row(text("PassportNumber"), content.travel_document, "en")] : [])),
    doses.length ? el("ol.doses", { "aria-label": text("Doses") }, ...doses) : null,
    el("p.note", { text: text("SeeDocument") }));
}

const joined = (...parts) => parts.filter(Boolean).join(" · ");

/** A vaccine's code with its system's name (SMART Health Cards name no product). */
function coded({ system, code }) {
  const known = { cvx: "CVX", "icd-11": "ICD-11", gtin: "GTIN" };
  const name = Object.keys(known).find((part) => system.toLowerCase().includes(part));
  return name ? `${known[name]} ${code}` : code;
}

/** Whom this device believes. */
function listOf(trust) {
  const named = (id, name) => el("h4", { text: name ? `${name} (${id})` : id });
  const issuers = (trust?.card_issuers ?? []).map(({ url, name, keys, revoked, fetched }) => el("li", {}, named(url ?? "*", name),
    el("dl", {},
      ...keys.map((key) => row(text("SigningKey"), key, "en"))),
    el("p.note", { text: joined(
      revoked.length ? text("TrustRevoked", { count: revoked.reduce((sum, list) => sum + list.cards, 0) }) : null,
      fetched ? text("TrustFetched", { date: date(fetched) }) : null) })));
  const countries = (trust?.countries ?? []).map(({ code, name, cscas, revoked }) => el("li", {}, named(code, name),
    ...cscas.map((csca) => el("dl", {},
      row(text("CscaLabel"), csca.subject, "en"), row(text("Fingerprint"), csca.sha256, "en"), row(text("Validity"), text("TrustUntil", { date: day(csca.not_after) })))),
    ...revoked.map((list) => el("p.note", { text: joined(text("TrustRevoked", { count: list.signers }), text("TrustUntil", { date: day(list.next_update) })) }))));
  return el("section.card.trust", {},
    el("h2", { text: text("Trust") }),
    el("p.note", { text: text(issuers.length || countries.length ? "TrustText" : "TrustNone") }),
    issuers.length ? el("div", {}, el("h3", { text: text("TrustCards") }), el("ul", {}, ...issuers)) : null,
    countries.length ? el("div", {}, el("h3", { text: text("TrustCountries") }), el("ul", {}, ...countries)) : null);
}
