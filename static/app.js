// Keeps an open dashboard current: it polls when something is due, pauses while the page is hidden,
// announces changes and updates the remaining times. htmx makes the requests and the swaps; all
// texts and addresses come from the page.

const IN_USE = 2.5; // Times as long as while a session is near.
const IN_USE_MS = 600_000; // So long after a person has used the page it is in use.
const IDLE_MS = 60_000; // As in the markup; also the longest wait.
const SPREAD = 0.1; // Of a wait, either way.
const SLOW_MS = 1000; // An answer that takes longer doubles the wait.
const MOMENT_PASSED_MS = 50; // So that the moment has passed on the server too.
const SPREAD_MS = 1000; // So that dashboards do not all poll at the same time.
const SOON_MS = 1000; // After an answer that was too early; doubles each time, up to a minute.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const TICK_MS = 5000;
const SLIDE_MS = 300;
const MOST_TOLD = 3; // Of more changes at once, only the number is announced.
const GUARD_MS = 2000;
const SPOT_PX = 32; // Hands are not still, and fingers are wide.
const LAST_PRESS = "last-press"; // In the session storage, which the next page reads.
const CONTROLS = "main :is(button, a[href], summary)";

const lists = document.getElementById("sessions");
const notice = document.getElementById("notice");
const connection = document.getElementById("connection");
const changes = document.getElementById("changes");
const failure = document.createElement("p"); // Shown until the server answers again.
const texts = lists.dataset;
const liveMs = 1000 * texts.liveSeconds; // 0: only the markup's own interval.
const language = document.documentElement.lang;
const pageTitle = document.title.replace(/^\(\d+\) /, "");
const acted = new Set(); // Sessions changed by this page, which are not announced again.
let nextDue;
let dueAt = Infinity; // By the clock of this machine.
let soon = SOON_MS;
let nextPoll;
let nearSince, nearUntil; // By the clock of the server.
let usedAt = Date.now();
let askedAt = -Infinity;
let isAsking = false;
let slowness = 1; // By how much the server makes waits longer.
let isPressed = false;
let isPutOff = false; // Whether an answer came during a press.
let clockAhead = 0; // Milliseconds by which the server's clock is ahead of this one.

// Polling and its errors.

function askNow() {
  htmx.trigger(lists, "poll-now");
}

function askIn(milliseconds) {
  return setTimeout(askNow, Math.min(milliseconds + Math.random() * SPREAD_MS, LONGEST_TIMER_MS));
}

// htmx dispatches events on the element that made the request.
function isPoll(event) {
  return event.target === lists;
}

function cardOf(element) {
  return element?.closest(".card");
}

// Also where it is asked how the session went.
function sessionOf(element) {
  return cardOf(element)?.id.replace("asked", "session");
}

function pollFailed(what) {
  console.error("session poll failed:", what);
  connection.textContent = texts.lost;
  slowness = Math.min(2 * slowness, IDLE_MS);
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
    acted.add(sessionOf(event.target));
    for (const { id } of cardOf(event.target)?.querySelectorAll(".with a") ?? []) {
      acted.add(id.replace("seat", "session")); // The students of a group.
    }
    event.target.closest("[popover]")?.hidePopover(); // The typed text stays in the dialog.
    return;
  }
  if (document.hidden || isNeedless(event.detail.ctx.sourceEvent)) {
    event.preventDefault();
    return;
  }
  askedAt = Date.now();
  isAsking = true;
  // A request that waited in the queue must send what the page shows now.
  const fields = [...document.querySelectorAll("#sessions-state input")];
  event.detail.ctx.request.body = new URLSearchParams(fields.map(({ name, value }) => [name, value]));
});

document.addEventListener("htmx:response:error", (event) => {
  const { response, hx } = event.detail.ctx;
  if (hx.redirect) return; // Signed out: htmx goes to the sign-in page.
  const what = `the server answered ${response.status}`;
  if (isPoll(event)) pollFailed(what);
  else if (hx.retarget) {
    console.error("session action refused:", what);
    acted.delete(sessionOf(event.target));
  } else actionFailed(what);
});

document.addEventListener("htmx:error", (event) => {
  if (isPoll(event)) {
    untell(event);
    pollFailed(event.detail.error);
  } else actionFailed(event.detail.error);
});

// Nothing was swapped, so nothing is announced; the next answer has the changes again.
function untell(event) {
  delete event.detail.ctx?.hx?.trigger;
}

function putOff(event) {
  event.preventDefault();
  untell(event);
  isPutOff = true;
}

// Only our own server's error message is shown, never a page of a proxy, and the lists stay.
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
  slowness = Date.now() - askedAt > SLOW_MS ? Math.min(2 * slowness, IDLE_MS) : 1;
  if (status === 204) askAgainIfDue();
  if (connection.textContent) changes.textContent = texts.back;
  connection.textContent = "";
});

// Whatever came of it; not after a poll that was not sent.
document.addEventListener("htmx:finally:request", (event) => {
  if (isPoll(event) && isAsking) planNextPoll();
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!isPoll(event) || event.detail.ctx.response.status !== 200) return;
  readState();
  guardNewUnderPointer();
  slide();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  usedAt = Date.now();
  askNow();
});
window.addEventListener("online", askNow);

// The wait between two polls: short while a session is near, longer while a person uses the page.

function isNear() {
  const now = Date.now() + clockAhead;
  return now < nearUntil || now >= nearSince;
}

