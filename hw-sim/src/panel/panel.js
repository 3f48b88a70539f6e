// The secret comes in the address and leaves it at once; a reload finds it in this tab alone.
const given = location.hash.slice(1);
if (given) {
  sessionStorage.setItem("secret", given);
  history.replaceState(null, "", location.pathname);
}
const authorization = { Authorization: `Bearer ${sessionStorage.getItem("secret") ?? ""}` };
const KEPT = 1000;
const HEX = (value, digits) => value.toString(16).toUpperCase().padStart(digits, "0");
const WHY = {
  "no-such-slot": "There is no such slot.",
  "no-such-persona": "There is no card of this persona.",
  "card": "The card's folder is damaged.",
  "in-use": "This card is in use on a slot.",
  "no-card": "There is no card on this slot.",
  "no-reader": "No virtual reader there. Is pcscd running with its driver?",
  "request-too-long": "Too much at a time.",
  "malformed": "This is not a fault: look at its value and its position.",
};

const PRESENTED = {
  "text 0011": "PIN",
  "text 0014": "照合番号A",
  "text 0015": "照合番号B",
  "surface 0011": "birth date",
  "jpki 0018": "PIN for authentication",
  "jpki 001B": "password for signatures",
};
// On every card, and nothing that anybody did.
const ISSUED_BLOCKED = "text 0012";

const find = (selector, within = document) => within.querySelector(selector);
const connection = find("#connection");
const problem = find("#problem");

function tell(text) {
  problem.hidden = !text;
  problem.textContent = text ?? "";
}

async function control(request) {
  const response = await fetch("/control", { method: "POST", headers: authorization, body: JSON.stringify(request) });
  if (response.status === 400) throw new Error(WHY.malformed);
  if (response.status === 413) throw new Error(WHY["request-too-long"]);
  if (response.status === 401) throw new Error("The secret is not right: open the address that hw-sim printed.");
  if (!response.ok) throw new Error("The emulator does not answer.");
  const replies = await response.json();
  const refused = replies.find((reply) => reply.reply === "refused");
  if (refused) throw new Error(WHY[refused.because] ?? refused.because);
  return replies;
}

/** Does what was asked for, shows what came of it, and says what went wrong. */
async function act(request) {
  try {
    await control(request);
    tell();
  } catch (error) {
    tell(error.message);
  }
  await refresh();
}

const insert = (persona, slot) => act({ command: "insert", persona, slot });

const cards = new Map();
const slots = new Map();

function addCard({ persona, remark }) {
  const card = find("#card-template").content.cloneNode(true).firstElementChild;
  find(".name", card).textContent = persona;
  find(".remark", card).textContent = remark;
  for (const button of card.querySelectorAll("[data-slot]")) {
    button.setAttribute("aria-label", `Put ${persona} on slot ${button.dataset.slot}`);
    button.addEventListener("click", () => insert(persona, Number(button.dataset.slot)));
  }
  const reset = find(".reset", card);
  reset.setAttribute("aria-label", `Reset the tries of ${persona}`);
  reset.addEventListener("click", () => act({ command: "reset-tries", persona }));
  card.addEventListener("dragstart", (event) => {
    event.dataTransfer.setData("text/plain", persona);
    event.dataTransfer.effectAllowed = "move";
  });
  cards.set(persona, card);
  find("#card-list").append(card);
}

function addSlot(number) {
  const slot = find("#slot-template").content.cloneNode(true).firstElementChild;
  slot.id = `slot-${number}`;
  find("h3", slot).textContent = `Slot ${number}: Virtual PCD 00 0${number}`;
  const place = find(".place", slot);
  place.setAttribute("aria-label", `Slot ${number}`);
  place.addEventListener("dragover", (event) => { event.preventDefault(); place.classList.add("over"); });
  place.addEventListener("dragleave", () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    place.classList.remove("over");
    const persona = event.dataTransfer.getData("text/plain");
    if (cards.has(persona)) insert(persona, number);
  });
  find(".remove", slot).addEventListener("click", () => act({ command: "remove", slot: number }));
  find(".clear", slot).addEventListener("click", () => act({ command: "fault", slot: number, clear: true }));
  const form = find("form", slot);
  for (const [select, field] of [["kind", "value"], ["position", "where"]]) {
    const input = form.elements[field];
    form.elements[select].addEventListener("change", (event) => {
      const { hint } = event.target.selectedOptions[0].dataset;
      const label = input.closest("label");
      label.hidden = !hint;
      input.required = Boolean(hint);
      find("span", label).textContent = hint ?? "";
      input.value = "";
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { kind, value, position, where, times } = form.elements;
    const at = position.value && `@${position.value}${where.value.trim()}`;
    const fault = `${kind.value}${kind.value.endsWith("=") ? value.value.trim() : ""}${at},times=${times.value}`;
    act({ command: "fault", slot: number, add: [fault] });
  });
  find("#slot-list").append(slot);
  slots.set(number, slot);
}

