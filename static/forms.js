// What the pages with plain forms need. They work without it.
"use strict";

const PATIENCE_MS = 30_000;
let sent = null;

// One press is one request: buttons show that it is under way (app.css) and refuse a second one,
// until the answer must have come. Who stops the page may press again then.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.ariaBusy) return event.preventDefault();
  form.ariaBusy = "true";
  sent = form;
  setTimeout(() => (form.ariaBusy = null), PATIENCE_MS);
});

// What was typed into another form would be lost with the page.
window.addEventListener("beforeunload", (event) => {
  const isTyped = (text) => text.value !== text.defaultValue && text.form !== sent;
  if ([...document.querySelectorAll("textarea")].some(isTyped)) event.preventDefault();
});

// The browser may come back to the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) form.ariaBusy = null;
  sent = null;
});

// Chooses the browser's own time zone where the person has not chosen one yet.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

for (const select of document.querySelectorAll("select[data-browser-zone]")) {
  const renamed = JSON.parse(select.dataset.browserZone); // Browsers keep names like Europe/Kiev.
  const name = renamed[timeZone] ?? timeZone;
  if ([...select.options].some((option) => option.value === name)) select.value = name;
}
