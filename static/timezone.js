// Chooses the browser's own time zone where the person has not chosen one yet.
"use strict";

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

for (const select of document.querySelectorAll("select[data-browser-zone]")) {
  if (!timeZone) break;
  const isListed = [...select.options].some((option) => option.value === timeZone);
  if (!isListed) select.add(new Option(timeZone, timeZone)); // An old name; the server knows it too.
  select.value = timeZone;
}
