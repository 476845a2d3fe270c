"use strict";
// What the reader does to the plot with the mouse or a finger.

/** What the reader points at, in words. */
function toldOf(plot, x, y) {
  if (y < plot.upper.top + plot.upper.height) {
    const state = plot.stateAt(x, y);
    return state === null ? "" : `state ${nameOf(state)}, ${signed(STATES.energies_ev[state] - DATA.zero_ev, 3)} eV, `
      + `IPR ${STATES.ipr[state].toFixed(4)}`;
  }
  const { energies, spins } = plot.stacks(), step = energies[1] - energies[0];
  const k = Math.round((plot.energyAt(x) - energies[0]) / step), value = plot.densityAt(y);
  const inside = spins.flat().find(({ below, above }) =>
    value >= Math.min(below[k], above[k]) && value < Math.max(below[k], above[k]));
  return inside === undefined ? ""
    : `${inside.label}, ${signed(energies[k], 2)} eV, ${Math.abs(inside.above[k] - inside.below[k]).toPrecision(3)} states/eV`;
}

/** A drag zooms, a click picks the nearest state, a double click shows all. */
function listenTo(plot, onpick) {
  const { canvas } = plot;
  canvas.addEventListener("pointerdown", event => {
    plot.dragged = { from: event.offsetX };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", event => {
    if (!plot.dragged) return;
    if (Math.abs(event.offsetX - plot.dragged.from) > 4) plot.dragged.to = event.offsetX;
    plot.draw();
  });
  canvas.addEventListener("pointerup", event => {
    const { from, to } = plot.dragged || {};
    plot.dragged = null;
    if (to !== undefined) plot.zoom(...[from, to].map(x => plot.energyAt(x)).sort((a, b) => a - b));
    else {
      const state = plot.stateAt(event.offsetX, event.offsetY);
      if (state !== null) onpick(state);
    }
  });
  canvas.addEventListener("pointercancel", () => { // a finger began to scroll the page
    plot.dragged = null;
    plot.draw();
  });
  canvas.addEventListener("dblclick", () => plot.zoom(...plot.home));
}
