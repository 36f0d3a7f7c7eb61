// Keeps an open dashboard true: it asks when something is due, stays silent while hidden, and
// says so when it cannot ask. htmx does the requests and the swaps.
"use strict";

const MOMENT_PASSED_MS = 50; // So that the server's clock has passed the moment too.
const SPREAD_MS = 1000; // Not every dashboard asks in the same instant.
const RETRY_MS = 10_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const lists = document.getElementById("sessions");
const notice = document.getElementById("notice");
const connection = document.getElementById("connection");
let nextDue;
let retry;

function askNow() {
  htmx.trigger(lists, "poll-now");
}

function askIn(milliseconds) {
  return setTimeout(askNow, Math.min(milliseconds + Math.random() * SPREAD_MS, LONGEST_TIMER_MS));
}

// The lists say in how many milliseconds, from when they were made, the next of them is due.
function planNextDue() {
  clearTimeout(nextDue);
  const { dueIn } = document.getElementById("sessions-state").dataset;
  if (dueIn !== undefined) nextDue = askIn(Math.max(0, dueIn) + MOMENT_PASSED_MS);
}

// htmx tells of a request on the element that made it.
function isPoll(event) {
  return event.target === lists;
}

function pollFailed(what) {
  console.error("session poll failed:", what);
  connection.textContent = "Not connected just now. This page shows what it last knew and keeps trying.";
  clearTimeout(retry);
  retry = askIn(RETRY_MS);
}

function actionFailed(what) {
  console.error("session action failed:", what);
  const message = document.createElement("p");
  message.className = "message is-error";
  message.textContent = "That did not work just now. Nothing is known to have changed; please try again.";
  notice.replaceChildren(message);
}

document.addEventListener("htmx:before:request", (event) => {
  if (!isPoll(event)) return;
  if (document.hidden) {
    event.preventDefault();
    return;
  }
  // A request that waited in the queue must say what the page shows now, not what it showed then.
  const fields = [...document.querySelectorAll("#sessions-state input")];
  event.detail.ctx.request.body = new URLSearchParams(fields.map(({ name, value }) => [name, value]));
});

document.addEventListener("htmx:response:error", (event) => {
  const { response, hx } = event.detail.ctx;
  if (hx.redirect) return; // Signed out: htmx leads to the sign-in page.
  const what = `the server answered ${response.status}`;
  if (isPoll(event)) pollFailed(what);
  else if (hx.retarget) console.error("session action refused:", what);
  else actionFailed(what);
});

document.addEventListener("htmx:error", (event) => {
  if (isPoll(event)) pollFailed(event.detail.error);
  else actionFailed(event.detail.error);
});

// Of failures only a sentence of our own server is shown, never a proxy's page, and the lists stay.
document.addEventListener("htmx:before:swap", (event) => {
  const { response, hx } = event.detail.ctx;
  if (response.status >= 400 && (isPoll(event) || !hx.retarget)) event.preventDefault();
});

document.addEventListener("htmx:after:request", (event) => {
  if (!isPoll(event) || event.detail.ctx.response.status >= 400) return;
  connection.textContent = "";
  clearTimeout(retry);
});

document.addEventListener("htmx:after:swap", (event) => {
  // After 204 the lists are as old as before, and so is what they say about the next due time.
  if (isPoll(event) && event.detail.ctx.response.status === 200) planNextDue();
});

// A button may change under a double click: its second half must not press what has come there.
lists.addEventListener(
  "click",
  (event) => {
    if (event.detail > 1 && event.target.closest("button")) event.preventDefault();
  },
  true,
);

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) askNow();
});
window.addEventListener("online", askNow);

window.addEventListener("session-status-updated", (event) => {
  for (const update of event.detail.updates) console.info("session-status-updated", update);
});

planNextDue();
