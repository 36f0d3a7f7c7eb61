// Keeps an open dashboard true: it asks when something is due, stays silent while hidden, tells
// what has changed and how long things take. htmx does the requests and the swaps; all texts and
// addresses come from the page.

const MOMENT_PASSED_MS = 50; // So that the server's clock has passed the moment too.
const SPREAD_MS = 1000; // Not every dashboard asks in the same instant.
const RETRY_MS = 10_000;
const SOON_MS = 1000; // After an answer that came too early; each time twice as long, to a minute.
const NO_LONGER_SOON_MS = 60_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TICK_MS = 5000;
const SLIDE_MS = 300;
const MOST_TOLD = 3; // Of more changes at once only the number is said.
const GUARD_MS = 2000;
const SPOT_PX = 32; // A hand is not still, and a finger is broad.
const LAST_PRESS = "last-press"; // In the session storage: it survives the way to the next page.
const CONTROLS = "main :is(button, a[href], summary)";

const lists = document.getElementById("sessions");
const notice = document.getElementById("notice");
const connection = document.getElementById("connection");
const changes = document.getElementById("changes");
const failure = document.createElement("p"); // Shown until the server answers again.
const texts = lists.dataset;
const language = document.documentElement.lang;
const pageTitle = document.title.replace(/^\(\d+\) /, "");
const acted = new Set(); // Sessions on which this page has acted: the answer says that already.
let nextDue;
let dueAt = Infinity; // By this machine's clock.
let soon = SOON_MS;
let retry;
let isPressed = false;
let isPutOff = false; // An answer that came meanwhile.
let clockAhead = 0; // Milliseconds by which the server's clock is ahead of this machine's.

// Asking, and what goes wrong with that.

function askNow() {
  htmx.trigger(lists, "poll-now");
}

function askIn(milliseconds) {
  return setTimeout(askNow, Math.min(milliseconds + Math.random() * SPREAD_MS, LONGEST_TIMER_MS));
}

// htmx tells of a request on the element that made it.
function isPoll(event) {
  return event.target === lists;
}

function cardOf(element) {
  return element?.closest(".card");
}

function pollFailed(what) {
  console.error("session poll failed:", what);
  connection.textContent = texts.lost;
  clearTimeout(retry);
  retry = askIn(RETRY_MS);
}

function actionFailed(what) {
  console.error("session action failed:", what);
  acted.clear();
  failure.className = "message is-error";
  failure.textContent = texts.failed;
  notice.replaceChildren(failure);
}

document.addEventListener("htmx:before:request", (event) => {
  if (!isPoll(event)) {
    acted.add(cardOf(event.target)?.id);
    event.target.closest("[popover]")?.hidePopover(); // What was typed stays in it.
    return;
  }
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
  else if (hx.retarget) {
    console.error("session action refused:", what);
    acted.delete(cardOf(event.target)?.id);
  } else actionFailed(what);
});

document.addEventListener("htmx:error", (event) => {
  if (isPoll(event)) {
    untell(event);
    pollFailed(event.detail.error);
  } else actionFailed(event.detail.error);
});

// Nothing was swapped, so nothing is told of it; the next answer tells it again.
function untell(event) {
  delete event.detail.ctx?.hx?.trigger;
}

function putOff(event) {
  event.preventDefault();
  untell(event);
  isPutOff = true;
}

// Of failures only a sentence of our own server is shown, never a proxy's page, and the lists stay.
document.addEventListener("htmx:before:swap", (event) => {
  const { response, hx } = event.detail.ctx;
  if (response.status >= 400 && (isPoll(event) || !hx.retarget)) event.preventDefault();
  else if (isPoll(event) && isPressed) putOff(event);
  else if (isPoll(event)) rememberPlaces();
});

document.addEventListener("htmx:after:request", (event) => {
  const { status } = event.detail.ctx.response;
  if (status >= 400) return;
  failure.remove();
  if (!isPoll(event)) return;
  if (status === 204) askAgainIfDue();
  if (connection.textContent) changes.textContent = texts.back;
  connection.textContent = "";
  clearTimeout(retry);
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isPoll(event) || event.detail.ctx.response.status !== 200) return;
  readState();
  guardNewUnderPointer();
  slide();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) askNow();
});
window.addEventListener("online", askNow);

// No press by accident. The second half of a double click does nothing, whatever has come to its
// place meanwhile; nor does a press on what a new list has just brought under the pointer.

// Until when presses near this place are ignored, and presses by keyboard anywhere.
let guarded = JSON.parse(sessionStorage.getItem(LAST_PRESS)) ?? { x: 0, y: 0, until: 0, keysUntil: 0 };
let pointer; // Where the mouse was last.
let before; // What was under it before a swap.

function guard(changes) {
  guarded = { ...guarded, ...changes };
  sessionStorage.setItem(LAST_PRESS, JSON.stringify(guarded));
}

// A key that presses a button makes a click that has no place and no count.
function isByKey(event) {
  return event.detail === 0;
}

function isGuarded(event) {
  const now = Date.now();
  if (isByKey(event)) return now < guarded.keysUntil;
  const distance = Math.hypot(event.clientX - guarded.x, event.clientY - guarded.y);
  return now < guarded.until && distance <= SPOT_PX;
}

// Its dialogs do not slide with a card: they are drawn on top.
function isSliding(control) {
  return control.closest(".card, dialog")?.getAnimations().some(({ id }) => id === "slide");
}

