// Improves pages with plain forms, which also work without it.
"use strict";

const PATIENCE_MS = 30_000;
let sent = null;

// One press makes one request: while it is under way, the form shows that (app.css) and refuses a
// second one. After a while it can be sent again, in case the page load was stopped.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.ariaBusy) return event.preventDefault();
  form.ariaBusy = "true";
  sent = form;
  setTimeout(() => (form.ariaBusy = null), PATIENCE_MS);
});

// Some pages take a while to be made: whoever asks for another one is told that it is under way.
for (const event of ["click", "submit"]) {
  document.addEventListener(event, ({ target }) => {
    const asked = event === "submit" ? target : target.closest("a");
    const choices = asked?.closest("[data-working]");
    if (choices) choices.querySelector("[role=status]").textContent = choices.dataset.working;
  });
}

// On a page that stays, the next press is another one.
document.addEventListener("htmx:finally:request", ({ target }) => (target.ariaBusy = null));

// A form that somebody has begun stays as it is when a poll changes the page around it, and with its
// part of the page where the new one has no such form.
document.addEventListener("input", ({ target: { form } }) => form?.setAttribute("hx-morph-skip", ""));

document.addEventListener("htmx:before:swap", ({ detail: { tasks } }) => {
  const loses = ({ type, target, fragment }) =>
    type === "oob" &&
    [...target.querySelectorAll("[hx-morph-skip]")].some(({ id }) => !fragment.querySelector(`#${id}`));
  tasks.splice(0, tasks.length, ...tasks.filter((task) => !loses(task)));
});

// Text typed into another form would be lost with the page.
window.addEventListener("beforeunload", (event) => {
  const isTyped = (text) => text.value !== text.defaultValue && text.form !== sent;
  if ([...document.querySelectorAll("textarea")].some(isTyped)) event.preventDefault();
});

// The browser may restore the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) form.ariaBusy = null;
  for (const status of document.querySelectorAll("[data-working] [role=status]")) status.textContent = "";
  sent = null;
});

// Preselects the browser's time zone if the person has not chosen one yet.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

for (const select of document.querySelectorAll("select[data-browser-zone]")) {
  const renamed = JSON.parse(select.dataset.browserZone); // Browsers keep names like Europe/Kiev.
  const name = renamed[timeZone] ?? timeZone;
  if ([...select.options].some((option) => option.value === name)) select.value = name;
}

// A box that ticks all boxes of one name in its form.
for (const all of document.querySelectorAll("[data-ticks]")) {
  all.closest("label").hidden = false;
  all.addEventListener("change", () => {
    for (const box of all.form.querySelectorAll(`[name="${all.dataset.ticks}"]`)) {
      box.checked = all.checked;
    }
  });
}
