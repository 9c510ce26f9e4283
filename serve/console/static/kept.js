"use strict";
// What was typed into a form outlives the end of a session: this tab keeps it while its
// sender signs in again, and gives it back to nobody else. Passwords and addresses,
// which may hold secrets, are typed again.

const KEPT = "streetwarden_kept";
const MOST_CHARACTERS = 20000;
const KEPT_MS = 30 * 60 * 1000;

function signedIn() {
  return document.querySelector("a.me")?.textContent ?? null;
}

// What a form is for, on whichever page it stands: its address and its fixed values.
function purpose(form) {
  const fixed = form.querySelectorAll("[type=hidden]:not([name=csrf]):not([name=version])");
  return [form.getAttribute("action"), ...[...fixed].map((one) => one.value)].join(" ");
}

function typed(form) {
  const apart = "button, [type=hidden], [type=password], [type=file], [type=url]";
  return [...form.elements].filter((one) => one.name && !one.matches(apart));
}

function read(field) {
  if (field.matches("select")) return [...field.selectedOptions].map((one) => one.value);
  return field.matches("[type=checkbox], [type=radio]") ? field.checked : field.value;
}

function write(field, value) {
  if (field.matches("select")) {
    for (const one of field.options) one.selected = value.includes(one.value);
  } else if (typeof value === "boolean") field.checked = value;
  else field.value = value;
}

function keep(event) {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("form.act")) return;
  const values = typed(form).map(read);
  const text = JSON.stringify({
    who: signedIn(), purpose: purpose(form), values, at: Date.now(), lost: false,
  });
  if (text.length <= MOST_CHARACTERS) sessionStorage.setItem(KEPT, text);
  else sessionStorage.removeItem(KEPT);
}

function giveBack() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (kept === null) return;
  if (document.querySelector("form.login")) {
    sessionStorage.setItem(KEPT, JSON.stringify({ ...kept, lost: true }));
    return;
  }
  const who = signedIn();
  if (who === null) return; // still on the way back from the city's own login
  const theirs = kept.lost && kept.who === who && Date.now() - kept.at < KEPT_MS;
  const forms = [...document.querySelectorAll("form.act")];
  const form = forms.find((one) => purpose(one) === kept.purpose);
  if (theirs && !form) return; // not at its page yet
  sessionStorage.removeItem(KEPT);
  if (!theirs) return;
  const fields = typed(form);
  if (fields.length === kept.values.length) {
    fields.forEach((field, index) => write(field, kept.values[index]));
  }
  const told = document.createElement("p");
  told.className = "no";
  told.setAttribute("role", "alert");
  told.textContent = document.body.dataset.kept;
  form.prepend(told);
  form.closest("details")?.setAttribute("open", "");
  form.scrollIntoView({ block: "center" });
}

// After the question whether one is sure, which may call it off.
window.addEventListener("submit", keep);
document.addEventListener("DOMContentLoaded", giveBack);
