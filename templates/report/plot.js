"use strict";
// The plot: localization of each state above, density of states of each group below.

const MARGIN = { left: 62, right: 14, top: 8, bottom: 46, between: 10 };
const UPPER_PART = 0.42;  // of the height, for the localization
const NEAR = 10;          // pixels within which a state is pointed at
const FONT = '"Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif';
const INK = "#1c1c1c";

/** Round steps that divide a range into a few parts. */
function tickStep(range, most) {
  const power = 10 ** Math.floor(Math.log10(range / most));
  return power * [1, 2, 5, 10].find(factor => power * factor * most >= range);
}

class Plot {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.home = DATA.window_ev.map(energy => energy - DATA.zero_ev);
    this.view = this.home;
    [this.lowest, this.highest] = DATA.ipr_range;
    this.group = 0;
    this.broadening_ev = DATA.broadening_ev;
    this.known = {};
    this.hidden = new Set();
    this.limit = DATA.ipr_max;
    this.gap = gapAt(this.limit);
    this.chosen = null;
    this.dragged = null;
    this.sized = false; // drawn first when the page is laid out
    new ResizeObserver(() => {
      this.sized = true;
      this.draw();
    }).observe(canvas);
  }

  // --- places, in CSS pixels of the canvas

  get width() { return this.canvas.clientWidth - MARGIN.left - MARGIN.right; }
  get inner() { return this.canvas.clientHeight - MARGIN.top - MARGIN.bottom - MARGIN.between; }
  get upper() { return { top: MARGIN.top, height: UPPER_PART * this.inner }; }
  get lower() {
    const { top, height } = this.upper;
    return { top: top + height + MARGIN.between, height: this.inner - height };
  }
  x(energy) { return MARGIN.left + (energy - this.view[0]) / (this.view[1] - this.view[0]) * this.width; }
  energyAt(x) { return this.view[0] + (x - MARGIN.left) / this.width * (this.view[1] - this.view[0]); }
  yOfIpr(ipr) {
    const span = Math.log(this.highest / this.lowest);
    return this.upper.top + this.upper.height * (1 - Math.log(ipr / this.lowest) / span);
  }
  placeOf(state) { return [this.x(STATES.energies_ev[state] - DATA.zero_ev), this.yOfIpr(STATES.ipr[state])]; }

  /** The state nearest to a place, null if none is near. */
  stateAt(x, y) {
    let nearest = null, least = NEAR;
    for (let i = 0; i < N_STATES; i++) {
      const [px, py] = this.placeOf(i), far = Math.hypot(px - x, py - y);
      if (far < least) [nearest, least] = [i, far];
    }
    return nearest;
  }

  // --- densities

  /** Densities in the range that is shown, kept until it, the groups or the broadening change. */
  densities() {
    const [below_ev, above_ev] = this.view.map(energy => energy + DATA.zero_ev);
    const key = [this.group, below_ev, above_ev, this.broadening_ev].join();
    if (this.known.key !== key) {
      this.known = { key, ...densitiesOf(this.group, below_ev, above_ev, this.broadening_ev) };
    }
    return this.known;
  }

  /** Stacked densities of the groups that are shown: for each spin, curves from the axis outwards. */
  stacks() {
    const { names, colours } = GROUPS[this.group], { energies, density } = this.densities();
    const spins = density.map((curves, spin) => {
      let below = new Float64Array(energies.length);
      return names.flatMap((name, g) => {
        if (this.hidden.has(name)) return [];
        const above = below.map((sum, k) => sum + (spin ? -1 : 1) * curves[g][k]);
        const layer = { name, label: GROUPS[this.group].plain[g], colour: colours[g], below, above };
        below = above;
        return [layer];
      });
    });
    return { energies: Array.from(energies, energy => energy - DATA.zero_ev), spins };
  }

  // --- drawing

  draw() {
    const { canvas } = this, ratio = Math.max(window.devicePixelRatio || 1, 2); // for print
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!this.sized || !width || !height) return;
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    this.context = canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.paint();
    if (this.dragged && this.dragged.to !== undefined) {
      this.context.fillStyle = "#1a66cc22";
      const [from, to] = [this.dragged.from, this.dragged.to];
      this.context.fillRect(from, MARGIN.top, to - from, this.lower.top + this.lower.height - MARGIN.top);
    }
  }

  /** Draw both panels on the context, in CSS pixels of the canvas. */
  paint() {
    const { context } = this;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    context.font = `13px ${FONT}`;
    for (const panel of [this.upper, this.lower]) this.inside(panel, () => this.drawGaps(panel));
    this.inside(this.upper, () => this.drawStates());
    this.drawAxes(this.drawDensities());
  }

  /** Draw what shall not reach out of a panel. */
  inside({ top, height }, drawing) {
    const { context } = this;
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, top, this.width, height);
    context.clip();
    drawing();
    context.restore();
  }

  drawGaps({ top, height }) {
    const { context, gap } = this;
    for (const [from, to, colour] of [
      [gap.valence_edge_ev, gap.conduction_edge_ev, DATA.colours.filtered_gap],
      [DATA.homo_ev, DATA.lumo_ev, DATA.colours.plain_gap],
    ]) {
      if (from === null || to === null) continue;
      const [left, right] = [this.x(from - DATA.zero_ev), this.x(to - DATA.zero_ev)];
      context.fillStyle = colour;
      context.fillRect(left, top, right - left, height);
    }
  }

  /** Trace the mark of a state: a disc, or of unrestricted states a triangle that points to its spin. */
  traceMark(x, y, radius, spin) {
    const { context } = this;
    if (DATA.spin_names.length === 1) context.arc(x, y, radius, 0, 2 * Math.PI);
    else {
      const up = (spin ? -1.2 : 1.2) * radius;
      context.moveTo(x, y - up);
      context.lineTo(x - 1.2 * radius, y + up);
      context.lineTo(x + 1.2 * radius, y + up);
      context.closePath();
    }
  }

  drawStates() {
    const { context } = this, red = DATA.colours.ipr, floor = this.upper.top + this.upper.height;
    context.strokeStyle = context.fillStyle = red;
    for (const trap of [false, true]) {
      for (let i = 0; i < N_STATES; i++) {
        if (STATES.ipr[i] > this.limit !== trap) continue;
        const [x, y] = this.placeOf(i);
        if (x < MARGIN.left - 4 || x > MARGIN.left + this.width + 4) continue;
        context.beginPath();
        if (trap) {
          context.globalAlpha = 0.5;
          context.lineWidth = 0.7;
          context.moveTo(x, floor);
          context.lineTo(x, y + 3);
          context.stroke();
          context.globalAlpha = 1;
          context.beginPath();
        }
        this.traceMark(x, y, trap ? 2.8 : 2.4, STATES.spins[i]);
        context.fillStyle = trap ? "#fff" : red;
        context.fill();
        if (trap) context.stroke();
      }
    }
    context.lineWidth = 1;
    context.setLineDash([6, 4]);
    context.beginPath();
    context.moveTo(MARGIN.left, this.yOfIpr(this.limit));
    context.lineTo(MARGIN.left + this.width, this.yOfIpr(this.limit));
    context.stroke();
    context.setLineDash([]);
    if (this.chosen !== null) {
      context.strokeStyle = "#000";
      context.lineWidth = 1.8;
      context.beginPath();
      context.arc(...this.placeOf(this.chosen), 7, 0, 2 * Math.PI);
      context.stroke();
    }
  }

  /** Draw the stacks; return the place of a density and the ends of the axis. */
  drawDensities() {
    const { context } = this, { energies, spins } = this.stacks(), { top, height } = this.lower;
    const tops = spins.map(layers => layers.length ? layers.at(-1).above : []);
    const peak = 1.06 * tops.reduce((most, curve) => curve.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0) || 1;
    const floor = spins.length > 1 ? -peak : 0;
    const y = value => top + height * (1 - (value - floor) / (peak - floor));
    this.densityAt = place => floor + (1 - (place - top) / height) * (peak - floor);
    this.inside(this.lower, () => {
      spins.forEach((layers, spin) => {
        for (const { colour, below, above } of layers) {
          context.fillStyle = colour;
          context.beginPath();
          energies.forEach((energy, k) => context[k ? "lineTo" : "moveTo"](this.x(energy), y(above[k])));
          for (let k = energies.length - 1; k >= 0; k--) context.lineTo(this.x(energies[k]), y(below[k]));
          context.fill();
        }
        context.strokeStyle = INK;
        context.lineWidth = 0.8;
        context.beginPath();
        tops[spin].forEach((value, k) => context[k ? "lineTo" : "moveTo"](this.x(energies[k]), y(value)));
        context.stroke();
      });
    });
    return { y, floor, peak };
  }

  drawAxes({ y, floor, peak }) {
    const { context } = this, right = MARGIN.left + this.width, low = this.lower.top + this.lower.height;
    context.strokeStyle = context.fillStyle = INK;
    context.lineWidth = 1;
    for (const { top, height } of [this.upper, this.lower]) context.strokeRect(MARGIN.left, top, this.width, height);
    const tick = (x, at, dx, dy) => {
      context.beginPath();
      context.moveTo(x, at);
      context.lineTo(x + dx, at + dy);
      context.stroke();
    };
    const step = tickStep(this.view[1] - this.view[0], 9), digits = Math.max(0, -Math.floor(Math.log10(step)));
    context.textAlign = "center";
    for (let k = Math.ceil(this.view[0] / step); k * step <= this.view[1]; k++) {
      const x = this.x(k * step);
      tick(x, low, 0, -5);
      tick(x, this.upper.top + this.upper.height, 0, -5);
      context.fillText(signed(k * step + 0, digits).replace(/^−(0(\.0*)?)$/, "$1"), x, low + 16);
    }
    context.fillText(DATA.zero_label, MARGIN.left + this.width / 2, low + 38);
    context.textAlign = "right";
    const rise = tickStep(peak - floor, 6), places = Math.max(0, -Math.floor(Math.log10(rise)));
    for (let k = Math.ceil(floor / rise); k * rise <= peak; k++) {
      tick(MARGIN.left, y(k * rise), 5, 0);
      context.fillText(Math.abs(k * rise).toFixed(places), MARGIN.left - 6, y(k * rise) + 4);
    }
    this.turned(this.lower, DATA.spin_names.length > 1 ? "DOS (states/eV), α ↑ β ↓" : "DOS (states/eV)");
    context.strokeStyle = context.fillStyle = DATA.colours.ipr;
    const labelled = this.lowest > 0.01 ? [1, 2, 5] : [1];
    for (let decade = Math.floor(Math.log10(this.lowest)); decade <= 0; decade++) {
      for (let k = 1; k < 10; k++) {
        const ipr = k * 10 ** decade;
        if (ipr < this.lowest || ipr > this.highest) continue;
        tick(MARGIN.left, this.yOfIpr(ipr), k > 1 ? 3 : 6, 0);
        if (labelled.includes(k)) context.fillText(String(Number(ipr.toPrecision(1))), MARGIN.left - 6, this.yOfIpr(ipr) + 4);
      }
    }
    this.turned(this.upper, "IPR");
    context.textAlign = "left";
    tick(right, this.yOfIpr(this.limit), -6, 0);
  }

  /** Write a label of a panel along its left side. */
  turned({ top, height }, label) {
    const { context } = this;
    context.save();
    context.translate(14, top + height / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(label, 0, 0);
    context.restore();
  }

  /** Show a range of energies, not less than 20 meV wide. */
  zoom(from, to) {
    if (to - from < 0.02) return;
    this.view = [from, to];
    this.draw();
  }
}
