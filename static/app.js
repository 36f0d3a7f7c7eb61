// Keeps an open dashboard true: it asks when something is due, stays silent while hidden, and
// says so when it cannot ask. htmx does the requests and the swaps.
"use strict";

const MOMENT_PASSED_MS = 50; // So that the server's clock has passed the moment too.
const SPREAD_MS = 1000; // Not every dashboard asks in the same instant.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const lists = document.getElementById("sessions");
const connection = document.getElementById("connection");
let nextDue;

function askNow() {
  htmx.trigger(lists, "poll-now");
}

// The lists say in how many milliseconds the next of them changes by the clock.
function planNextDue() {
  clearTimeout(nextDue);
  const dueIn = document.getElementById("sessions-state").dataset.dueIn;
  if (dueIn === undefined) return;
  const delay = Math.max(0, Number(dueIn)) + MOMENT_PASSED_MS + Math.random() * SPREAD_MS;
  nextDue = setTimeout(askNow, Math.min(delay, LONGEST_TIMER_MS));
}

function isPoll(event) {
  return event.detail.ctx.sourceElement === lists;
}

document.addEventListener("htmx:before:request", (event) => {
  if (!isPoll(event)) return;
  if (document.hidden) {
    event.preventDefault();
    return;
  }
  // A request that waited in the queue must say what the page shows now, not what it showed then.
  for (const field of document.querySelectorAll("#sessions-state input")) {
    event.detail.ctx.request.body.set(field.name, field.value);
  }
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) askNow();
});
window.addEventListener("online", askNow);

function report(event, what) {
  console.error("session poll failed:", what);
  if (isPoll(event)) {
    connection.textContent = "Not connected just now. This page shows what it last knew and keeps trying.";
    connection.hidden = false;
  } else {
    const message = document.createElement("p");
    message.className = "message is-error";
    message.textContent = "That could not be sent. Nothing is known to have changed; please try again.";
    document.getElementById("notice").replaceChildren(message);
  }
}

document.addEventListener("htmx:error", (event) => report(event, event.detail.error));
document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx.response.status;
  if (status >= 500) report(event, `the server answered ${status}`);
});

document.addEventListener("htmx:after:request", (event) => {
  if (isPoll(event) && event.detail.ctx.response.status < 400) connection.hidden = true;
});
document.addEventListener("htmx:after:swap", (event) => {
  if (isPoll(event)) planNextDue();
});

window.addEventListener("session-status-updated", (event) => {
  for (const update of event.detail.updates) console.info("session-status-updated", update);
});

planNextDue();