document.addEventListener(
  "click",
  (event) => {
    const control = event.target.closest(CONTROLS);
    if (!control) return;
    if (isGuarded(event) || isSliding(control)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else if (control.matches("button")) {
      const until = Date.now() + GUARD_MS;
      guard({ keysUntil: until });
      if (!isByKey(event)) guard({ x: event.clientX, y: event.clientY, until });
    }
  },
  true,
);

// A key that is held down presses once; any other key shows that the next press is meant.
document.addEventListener(
  "keydown",
  (event) => {
    const presses = event.key === "Enter" || event.key === " ";
    if (!presses) guard({ keysUntil: 0 });
    else if (event.repeat && event.target.closest(CONTROLS)) event.preventDefault();
  },
  true,
);

document.addEventListener("pointermove", ({ clientX: x, clientY: y, pointerType }) => {
  pointer = pointerType === "mouse" ? { x, y } : undefined;
});

function underPointer() {
  const control = pointer && document.elementFromPoint(pointer.x, pointer.y)?.closest(CONTROLS);
  return control && [control.form?.action, control.getAttribute("popovertarget"), control.href].join();
}

// What the new lists have brought under the mouse is not what the hand was about to press.
function guardNewUnderPointer() {
  const now = underPointer();
  if (now && now !== before) guard({ ...pointer, until: Date.now() + GUARD_MS });
}

// Nothing moves between the two halves of a press; the lists ask again after it.
lists.addEventListener("pointerdown", () => (isPressed = true));
for (const name of ["pointerup", "pointercancel", "blur"]) {
  window.addEventListener(name, () => {
    isPressed = false;
    if (isPutOff) setTimeout(askNow); // After the click that follows.
    isPutOff = false;
  });
}

// What has changed: said once, shown by movement, counted in the title.

window.addEventListener("session-status-updated", (event) => {
  const { updates } = event.detail;
  for (const update of updates) console.info("session-status-updated", update);
  const news = updates.filter(({ sessionId }) => !acted.delete(`session-${sessionId}`));
  for (const { sessionId } of news) {
    document.getElementById(`session-${sessionId}`)?.classList.add("is-fresh");
  }
  if (news.length > MOST_TOLD) changes.textContent = texts.many.replace("{}", news.length);
  else if (news.length > 0) changes.textContent = news.map(told).join(" ");
});

function told({ sessionId, reason }) {
  const topic = document.getElementById(`topic-${sessionId}`)?.textContent;
  return topic ? `${topic}: ${reason}` : reason;
}

let places = new Map();
let focused;

function rememberPlaces() {
  before = underPointer();
  places = new Map([...lists.querySelectorAll(".card")].map((card) => [card.id, topOf(card)]));
  focused = cardOf(document.activeElement);
}

function topOf(card) {
  return card.getBoundingClientRect().top;
}

function slide() {
  // The button that was pressed may be gone; the next key goes on from its session.
  if (focused && document.activeElement === document.body) {
    document.getElementById(focused.id)?.querySelector("a")?.focus({ preventScroll: true });
  }
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const card of lists.querySelectorAll(".card")) {
    const way = places.get(card.id) - topOf(card);
    if (way === 0) continue;
    const from = Number.isNaN(way) ? { opacity: 0 } : { transform: `translateY(${way}px)` };
    card.animate([from, {}], { id: "slide", duration: SLIDE_MS, easing: "ease-out" });
  }
}

// How long until things begin or end.

// The lists say when they were made, and in how many milliseconds the next of them is due.
function readState() {
  const { now, dueIn } = document.getElementById("sessions-state").dataset;
  clockAhead = Date.parse(now) - Date.now();
  clearTimeout(nextDue);
  soon = SOON_MS;
  dueAt = dueIn === undefined ? Infinity : Date.now() + Number(dueIn);
  if (dueIn !== undefined) nextDue = askIn(Math.max(0, dueIn) + MOMENT_PASSED_MS);
  const count = Number(document.querySelector("#title-attention .count").textContent);
  document.title = count ? `(${count}) ${pageTitle}` : pageTitle;
  drawTimes();
}

// What is due is still shown as it was: somebody else is changing it just now, or it cannot be.
function askAgainIfDue() {
  if (Date.now() < dueAt) return;
  clearTimeout(nextDue);
  nextDue = askIn(soon);
  soon = Math.min(2 * soon, NO_LONGER_SOON_MS);
}

function drawTimes() {
  const now = Date.now() + clockAhead;
  for (const time of lists.querySelectorAll("time.left")) {
    const ahead = Date.parse(time.dateTime) - now;
    const { late, left } = time.dataset;
    // What is over is not counted on; the page cannot know yet what has become of it.
    const text = late ? lasting(-ahead, late) : ahead > 0 ? lasting(ahead, left) : "";
    if (time.textContent !== text) time.textContent = text;
  }
  for (const part of lists.querySelectorAll("[data-from]")) {
    part.hidden = now < Date.parse(part.dataset.from);
  }
  for (const part of lists.querySelectorAll("[data-until]")) {
    part.hidden = now >= Date.parse(part.dataset.until);
  }
}

// Like "in 12 minutes", or to the minute in the words that the page gives for it.
function lasting(milliseconds, says) {
  const minutes = Math.max(1, Math.ceil(milliseconds / 60_000));
  const [value, unit] =
    minutes < 120 ? [minutes, "minute"]
    : minutes < 2 * 1440 ? [Math.round(minutes / 60), "hour"]
    : [Math.round(minutes / 1440), "day"];
  if (!says) return new Intl.RelativeTimeFormat(language).format(value, unit);
  const parts =
    unit !== "hour" ? [counted(value, unit)]
    : [counted(Math.floor(minutes / 60), unit), counted(minutes % 60, "minute")];
  const list = new Intl.ListFormat(language, { type: "unit", style: "narrow" });
  return says.replace("{}", list.format(parts));
}

function counted(number, unit) {
  const style = { style: "unit", unit, unitDisplay: "long" };
  return new Intl.NumberFormat(language, style).format(number);
}

readState();
setInterval(drawTimes, TICK_MS);
