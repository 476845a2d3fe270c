"use strict";
// What the page does: select a state, move threshold and broadening, choose groups, save.

const element = id => document.getElementById(id);
const plot = new Plot(element("dos"));
const canvas = element("model");
const particle = canvas && new Particle(canvas, DATA.atoms);
const ORDER = Array.from({ length: N_STATES }, (_, i) => i)
  .sort((a, b) => STATES.energies_ev[a] - STATES.energies_ev[b] || a - b);
const ROWS_PRINTED = 24;
let chosen = null;
let limit = DATA.ipr_max;

// --- threshold ---------------------------------------------------------------------------------

const LOWEST = Math.min(...[DATA.ipr_max, 1 / DATA.n_atoms]) * 0.9;
const limitAt = step => Number((LOWEST ** (1 - step / 1000)).toPrecision(3));
const stepOf = value => 1000 * (1 - Math.log(value) / Math.log(LOWEST));

function tellGap(gap) {
  const number = value => value === null ? "none" : `${signed(value, 3)} eV`;
  const traps = [gap.n_valence_traps, gap.n_conduction_traps].map(n => n === null ? "–" : n);
  return gap.gap_ev === null ? "no gap: every state of a side is dropped"
    : `gap ${number(gap.gap_ev)} (${traps[0]} valence, ${traps[1]} conduction traps)`;
}

function setThreshold(value) {
  limit = value;
  const gap = gapAt(limit);
  element("threshold").value = stepOf(limit);
  element("threshold").setAttribute("aria-valuetext", `IPR ${limit}`);
  element("threshold-value").value = Number(limit.toPrecision(6));
  element("gap").textContent = tellGap(gap);
  Object.assign(plot, { limit, gap });
  plot.draw();
  for (const row of document.querySelectorAll("tr[data-state]")) {
    const kept = STATES.ipr[row.dataset.state] <= limit, cell = row.querySelector(".kept");
    if (!cell) continue;
    row.classList.toggle("trap", !kept);
    cell.textContent = kept ? "kept" : "trap";
  }
  if (chosen !== null) tellState(chosen);
}

// --- broadening --------------------------------------------------------------------------------

const NARROWEST_EV = Math.min(0.01, DATA.broadening_ev), WIDEST_EV = Math.max(1, DATA.broadening_ev);
const broadeningAt = step => Number((NARROWEST_EV * (WIDEST_EV / NARROWEST_EV) ** (step / 1000)).toPrecision(2));
const stepOfBroadening = value => 1000 * Math.log(value / NARROWEST_EV) / Math.log(WIDEST_EV / NARROWEST_EV);

function setBroadening(value_ev) {
  plot.broadening_ev = value_ev;
  element("broadening").value = stepOfBroadening(value_ev);
  element("broadening").setAttribute("aria-valuetext", `${value_ev} eV`);
  element("broadening-value").textContent = `${value_ev} eV`;
  plot.draw();
}

// --- groups ------------------------------------------------------------------------------------

/** Stack the densities by the groups of a partition, each with a box to hide it. */
function chooseGroups(index) {
  plot.group = index;
  plot.hidden.clear();
  element("legend").innerHTML = GROUPS[index].names.map((name, k) =>
    `<label><input type="checkbox" checked value="${k}"><i style="background:${GROUPS[index].colours[k]}"></i>`
    + `${GROUPS[index].labels[k]}</label>`).join("");
  plot.draw();
}

// --- the selected state ------------------------------------------------------------------------

/** Select a state, or none: in the plot, the model, the tables and the address. */
function select(state) {
  chosen = state;
  history.replaceState(null, "", `${location.href.split("#")[0]}#${state === null ? "" : `state=${nameOf(state)}`}`);
  plot.chosen = state;
  plot.draw();
  document.querySelectorAll("tr.chosen").forEach(row => row.classList.remove("chosen"));
  document.querySelectorAll(`tr[data-state="${state}"]`).forEach(row => {
    row.classList.add("chosen");
    const box = row.closest(".scroll");
    if (box && (row.offsetTop < box.scrollTop + 30
        || row.offsetTop > box.scrollTop + box.clientHeight - 30)) {
      box.scrollTop = row.offsetTop - box.clientHeight / 2;
    }
  });
  if (particle) {
    particle.show(state === null ? null : weightsOf(state));
    tellScale(state);
  }
  if (state === null) {
    element("state").innerHTML = "<p>No state is selected. Click a mark of the plot or a number of a table; "
      + "Escape clears the selection.</p>";
  } else tellState(state);
}

const SURFACES = new Map();

/** Show the surface of an orbital around small ions, or none. */
function showOrbital(index) {
  if (index !== "" && !SURFACES.has(index)) SURFACES.set(index, new Surface(DATA.orbitals[index]));
  particle.surface = SURFACES.get(index) || null;
  if (particle.surface) element("sticks").checked = particle.sticks = true;
  element("signs").hidden = !particle.surface;
  particle.draw();
}

