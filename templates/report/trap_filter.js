"use strict";
// What follows from the data of the page: which states are kept, and the gap.

const STATES = Object.fromEntries(
  ["energies_ev", "occupations", "ipr", "occupied", "numbers", "spins"]
    .map(name => [name, decoded(DATA.states[name])]));
const N_STATES = STATES.ipr.length;
const LARGEST = decoded(DATA.weighted.largest);
const ROW_OF_STATE = new Map(Array.from(decoded(DATA.weighted.states), (state, row) => [state, row]));

/** Edge of one side of the gap among the states of at most this IPR, and the traps before it. */
function edgeOf(occupied, limit) {
  const sign = occupied ? -1 : 1;
  let edge = Infinity, nTraps = 0;
  for (let i = 0; i < N_STATES; i++) {
    if (STATES.occupied[i] === occupied && STATES.ipr[i] <= limit) {
      edge = Math.min(edge, sign * STATES.energies_ev[i]);
    }
  }
  if (edge === Infinity) return { edge_ev: null, n_traps: null };
  for (let i = 0; i < N_STATES; i++) {
    if (STATES.occupied[i] === occupied
        && sign * STATES.energies_ev[i] < edge - DATA.degenerate_ev) nTraps++;
  }
  return { edge_ev: sign * edge, n_traps: nTraps };
}

/** The gap that is left when states of a larger IPR are dropped; null where there is none. */
function gapAt(limit) {
  const valence = edgeOf(1, limit), conduction = edgeOf(0, limit);
  const known = valence.edge_ev !== null && conduction.edge_ev !== null;
  return {
    valence_edge_ev: valence.edge_ev,
    conduction_edge_ev: conduction.edge_ev,
    gap_ev: known ? conduction.edge_ev - valence.edge_ev : null,
    n_valence_traps: valence.n_traps,
    n_conduction_traps: conduction.n_traps,
  };
}

let weightBytes = null; // megabytes, decoded when the first state is chosen

/** Weight of each ion in a state as a part of the largest, 0 to 255; null if not in the page. */
function weightsOf(state) {
  const row = ROW_OF_STATE.get(state);
  if (row === undefined) return null;
  weightBytes ||= decoded(DATA.weighted.weights);
  return weightBytes.subarray(row * DATA.n_atoms, (row + 1) * DATA.n_atoms);
}

/** Name of a state in the address of the page and in tables. */
function nameOf(state) {
  const spin = DATA.spin_names[STATES.spins[state]];
  return DATA.spin_names.length > 1 ? `${STATES.numbers[state]}-${spin}` : `${STATES.numbers[state]}`;
}
const STATE_OF_NAME = new Map(Array.from({ length: N_STATES }, (_, i) => [nameOf(i), i]));

const signed = (value, digits) => value.toFixed(digits).replace("-", "−");
