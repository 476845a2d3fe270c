"use strict";
// What the page does: select a state, move the threshold, choose groups, sort tables.

const element = id => document.getElementById(id);
const plot = new Plot(element("dos"));
const canvas = element("model");
const particle = canvas && new Particle(canvas, DATA.atoms);
const ORDER = Array.from({ length: N_STATES }, (_, i) => i)
  .sort((a, b) => STATES.energies_ev[a] - STATES.energies_ev[b] || a - b);
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

const html = text => String(text).replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);

function rowsOf(table) {
  return table.map(cells => `<tr>${cells.join("")}</tr>`).join("");
}

/** The groups of the chosen partition with their part of a state as bars. */
function partsTable(state) {
  const group = GROUPS[element("groups").value];
  const parts = group.names
    .map((name, k) => [group.labels[k], group.colours[k], group.weights[k * N_STATES + state]])
    .sort((a, b) => b[2] - a[2]).slice(0, 8);
  return `<table><tbody>${rowsOf(parts.map(([name, colour, part]) => [
    `<td class="text">${name}</td>`, `<td>${(100 * part).toFixed(1)} %</td>`,
    `<td class="text"><span class="part" style="width:${(7 * part).toFixed(2)}rem;`
      + `background:${colour}"></span></td>`]))}</tbody></table>`;
}

/** The ions that hold most of a state. */
function ionsTable(state) {
  const weights = weightsOf(state), largest = LARGEST[ROW_OF_STATE.get(state)], { atoms } = DATA;
  const ions = Array.from(weights, (_, i) => i).sort((a, b) => weights[b] - weights[a] || a - b).slice(0, 6);
  const known = [["domain", atoms.domains], ["place", atoms.places], ["bonds", atoms.bonds]]
    .filter(([, values]) => values.some(value => value !== ""));
  const head = ["ion", ...known.map(([name]) => name)].map(name => `<th class="text">${name}</th>`).join("")
    + "<th>weight</th>";
  return `<table><thead><tr>${head}</tr></thead><tbody>${rowsOf(ions.map(i => [
    `<td class="text">${html(atoms.symbols[i])} ${i + 1}</td>`,
    ...known.map(([name, values]) => `<td class="text">`
      + `${name === "domain" ? atoms.domain_labels[values[i]] : html(values[i])}</td>`),
    `<td>${(100 * largest * weights[i] / 255).toFixed(1)} %</td>`]))}</tbody></table>`;
}

function tellState(state) {
  const ipr = STATES.ipr[state], spin = DATA.spin_names[STATES.spins[state]];
  const facts = [
    ["energy", `${signed(STATES.energies_ev[state], 4)} eV`],
    ...(DATA.homo_ev === null ? [] : [["above the HOMO", `${signed(STATES.energies_ev[state] - DATA.homo_ev, 4)} eV`]]),
    ["occupation", STATES.occupations[state].toFixed(2)],
    ["IPR", ipr.toFixed(4)],
    ["N_eff", `${(1 / ipr).toFixed(1)} of ${DATA.n_atoms} ions`],
    [`IPR ≤ ${limit}`, ipr <= limit ? "kept" : "trap"],
  ];
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("");
  const title = `State ${STATES.numbers[state]}${DATA.spin_names.length > 1 ? `, ${spin}` : ""}`;
  const blocks = [`<div><h3>${title}</h3><dl>${list}</dl></div>`,
    `<div><h3>By ${html(GROUPS[element("groups").value].title)}</h3>${partsTable(state)}</div>`];
  if (DATA.atoms && weightsOf(state)) blocks.push(`<div><h3>Largest weights</h3>${ionsTable(state)}</div>`);
  if (DATA.atoms && !weightsOf(state)) blocks.push(`<p>${DATA.weighted.note}</p>`);
  element("state").innerHTML = blocks.join("");
}

function tellScale(state) {
  const scale = element("scale"), weights = state === null ? null : weightsOf(state);
  if (weights) {
    const largest = (100 * LARGEST[ROW_OF_STATE.get(state)]).toPrecision(3);
    scale.innerHTML = `0 % <span class="bar" style="background:linear-gradient(90deg,`
      + `${DATA.colours.weights.join(",")})"></span> ${largest} % of the state on one ion`;
  } else {
    scale.innerHTML = Object.entries(DATA.colours.elements)
      .map(([symbol, colour]) => `<span><i style="background:${colour}"></i>${symbol}</span>`).join("");
  }
  canvas.setAttribute("aria-label", weights ? `The model, coloured by the weight of each ion in state ${nameOf(state)}`
    : "The model, coloured by element");
}

/** Select a state, or none: in the plot, the model, the tables and the address. */
function select(state) {
  chosen = state;
  history.replaceState(null, "", state === null ? "#" : `#state=${nameOf(state)}`);
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

// --- tables ------------------------------------------------------------------------------------

function valueOf(row, column) {
  const text = row.cells[column].textContent, number = parseFloat(text.replace("−", "-"));
  return isNaN(number) ? text : number;
}

function sortBy(heading, column) {
  const body = heading.closest("table").tBodies[0];
  const down = heading.getAttribute("aria-sort") === "ascending";
  const order = (a, b) => {
    const [x, y] = [valueOf(a, column), valueOf(b, column)];
    return typeof x === typeof y ? (x > y) - (x < y) : (typeof x === "string") - (typeof y === "string");
  };
  const rows = [...body.rows].sort((a, b) => down ? order(b, a) : order(a, b));
  heading.parentNode.querySelectorAll("th").forEach(h => h.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...rows);
}

document.querySelectorAll("table.sorts").forEach(table =>
  table.querySelectorAll("th").forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(heading, column));
  }));
document.querySelectorAll("tr[data-state]").forEach(row =>
  row.addEventListener("click", () => select(Number(row.dataset.state))));

// --- wiring ------------------------------------------------------------------------------------

plot.onpick = select;
element("threshold").addEventListener("input", event => setThreshold(limitAt(Number(event.target.value))));
element("threshold-value").addEventListener("change", event => {
  const value = Number(event.target.value);
  setThreshold(value > 0 && value <= DATA.ipr_range[1] ? value : limit);
});
element("threshold-reset").addEventListener("click", () => setThreshold(DATA.ipr_max));
element("groups").addEventListener("change", event => {
  chooseGroups(Number(event.target.value));
  if (chosen !== null) tellState(chosen);
});
tellBeside(plot.canvas, element("pointed"), (x, y) => plot.toldAt(x, y));
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
  if (event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
    event.preventDefault();
    step(event.key === "ArrowLeft" ? -1 : 1);
  } else if (event.key === "Escape") select(null);
});
window.addEventListener("beforeprint", () =>
  document.querySelectorAll("details.notes").forEach(notes => { notes.open = true; }));
window.addEventListener("hashchange", selectFromAddress);

element("legend").addEventListener("change", event => {
  const name = GROUPS[plot.group].names[Number(event.target.value)];
  plot.hidden[event.target.checked ? "delete" : "add"](name);
  plot.draw();
});
chooseGroups(0);
setThreshold(DATA.ipr_max);
if (!selectFromAddress()) select(null);
const states = element("states"), first = states.querySelector(`tr[data-state="${DATA.first_state}"]`);
if (chosen === null && first) states.scrollTop = first.offsetTop - states.clientHeight / 2;
