// What the pages with plain forms need. They work without it.
"use strict";

// One press is one request: buttons show that it is under way (app.css) and refuse a second one.
document.addEventListener("submit", (event) => {
  if (event.target.ariaBusy) event.preventDefault();
  event.target.ariaBusy = "true";
});

// The browser may come back to the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) form.ariaBusy = null;
});

// Chooses the browser's own time zone where the person has not chosen one yet.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

for (const select of document.querySelectorAll("select[data-browser-zone]")) {
  if (!timeZone) break;
  const isListed = [...select.options].some((option) => option.value === timeZone);
  if (!isListed) select.add(new Option(timeZone, timeZone)); // An old name; the server knows it too.
  select.value = timeZone;
}