function show({ slot: number, persona, noticed, tries, faults }) {
  if (!slots.has(number)) addSlot(number);
  const slot = slots.get(number);
  find(".place", slot).classList.toggle("occupied", Boolean(persona));
  const lies = persona && !noticed ? `${persona} (the reader has not noticed it)` : persona;
  setText(find(".lies", slot), lies ?? "Empty: drop a card here");
  find(".remove", slot).disabled = !persona;
  find("form button[type=submit]", slot).disabled = !persona;
  find(".clear", slot).disabled = !persona || faults.length === 0;
  const left = Object.entries(tries).flatMap(([ap, of]) => Object.entries(of).map(([ef, count]) => [`${ap} ${ef}`, count]));
  find(".tries", slot).replaceChildren(...left.map(([name, count]) => {
    const row = document.createElement("div");
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    const usual = name === ISSUED_BLOCKED;
    row.classList.toggle("none", count === 0 && !usual);
    term.textContent = [name, PRESENTED[name]].filter(Boolean).join(": ");
    value.textContent = usual ? "issued blocked" : count === 0 ? "blocked" : count === 1 ? "1 try" : `${count} tries`;
    row.append(term, value);
    return row;
  }));
  find(".faults", slot).replaceChildren(...faults.map((fault) => {
    const item = document.createElement("li");
    item.textContent = fault;
    return item;
  }));
}

/** Leaves what is the same alone, so that a screen reader does not say it again. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

async function refresh() {
  try {
    const replies = await control({ command: "status" });
    replies.forEach(show);
    const there = new Set(replies.map((reply) => reply.persona));
    for (const [persona, card] of cards) card.classList.toggle("there", there.has(persona));
    setText(connection, "Connected");
  } catch (error) {
    setText(connection, error.message);
  }
}

function line(event) {
  switch (event.event) {
    case "apdu": {
      const header = event.header.map((byte) => HEX(byte, 2)).join(" ");
      const sent = event.sent ? `Lc ${event.sent}` : "";
      const expected = event.expected ? `Le ${event.expected}` : "";
      const status = event.status ? HEX(event.status, 4) : "none";
      return [`${header}  ${sent.padEnd(6)} ${expected.padEnd(8)} ${String(event.received).padStart(5)}  ${status}`,
        event.status === 0x9000 ? "done" : "refused"];
    }
    case "fault": return [`fault ${event.fault}`, "fault"];
    case "malformed": return [`${event.length} bytes that are no command`, "refused"];
    default: return [event.event.replace("-", " "), "event"];
  }
}

/** Server-sent events, read by hand: an EventSource cannot carry the secret but in its address. */
async function follow() {
  for (;;) {
    try {
      const response = await fetch("/trace", { headers: authorization });
      if (response.status === 503) tell("Too many of these pages are open: this one shows no trace.");
      if (!response.ok) throw new Error("no trace");
      if (slots.size === 0) await refresh();
      for (const slot of slots.values()) find("ol", slot).replaceChildren();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (text + value).split("\n\n");
        text = parts.pop();
        append(parts.map((part) => JSON.parse(part.replace(/^data: /, ""))));
        scheduleRefresh();
      }
    } catch {
      // The emulator has gone; the next turn tells whether it is back.
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
}

function append(events) {
  for (const [number, slot] of slots) {
    const items = events.filter((event) => event.slot === number).map((event) => {
      const item = document.createElement("li");
      [item.textContent, item.className] = line(event);
      return item;
    });
    if (items.length === 0) continue;
    const list = find("ol", slot);
    list.append(...items);
    while (list.childElementCount > KEPT) list.firstElementChild.remove();
    list.scrollTop = list.scrollHeight;
  }
}

let scheduled;
function scheduleRefresh() {
  clearTimeout(scheduled);
  scheduled = setTimeout(refresh, 50);
}

try {
  (await control({ command: "cards" })).forEach(addCard);
} catch (error) {
  tell(error.message);
}
await refresh();
follow();
setInterval(refresh, 2000);
