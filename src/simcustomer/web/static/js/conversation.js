// The conversation: sends replies, shows them at once, follows the event stream, keeps drafts.
//
// The server draws every message, the meter and the curve. When something has happened this module asks for the page
// again and takes over the parts marked data-live. Text that comes as JSON is only ever set as textContent.

import { bursts } from "./bursts.js";
import { following } from "./follow.js";
import { recall, remember } from "./memory.js";

const main = document.querySelector("main[data-conversation]");
const id = main.dataset.conversation;
const texts = main.dataset;
const api = `/api/v1/conversations/${id}`;
const DRAFT = `draft:${id}`;
const HINTS = "hints";
const OPENED = "opened";
const find = (selector) => document.querySelector(selector);
const log = find(".log");
const scroller = find(".scroller");
const jump = find(".jump");
const form = find("#composer");
const box = find("#draft");
const status = find("#status");
const announce = find("#announce");
const { toEnd, settle } = following(scroller, jump);
const burst = bursts(log, () => drawn("writing"), (text) => {
  announce.textContent = text;
  settle();
  sayWriting();
});
jump.addEventListener("click", () => {
  toEnd();
  box?.focus();
});

// ---- taking over what the server drew --------------------------------------------------------

let asked = 0;
let leaving = false;

async function refresh() {
  const mine = ++asked;
  let page;
  try {
    const response = await fetch(`/c/${id}`, { headers: { Accept: "text/html" } });
    if (!response.ok) return false;
    page = new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    return false;
  }
  if (mine !== asked || leaving) return true;
  const fresh = page.querySelector("main[data-conversation]");
  if (!fresh) return false;
  if (fresh.dataset.open !== main.dataset.open) {
    // The conversation has ended, or was opened again: other controls belong on the page.
    if (fresh.dataset.open === "false") remember(DRAFT, "");
    location.reload();
    return true;
  }
  const focused = document.activeElement?.id;
  const arrived = sameBranch(fresh) && Number(fresh.dataset.turns) > Number(main.dataset.turns);
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next) continue;
    const open = [...part.querySelectorAll("details")].map((details) => details.open);
    const kept = part === log ? localBubbles(fresh, next) : [];
    part.replaceChildren(...next.childNodes, ...kept);
    part.toggleAttribute("data-empty", next.hasAttribute("data-empty"));
    [...part.querySelectorAll("details")].forEach((details, i) => { details.open = open[i] ?? details.open; });
  }
  main.dataset.cursor = fresh.dataset.cursor;
  main.dataset.turns = fresh.dataset.turns;
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
  if (arrived) burst.play(`m${main.dataset.turns * 2}`);
  else burst.draw();
  applyHints();
  settle();
  return true;
}

function sameBranch(fresh) {
  return fresh.dataset.cursor.split(".")[0] === main.dataset.cursor.split(".")[0];
}

// What only this page knows: a reply on its way that the server has not drawn yet, and those that failed.
function localBubbles(fresh, next) {
  const drawnByServer = next.querySelector("[data-pending]") || fresh.dataset.turns !== main.dataset.turns;
  const all = [...log.querySelectorAll("[data-local]")];
  return drawnByServer ? all.filter((bubble) => bubble.querySelector(".failed")) : all;
}

// ---- sending ---------------------------------------------------------------------------------

let busy = false;

function setBusy(on) {
  busy = on;
  form.toggleAttribute("data-busy", on);
  const button = form.querySelector(".send");
  button.setAttribute("aria-disabled", String(on));
  sayWriting();
}

function sayWriting() {
  status.textContent = busy || burst.heard() !== null ? texts.textWriting : "";
}

function drawn(templateId) {
  return document.getElementById(templateId).content.firstElementChild.cloneNode(true);
}

function newTurnId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// `heard` is how many messages of the customer's last line were there when this was written; null for all.
async function send(text, turnId, heard) {
  burst.rest();
  const bubble = drawn("reply");
  bubble.querySelector(".text").textContent = text;
  bubble.dataset.local = "";
  const typing = drawn("writing");
  typing.dataset.local = "";
  log.append(bubble, typing);
  toEnd();
  setBusy(true);
  hideError();
  const { turn, problem } = await post(text, turnId, heard);
  typing.remove();
  if (turn) {
    bubble.remove();
    if (recall(DRAFT)?.trim() === text) remember(DRAFT, "");
    await refresh();
  } else {
    await refresh();
    failed(bubble, text, turnId, heard, problem);
  }
  setBusy(false);
  box.focus();
}

// An error from the server in the words of this page, and its cause (in English) where that says more.
function told({ code, message }) {
  const known = document.getElementById("errors").content.querySelector(`[data-code="${CSS.escape(code)}"]`);
  if (!known) return { why: message, cause: "" };
  return { why: known.textContent, cause: "cause" in known.dataset ? message : "" };
}

// Sends one reply. Gives the turn when the answer is kept, else the problem in words.
async function post(text, turnId, heard) {
  try {
    const response = await fetch(`${api}/turns`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, client_turn_id: turnId, heard }),
    });
    const body = await response.json().catch(() => null);
    if (response.ok) return { turn: body };
    return { problem: body?.error ? told(body.error) : { why: texts.textUnreachable, cause: `${response.status}` } };
  } catch {
    return { problem: { why: texts.textUnreachable, cause: "" } };
  }
}

