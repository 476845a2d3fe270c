"use strict";
// What is told of the selected state.

const html = text => String(text).replace(/[&<>"]/g, c => `&#${c.charCodeAt(0)};`);

function rowsOf(table) {
  return table.map(cells => `<tr>${cells.join("")}</tr>`).join("");
}

/** The groups of the chosen partition with their part of a state as bars. */
function partsTable(state) {
  const index = element("groups").value, group = GROUPS[index], weights = weightsOfGroups(index);
  const parts = group.names
    .map((name, k) => [group.labels[k], group.colours[k], weights[k * N_STATES + state]])
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