/** Keep a label beside the pointer that tells what is there. */
function tellBeside(area, label, told) {
  area.addEventListener("pointermove", event => {
    const text = event.buttons ? "" : told(event.offsetX, event.offsetY);
    label.hidden = !text;
    label.textContent = text;
    label.style.left = `${Math.max(0, Math.min(event.offsetX + 12, area.clientWidth - label.offsetWidth))}px`;
    label.style.top = `${event.offsetY + 14}px`;
  });
  area.addEventListener("pointerleave", () => { label.hidden = true; });
}

function step(by) {
  const from = chosen === null ? ORDER.indexOf(DATA.first_state) - (by > 0 ? by : 0) : ORDER.indexOf(chosen);
  const place = Math.min(N_STATES - 1, Math.max(0, from + by));
  select(ORDER[place]);
}

function selectFromAddress() {
  const name = location.hash.match(/^#state=(.+)$/);
  if (!name) return false;
  const state = STATE_OF_NAME.get(name[1]);
  if (state !== undefined && state !== chosen) select(state);
  return state !== undefined;
}

// --- wiring ------------------------------------------------------------------------------------

listenTo(plot, select);
document.querySelectorAll("tr[data-state]").forEach(row => row.addEventListener("click", event => {
  event.preventDefault(); // the address follows the state
  select(Number(row.dataset.state));
}));
element("threshold").addEventListener("input", event => setThreshold(limitAt(Number(event.target.value))));
element("threshold-value").addEventListener("change", event => {
  const value = Number(event.target.value);
  setThreshold(value > 0 && value <= DATA.ipr_range[1] ? value : limit);
});
element("broadening").addEventListener("input", event => setBroadening(broadeningAt(Number(event.target.value))));
element("reset").addEventListener("click", () => {
  setThreshold(DATA.ipr_max);
  setBroadening(DATA.broadening_ev);
});
document.querySelectorAll("[data-save]").forEach(button =>
  button.addEventListener("click", SAVED[button.dataset.save]));
element("groups").addEventListener("change", event => {
  chooseGroups(Number(event.target.value));
  if (chosen !== null) tellState(chosen);
});
tellBeside(plot.canvas, element("pointed"), (x, y) => toldOf(plot, x, y));
if (particle) {
  document.querySelectorAll("[data-view]").forEach(button =>
    button.addEventListener("click", () => particle.look(button.dataset.view)));
  document.querySelectorAll("[data-zoom]").forEach(button =>
    button.addEventListener("click", () => particle.enlarge(Number(button.dataset.zoom))));
  element("cut").addEventListener("input", event => {
    particle.cut = Number(event.target.value) / 100;
    particle.draw();
  });
  element("ghosts").addEventListener("change", event => {
    particle.ghosts = event.target.checked;
    particle.draw();
  });
  element("sticks").addEventListener("change", event => {
    particle.sticks = event.target.checked;
    particle.draw();
  });
  if (element("orbital")) {
    element("orbital").addEventListener("change", event => showOrbital(event.target.value));
  }
  tellBeside(canvas, element("ion"), (x, y) => {
    const ion = particle.ionAt(x, y), weights = chosen === null ? null : weightsOf(chosen);
    if (ion < 0) return "";
    const part = weights
      ? `, ${(100 * LARGEST[ROW_OF_STATE.get(chosen)] * weights[ion] / 255).toFixed(1)} %` : "";
    const { symbols, domains, places } = DATA.atoms;
    const place = [domains[ion], places[ion]].filter(Boolean).join(" ");
    return `${symbols[ion]} ${ion + 1}${place && `, ${place}`}${part}`;
  });
}
document.addEventListener("keydown", event => {
  if (event.target.matches("input:not([type=checkbox]), select") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    event.preventDefault();
    step(event.key === "ArrowLeft" ? -1 : 1);
  } else if (event.key === "Escape") select(null);
});
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details.prints").forEach(notes => { notes.open = true; });
  const rows = [...document.querySelectorAll("#states tbody tr")];
  const middle = rows.findIndex(row => Number(row.dataset.state) === (chosen === null ? DATA.first_state : chosen));
  rows.forEach((row, k) => row.classList.toggle("far", Math.abs(k - middle) > ROWS_PRINTED / 2));
});
window.addEventListener("hashchange", selectFromAddress);

element("legend").addEventListener("change", event => {
  const name = GROUPS[plot.group].names[Number(event.target.value)];
  plot.hidden[event.target.checked ? "delete" : "add"](name);
  plot.draw();
});
chooseGroups(0);
setThreshold(DATA.ipr_max);
setBroadening(DATA.broadening_ev);
if (!selectFromAddress()) select(null);
const states = element("states"), first = states.querySelector(`tr[data-state="${DATA.first_state}"]`);
if (chosen === null && first) states.scrollTop = first.offsetTop - states.clientHeight / 2;