function failed(bubble, text, turnId, heard, problem) {
  remember(DRAFT, together(text, box.value));
  log.append(bubble);
  const note = drawn("failed");
  note.querySelector(".why").textContent = `${texts.textFailed} ${problem.why}`;
  note.querySelector(".cause").textContent = problem.cause;
  bubble.append(note);
  note.querySelector('[data-do="retry"]').addEventListener("click", () => {
    if (busy) return;
    bubble.remove();
    box.focus();
    send(text, turnId, heard);
  });
  note.querySelector('[data-do="edit"]').addEventListener("click", () => {
    bubble.remove();
    box.value = together(text, box.value);
    remember(DRAFT, box.value);
    box.focus();
  });
  settle();
}

function together(sent, typed) {
  return typed.trim() ? `${sent}\n${typed}` : sent;
}

function hideError() {
  find("#error")?.remove();
}

if (form) {
  // A reply that failed without scripts stands in the box; else the draft that was left here.
  if (!box.value) box.value = recall(DRAFT) ?? "";
  if (find("[data-pending]") && box.value === find("[data-pending] .text").textContent) box.value = "";
  for (const hidden of form.querySelectorAll(".switch, .keys")) hidden.hidden = false;
  box.removeAttribute("required");

  box.addEventListener("input", () => remember(DRAFT, box.value));
  box.addEventListener("keydown", (event) => {
    // keyCode 229 is a key that an input method still works on; Safari says so only there.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!busy) form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (busy || !text) return;
    box.value = "";
    send(text, newTurnId(), burst.heard());
  });
}

// ---- the coach -------------------------------------------------------------------------------

const hint = find("#hint");
const hintSwitch = find("#hints");
let hintedAt = "";

function applyHints() {
  if (!hint || !hintSwitch) return;
  hint.hidden = !hintSwitch.checked;
  if (hintSwitch.checked && hint.hasAttribute("data-empty") && hintedAt !== main.dataset.cursor && !busy) askHint();
}

async function askHint() {
  hintedAt = main.dataset.cursor;
  const text = find("#hint-text");
  const before = hint.hasAttribute("data-empty") ? "" : text.textContent;
  hint.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`${api}/hints`, { method: "POST" });
    const body = await response.json();
    if (response.ok && body.hint !== before) await refresh();
    else text.textContent = response.ok ? texts.textSameHint : told(body.error).why;
  } catch {
    text.textContent = texts.textUnreachable;
  }
  hint.removeAttribute("aria-busy");
}

if (hint && hintSwitch) {
  hintSwitch.checked = recall(HINTS) === "on";
  hintSwitch.addEventListener("change", () => {
    remember(HINTS, hintSwitch.checked ? "on" : "");
    applyHints();
  });
  hint.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!busy) askHint();
  });
  applyHints();
}

// ---- ending ----------------------------------------------------------------------------------

const sure = find("#sure");
const finish = find("#finish");
if (sure && finish) {
  finish.addEventListener("submit", (event) => {
    if (sure.returnValue === "yes") {
      leaving = true;
      disconnect();
      return;
    }
    event.preventDefault();
    sure.showModal();
  });
  sure.querySelector('[data-do="close"]').addEventListener("click", () => sure.close());
  sure.querySelector('[data-do="finish"]').addEventListener("click", () => {
    sure.close("yes");
    remember(DRAFT, "");
    finish.requestSubmit();
  });
}

// ---- the event stream ------------------------------------------------------------------------

// Browsers allow six connections to one host: a tab that nobody looks at holds none.
let source = null;

function connect() {
  if (source || document.hidden || main.dataset.open !== "true" || main.dataset.current !== "true") return;
  source = new EventSource(`${api}/events?after=${main.dataset.cursor}`);
  source.addEventListener("open", () => offline(false));
  source.addEventListener("reply", () => { if (!busy) refresh(); });
  source.addEventListener("affect", async () => {
    const { turns } = main.dataset;
    await refresh();
    if (main.dataset.turns !== turns) return; // the answer was quicker
    status.textContent = texts.textWriting;
    moved();
  });
  source.addEventListener("message", () => { if (!busy) refresh(); });
  source.addEventListener("hint", () => refresh());
  source.addEventListener("ended", () => { if (!busy) refresh(); });
  source.addEventListener("done", () => {
    if (busy) return;
    sayWriting();
    refresh();
  });
  source.addEventListener("error", (event) => {
    if (event.data !== undefined) return; // an answer failed: who sent the reply is told by the reply's own request
    if (source.readyState === EventSource.CLOSED) disconnect();
    offline(true);
  });
}

function disconnect() {
  source?.close();
  source = null;
}

function moved() {
  const word = find(".rail .word");
  if (word) announce.textContent = `${texts.textFeels} ${word.textContent}`;
}

let lost = 0;
const LOST_AFTER_MS = 4000;

// A short cut is no news: the browser connects again by itself.
function offline(on) {
  clearTimeout(lost);
  const note = find("#offline");
  if (!note) return;
  if (!on) {
    note.hidden = true;
    return;
  }
  lost = setTimeout(() => {
    note.querySelector("span").textContent = texts.textLost;
    note.hidden = false;
    if (!source) connect();
    offline(true);
  }, LOST_AFTER_MS);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    disconnect();
    clearTimeout(lost);
  } else {
    refresh();
    connect();
  }
});
addEventListener("online", () => { disconnect(); connect(); });
addEventListener("pagehide", disconnect);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  refresh();
  connect();
});

// The opening is sent when the conversation is begun, not when its page is loaded again.
log.dataset.drawn = "";
if ("fresh" in log.dataset && recall(OPENED) !== id) {
  remember(OPENED, id);
  if (find("#m0 [data-pause]")) burst.play("m0");
}
toEnd();
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: "center" });
if (form && matchMedia("(pointer: fine)").matches) box.focus({ preventScroll: true });
connect();
