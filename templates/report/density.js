"use strict";
// Densities of states: the sum of a Gaussian for each state, as fractional_dos in Python.

const REACH = 6;          // standard deviations after which a Gaussian counts as zero
const N_ENERGIES = 1401;  // energies over the range that is shown

const GROUPS = DATA.groups.map(group => ({ ...group, weights: null, plain: group.labels.map(plainText) }));

/** A label as plain text, the numbers of formulas low. */
function plainText(label) {
  const words = document.createElement("span");
  words.innerHTML = label;
  words.querySelectorAll("sub").forEach(sub => {
    sub.textContent = [...sub.textContent].map(digit => String.fromCharCode(0x2080 + Number(digit))).join("");
  });
  return words.textContent;
}

/** Weights of the groups of a partition, by group and state; decoded when first used. */
function weightsOfGroups(index) {
  return GROUPS[index].weights ||= decoded(DATA.groups[index].weights);
}

/** Density in states/eV of each group of a partition: energies in eV, and density[spin][group]. */
function densitiesOf(index, below_ev, above_ev, broadening_ev) {
  const n_groups = GROUPS[index].names.length, weights = weightsOfGroups(index);
  const step_ev = (above_ev - below_ev) / (N_ENERGIES - 1);
  const energies = Float64Array.from({ length: N_ENERGIES }, (_, k) => below_ev + k * step_ev);
  const density = DATA.spin_names.map(() =>
    Array.from({ length: n_groups }, () => new Float64Array(N_ENERGIES)));
  const height = 1 / (broadening_ev * Math.sqrt(2 * Math.PI)), reach_ev = REACH * broadening_ev;
  const bell = new Float64Array(N_ENERGIES);
  for (let state = 0; state < N_STATES; state++) {
    const energy_ev = STATES.energies_ev[state];
    const from = Math.max(0, Math.ceil((energy_ev - reach_ev - below_ev) / step_ev));
    const to = Math.min(N_ENERGIES - 1, Math.floor((energy_ev + reach_ev - below_ev) / step_ev));
    if (from > to) continue;
    for (let k = from; k <= to; k++) {
      bell[k] = height * Math.exp(-0.5 * ((energies[k] - energy_ev) / broadening_ev) ** 2);
    }
    for (let group = 0; group < n_groups; group++) {
      const weight = weights[group * N_STATES + state];
      if (weight === 0) continue;
      const curve = density[STATES.spins[state]][group];
      for (let k = from; k <= to; k++) curve[k] += weight * bell[k];
    }
  }
  return { energies, density };
}
