// Moves the line that shows the present time: today's page is fetched again once a minute.

const EVERY_MS = 60_000;

async function moveOn() {
  const hours = document.querySelector(".hours[data-moves]");
  if (!hours || document.hidden || hours.contains(document.activeElement)) return;
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const moved = page.querySelector(".hours");
  if (moved && titleOf(page) === titleOf(document)) hours.replaceWith(moved);
  else location.reload(); // It is another day.
}

function titleOf(page) {
  return page.getElementById("span").textContent;
}

function tryToMoveOn() {
  moveOn().catch((error) => console.error("the line of the present time was not moved:", error));
}

setInterval(tryToMoveOn, EVERY_MS);
document.addEventListener("visibilitychange", tryToMoveOn);