const isInUse = () => Date.now() - usedAt < IN_USE_MS;
function wait() {
  const wanted = isNear() ? liveMs : isInUse() ? IN_USE * liveMs : IDLE_MS;
  const spread = 1 + SPREAD * (2 * Math.random() - 1);
  return Math.min(wanted * slowness, IDLE_MS) * spread;
}

function planNextPoll() {
  isAsking = false;
  clearTimeout(nextPoll);
  if (!liveMs || document.hidden) return;
  const untilNear = nearSince - (Date.now() + clockAhead) + SPREAD_MS * Math.random();
  const planned = wait();
  nextPoll = setTimeout(askNow, untilNear > 0 ? Math.min(untilNear, planned) : planned);
}

// The interval in the markup is for pages whose own waits are off or were lost.
function isNeedless(event) {
  return event?.type === "every" && liveMs && Date.now() - askedAt < (1 - SPREAD) * IDLE_MS;
}

const uses = ["pointerdown", "pointermove", "keydown", "scroll"];
for (const use of uses) document.addEventListener(use, noteUse, { passive: true, capture: true });

function noteUse() {
  const wasInUse = isInUse();
  usedAt = Date.now();
  if (!wasInUse) planNextPoll();
}

// No accidental presses: the second click of a double click does nothing, and neither does a press
// on a control that a new list has just moved under the pointer.

// Until when presses near this place, and key presses anywhere, are ignored.
let guarded = JSON.parse(sessionStorage.getItem(LAST_PRESS)) ?? { x: 0, y: 0, until: 0, keysUntil: 0 };
let pointer; // The last position of the mouse.
let before; // The control under the mouse before a swap.

function guard(changes) {
  guarded = { ...guarded, ...changes };
  sessionStorage.setItem(LAST_PRESS, JSON.stringify(guarded));
}

// A click by keyboard has no position and no count.
function isByKey(event) {
  return event.detail === 0;
}

function isGuarded(event) {
  const now = Date.now();
  if (isByKey(event)) return now < guarded.keysUntil;
  const distance = Math.hypot(event.clientX - guarded.x, event.clientY - guarded.y);
  return now < guarded.until && distance <= SPOT_PX;
}

// The dialogs of a card do not slide with it, because they are drawn on top.
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

// A key that is held down presses once; after any other key the next press is intended.
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

// A control that the new lists have moved under the mouse is not the one that was aimed at.
function guardNewUnderPointer() {
  const now = underPointer();
  if (now && now !== before) guard({ ...pointer, until: Date.now() + GUARD_MS });
}

// Nothing moves during a press; the page polls again after it.
document.addEventListener("pointerdown", () => (isPressed = true));
for (const name of ["pointerup", "pointercancel", "blur"]) {
  window.addEventListener(name, () => {
    isPressed = false;
    if (isPutOff) setTimeout(askNow); // After the click event that follows.
    isPutOff = false;
  });
}

// Changes: announced once, shown by movement, counted in the title.

window.addEventListener("session-status-updated", (event) => {
  const { updates } = event.detail;
  for (const update of updates) console.info("session-status-updated", update);
  const others = updates.filter(({ sessionId }) => !acted.delete(`session-${sessionId}`));
  const news = [...new Map(others.map(told)).values()]; // A group is one card: told once.
  if (news.length > MOST_TOLD) changes.textContent = texts.many.replace("{}", news.length);
  else if (news.length > 0) changes.textContent = news.join(" ");
});

function told({ sessionId, reason }) {
  const shown = cardOf(document.getElementById(`seat-${sessionId}`))?.id ?? `session-${sessionId}`;
  document.getElementById(shown)?.classList.add("is-fresh");
  const topic = document.getElementById(shown.replace("session", "topic"))?.textContent;
  return [shown + reason, topic ? `${topic}: ${reason}` : reason];
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
  // The focused button may be gone; the focus then moves to its session.
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

// The time until sessions begin or end.

// The lists contain the time of their creation and the milliseconds until the next change is due.
function readState() {
  const { now, dueIn, ...near } = document.getElementById("sessions-state").dataset;
  nearSince = Date.parse(near.nearSince);
  nearUntil = Date.parse(near.nearUntil);
  clockAhead = Date.parse(now) - Date.now();
  clearTimeout(nextDue);
  soon = SOON_MS;
  dueAt = dueIn === undefined ? Infinity : Date.now() + Number(dueIn);
  if (dueIn !== undefined) nextDue = askIn(Math.max(0, dueIn) + MOMENT_PASSED_MS);
  const count = Number(document.querySelector("#title-attention .count")?.textContent);
  document.title = count ? `(${count}) ${pageTitle}` : pageTitle;
  drawTimes();
}

// A due session has not changed yet: it is locked at the moment, or the change has failed.
function askAgainIfDue() {
  if (Date.now() < dueAt) return;
  clearTimeout(nextDue);
  nextDue = askIn(soon);
  soon = Math.min(2 * soon, IDLE_MS);
}

function drawTimes() {
  const now = Date.now() + clockAhead;
  for (const time of lists.querySelectorAll("time.left")) {
    const ahead = Date.parse(time.dateTime) - now;
    const { late, left } = time.dataset;
    // Past times are not counted further; the page does not know yet what happened then.
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

// Like "in 12 minutes", or exact to the minute in the text that the page provides.
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

if (window.htmx) document.getElementById("not-live").remove();
readState();
planNextPoll();
setInterval(drawTimes, TICK_MS);
