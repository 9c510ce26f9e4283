"use strict";
// Shows times in the viewer's own zone and keeps the page fresh by asking again.

const PERIOD_MS = 10000;
const SETTLE_MS = 300;

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      // Swedish writes ISO 8601: the same for readers of either language.
      const text = at.toLocaleString("sv-SE");
      time.textContent = "short" in time.dataset ? text.slice(5, 16) : text;
    }
  }
}

function say(live, fresh) {
  live.hidden = false;
  live.classList.toggle("stale", !fresh);
  live.textContent = fresh ? live.dataset.live : live.dataset.stale;
}

// Whether somebody is filling a field in, or has and not sent it: a choice, too.
function isBegun(field) {
  if (field === document.activeElement) return true;
  if (field.matches("select")) {
    const options = [...field.options];
    const said = field.multiple || options.some((one) => one.defaultSelected);
    return options.some((one, index) =>
      one.selected !== (said ? one.defaultSelected : index === 0));
  }
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}

async function refresh(state) {
  const headers = state.etag ? { "If-None-Match": state.etag } : {};
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (answer.status === 304) return true;
  if (!answer.ok) return false;
  state.etag = answer.headers.get("ETag");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("main");
  const shown = document.getElementById("main");
  localTimes(fresh);
  // Scripts change what is shown (a map looked at closely): compare what came.
  if (fresh.innerHTML === state.html) return true;
  state.html = fresh.innerHTML;
  const boxes = [...shown.querySelectorAll("details")];
  fresh.querySelectorAll("details").forEach((box, index) => {
    box.open = boxes[index]?.open ?? false;
  });
  shown.replaceChildren(...fresh.childNodes);
  document.dispatchEvent(new Event("refreshed"));
  return true;
}

function start() {
  localTimes(document);
  const live = document.getElementById("live");
  if (!live || document.querySelector("form.login")) return;
  const state = { etag: null, html: document.getElementById("main").innerHTML };
  say(live, true);
  const look = async () => {
    const playing = [...document.querySelectorAll("video")].some((v) => !v.paused);
    const fields = document.querySelectorAll("#main input, #main textarea, #main select");
    const writing = [...fields].some(isBegun);
    if (document.hidden || playing || writing) return;
    let fresh = false;
    try { fresh = await refresh(state); } catch { fresh = false; }
    say(live, fresh);
  };
  const again = async () => { await look(); setTimeout(again, PERIOD_MS); };
  setTimeout(again, PERIOD_MS);
  // The stream says that something happened; the page itself is asked for again.
  let soon = null;
  const hint = () => { clearTimeout(soon); soon = setTimeout(look, SETTLE_MS); };
  const stream = new EventSource(`${document.body.dataset.root}api/v1/stream`);
  for (const type of document.body.dataset.types.split(" ")) {
    stream.addEventListener(`org.streetwarden.${type}.v1`, hint);
  }
}

document.addEventListener("DOMContentLoaded", start);
