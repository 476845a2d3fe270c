"use strict";
// The switch between the reports of several runs; each is laid out in a frame when it is first chosen.

const all = document.getElementById("all"), frames = new Map();
const page = name => document.getElementById(`run-${name}`);
const labels = [...document.querySelectorAll("script[data-label]")].map(each => each.dataset.label);
let shown = "";

/** The frame of a run; its report prints by itself, and not as a window of this page. */
function frameOf(name) {
  if (!frames.has(name)) {
    const frame = document.createElement("iframe");
    frame.title = page(name).dataset.label;
    frame.srcdoc = JSON.parse(page(name).textContent);
    frame.addEventListener("load", () => frame.contentDocument.addEventListener("keydown", printing));
    document.body.append(frame);
    frames.set(name, frame);
  }
  return frames.get(name);
}

/** Show the report of a run, or with an empty name the comparison. */
function show(name) {
  shown = name;
  all.hidden = name !== "";
  if (name !== "") frameOf(name);
  frames.forEach((frame, of) => { frame.hidden = of !== name; });
  document.querySelectorAll("[data-run]").forEach(button =>
    button.setAttribute("aria-pressed", button.dataset.run === name));
  history.replaceState(null, "", `#${name === "" ? "" : `run=${encodeURIComponent(labels[name])}`}`);
}

function printShown() {
  (shown === "" ? window : frames.get(shown).contentWindow).print();
}

function printing(event) {
  if (event.key.toLowerCase() !== "p" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  printShown();
}

document.querySelectorAll("[data-run]").forEach(button =>
  button.addEventListener("click", () => show(button.dataset.run)));
document.getElementById("print").addEventListener("click", printShown);
document.addEventListener("keydown", printing);
const asked = location.hash.match(/^#run=(.+)$/), place = asked ? labels.indexOf(decodeURIComponent(asked[1])) : -1;
show(place < 0 ? "" : String(place));
