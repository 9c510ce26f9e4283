"use strict";
// Asks for a reason where one is needed, and lets the map be looked at closely.

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=action]");
  if (!button) return;
  const note = button.form.querySelector("textarea[name=note]");
  if (note) note.required = button.hasAttribute("data-reason");
});

// What cannot be undone is asked for once more.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  const sure = button && button.dataset.sure;
  if (sure && !window.confirm(sure)) event.preventDefault();
});

function zoomable() {
  const plan = document.getElementById("plan");
  const buttons = document.querySelector(".zoom");
  if (!plan || !buttons || !buttons.hidden) return;
  const whole = plan.viewBox.baseVal;
  const [width, height] = [whole.width, whole.height];
  const view = { x: 0, y: 0, w: width, h: height };
  const show = () => plan.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`);
  const zoom = (factor, x, y) => {
    const w = Math.min(width, Math.max(width / 40, view.w * factor));
    const real = w / view.w;
    view.x = x - (x - view.x) * real;
    view.y = y - (y - view.y) * real;
    view.w = w;
    view.h = view.h * real;
    view.x = Math.min(Math.max(view.x, 0), width - view.w);
    view.y = Math.min(Math.max(view.y, 0), height - view.h);
    show();
  };
  buttons.hidden = false;
  buttons.addEventListener("click", (event) => {
    const factor = Number(event.target.dataset.zoom);
    if (factor) zoom(factor, view.x + view.w / 2, view.y + view.h / 2);
    else { Object.assign(view, { x: 0, y: 0, w: width, h: height }); show(); }
  });
  let from = null;
  plan.addEventListener("pointerdown", (event) => {
    if (view.w < width && !event.target.closest("a")) {
      from = { x: event.clientX, y: event.clientY };
      plan.setPointerCapture(event.pointerId);
    }
  });
  plan.addEventListener("pointermove", (event) => {
    if (!from) return;
    const scale = view.w / plan.clientWidth;
    view.x = Math.min(Math.max(view.x - (event.clientX - from.x) * scale, 0), width - view.w);
    view.y = Math.min(Math.max(view.y - (event.clientY - from.y) * scale, 0), height - view.h);
    from = { x: event.clientX, y: event.clientY };
    show();
  });
  plan.addEventListener("pointerup", () => { from = null; });
}

document.addEventListener("DOMContentLoaded", zoomable);
// The page is refreshed by replacing its middle: the map comes anew then.
document.addEventListener("refreshed", zoomable);
