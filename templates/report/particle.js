"use strict";
// The model as shaded discs on a canvas, drawn from back to front: sharp, fast, no WebGL needed.

const LEVELS = 64;       // colours between no weight and the largest
const FOG = 0.06;        // part of white that each slice of depth adds to all behind it
const SLICES = 12;
const GHOST = 0.13;      // opacity of an ion without weight
const SHOWN = 0.2;       // opacity from which an ion counts as seen
const SOLID_FROM = 0.25; // part of the largest weight from which an ion is opaque
const STICK_A = 0.13;    // half width of a bond
const BALL_PART = 0.4;   // of its radius that an ion has where bonds are drawn
const RULERS_NM = [5, 2, 1, 0.5, 0.2, 0.1];
const RULER_PART = 0.3;  // of the width, most that the ruler takes
const VIEWS = {
  side: [1, 0, 0, 0, Math.sin(0.21), Math.cos(0.21), 0, -Math.cos(0.21), Math.sin(0.21)],
  top: [1, 0, 0, 0, 1, 0, 0, 0, 1],
};

function rgbOf(hex) {
  return [1, 3, 5].map(start => parseInt(hex.slice(start, start + 2), 16));
}

/** Colour of a part between 0 and 1 of the scale of weights. */
function weightColour(part) {
  const stops = DATA.colours.weights.map(rgbOf), place = part * (stops.length - 1);
  const low = Math.min(Math.floor(place), stops.length - 2);
  return stops[low].map((from, k) => Math.round(from + (stops[low + 1][k] - from) * (place - low)));
}

class Particle {
  constructor(canvas, atoms) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { willReadFrequently: true }); // drawn by the processor
    this.atoms = atoms;
    this.positions = decoded(atoms.positions_a);
    this.radii = decoded(atoms.radii_a);
    this.n = this.radii.length;
    this.bonds = Array.from({ length: this.n }, () => []);
    if (atoms.pairs) {
      const ends = decoded(atoms.pairs);
      for (let k = 0; k < ends.length; k += 2) {
        this.bonds[ends[k]].push(ends[k + 1]);
        this.bonds[ends[k + 1]].push(ends[k]);
      }
    }
    this.sticks = false;
    this.surface = null;
    this.extent = 0;
    for (let i = 0; i < this.n; i++) {
      const [x, y, z] = this.positions.subarray(3 * i, 3 * i + 3);
      this.extent = Math.max(this.extent, Math.hypot(x, y, z) + this.radii[i]);
    }
    this.elements = atoms.symbols.map(symbol => rgbOf(DATA.colours.elements[symbol]));
    this.scale = Array.from({ length: LEVELS }, (_, k) => weightColour(k / (LEVELS - 1)));
    this.weights = null;
    this.ghosts = true;
    this.cut = 0;
    this.zoom = 1;
    this.turn = VIEWS.side.slice();
    this.sprites = new Map();
    this.order = Array.from({ length: this.n }, (_, i) => i);
    this.seen = new Float32Array(3 * this.n);
    this.listen();
    this.sized = false; // drawn first when the page is laid out
    new ResizeObserver(() => {
      this.sized = true;
      this.draw();
    }).observe(canvas);
  }

  /** Colour the ions by weights of 0 to 255, or by element if there are none. */
  show(weights) {
    this.weights = weights;
    this.draw();
  }

  colourOf(i) {
    if (!this.weights) return this.elements[i];
    return this.scale[Math.round(this.weights[i] * (LEVELS - 1) / 255)];
  }

  opacityOf(i) {
    if (!this.weights || !this.ghosts) return 1;
    return Math.min(1, GHOST + (1 - GHOST) * this.weights[i] / (255 * SOLID_FROM));
  }

  radiusOf(i) { return this.sticks ? BALL_PART * this.radii[i] : this.radii[i]; }

  /** Height up to which something is drawn: what is nearer to the eye is cut away. */
  get nearest() { return this.extent * (1 - 2 * this.cut); }

  /** A shaded disc, drawn once for each colour and size. */
  sprite(rgb, radius) {
    const key = `${rgb}|${radius}`;
    if (!this.sprites.has(key)) {
      const rim = Math.max(0.6, 0.04 * radius);
      const disc = document.createElement("canvas"), side = Math.ceil(2 * radius + rim) + 2;
      disc.width = disc.height = side;
      const pen = disc.getContext("2d"), middle = side / 2;
      const shade = (part, white) =>
        `rgb(${rgb.map(c => Math.round(white ? c + (255 - c) * part : c * part))})`;
      const light = pen.createRadialGradient(
        middle - 0.35 * radius, middle - 0.4 * radius, 0.1 * radius, middle, middle, radius);
      light.addColorStop(0, shade(0.5, true));
      light.addColorStop(0.45, shade(1, false));
      light.addColorStop(1, shade(0.72, false));
      pen.beginPath();
      pen.arc(middle, middle, radius, 0, 2 * Math.PI);
      pen.fillStyle = light;
      pen.fill();
      pen.lineWidth = rim;
      pen.strokeStyle = shade(0.45, false);
      pen.stroke();
      this.sprites.set(key, disc);
    }
    return this.sprites.get(key);
  }

  draw() {
    const { canvas, context, n, seen, turn, order } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (!this.sized || !width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const pixels = 0.47 * Math.min(width, height) / this.extent * this.zoom;
    if (pixels !== this.pixels) this.sprites.clear();
    this.pixels = pixels;
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < 3; k++) {
        seen[3 * i + k] = turn[3 * k] * this.positions[3 * i]
          + turn[3 * k + 1] * this.positions[3 * i + 1] + turn[3 * k + 2] * this.positions[3 * i + 2];
      }
    }
    // ions that hold part of a state are drawn over the faded ones, so that none is hidden inside
    const rank = i => this.opacityOf(i) < SHOWN ? 0 : 1;
    order.sort((a, b) => rank(a) - rank(b) || seen[3 * a + 2] - seen[3 * b + 2]);
    context.globalAlpha = 1;
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    const { nearest } = this;
    let slice = 0;
    for (const i of order) {
      const depth = seen[3 * i + 2];
      if (depth > nearest) continue;
      while (!this.weights && depth > this.extent * (2 * (slice + 1) / SLICES - 1)) {
        context.globalAlpha = FOG;
        context.fillRect(0, 0, width, height);
        slice++;
      }
      const disc = this.sprite(this.colourOf(i), this.radiusOf(i) * pixels);
      context.globalAlpha = this.opacityOf(i);
      if (this.sticks) this.drawSticks(i, false);
      context.drawImage(disc, width / 2 + seen[3 * i] * pixels - disc.width / 2,
        height / 2 - seen[3 * i + 1] * pixels - disc.height / 2);
      if (this.sticks) this.drawSticks(i, true);
    }
    if (this.surface) this.surface.paint(this);
    this.drawRuler(ratio, width, height);
  }

  /** The half of each bond of an ion that is its own: those that come to the eye, or the others. */
  drawSticks(i, nearer) {
    const { context, seen, pixels, canvas, nearest } = this, colour = this.colourOf(i);
    const place = (x, y) => [canvas.width / 2 + x * pixels, canvas.height / 2 - y * pixels];
    const [x, y, z] = seen.subarray(3 * i, 3 * i + 3);
    for (const j of this.bonds[i]) {
      const [dx, dy, dz] = [seen[3 * j] - x, seen[3 * j + 1] - y, seen[3 * j + 2] - z];
      if (dz > 0 !== nearer || z + dz > nearest) continue;
      const from = 0.9 * this.radiusOf(i) / (Math.hypot(dx, dy, dz) || 1); // where it leaves the ball
      const width = 2 * STICK_A * pixels;
      for (const [part, shade] of width > 4 ? [[1, 0.55], [0.7, 1]] : [[1, 0.75]]) {
        context.beginPath();
        context.moveTo(...place(x + from * dx, y + from * dy));
        context.lineTo(...place(x + dx / 2, y + dy / 2));
        context.lineWidth = width * part;
        context.strokeStyle = `rgb(${colour.map(c => Math.round(c * shade))})`;
        context.stroke();
      }
    }
  }

  /** Height of the foremost ion at each pixel, minus infinity where there is none. */
  depths(width, height) {
    const { seen, pixels, nearest } = this, depths = new Float32Array(width * height).fill(-Infinity);
    for (let i = 0; i < this.n; i++) {
      if (seen[3 * i + 2] > nearest || this.opacityOf(i) < SHOWN) continue;
      const radius = this.radiusOf(i) * pixels, square = radius * radius;
      const [x, y] = [width / 2 + seen[3 * i] * pixels, height / 2 - seen[3 * i + 1] * pixels];
      for (let py = Math.max(0, Math.ceil(y - radius)); py <= Math.min(height - 1, y + radius); py++) {
        for (let px = Math.max(0, Math.ceil(x - radius)); px <= Math.min(width - 1, x + radius); px++) {
          const rest = square - (px - x) ** 2 - (py - y) ** 2;
          if (rest <= 0) continue;
          const depth = seen[3 * i + 2] + Math.sqrt(rest) / pixels, at = py * width + px;
          if (depth > depths[at]) depths[at] = depth;
        }
      }
    }
    return depths;
  }

  /** A bar of a round length in the lower left corner. */
  drawRuler(ratio, width, height) {
    const { context } = this, left = 12 * ratio, low = height - 12 * ratio;
    const length_nm = RULERS_NM.find(nm => 10 * nm * this.pixels < RULER_PART * width) || RULERS_NM.at(-1);
    context.globalAlpha = 1;
    context.fillStyle = "#1c1c1c";
    context.fillRect(left, low, 10 * length_nm * this.pixels, 2 * ratio);
    context.font = `${12 * ratio}px "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif`;
    context.fillText(`${length_nm} nm`, left, low - 5 * ratio);
  }

  /** The foremost ion at a place of the canvas, in CSS pixels; -1 if there is none. */
  ionAt(x, y) {
    const ratio = window.devicePixelRatio || 1;
    const right = (x - this.canvas.clientWidth / 2) * ratio / this.pixels;
    const up = (this.canvas.clientHeight / 2 - y) * ratio / this.pixels;
    for (let k = this.n - 1; k >= 0; k--) {
      const i = this.order[k];
      if (this.seen[3 * i + 2] > this.nearest || this.opacityOf(i) < SHOWN) continue;
      if (Math.hypot(this.seen[3 * i] - right, this.seen[3 * i + 1] - up) < this.radiusOf(i)) return i;
    }
    return -1;
  }

  /** Turn about the axes of the screen, by angles in radians. */
  rotate(about_up, about_right) {
    const [cu, su, cr, sr] = [Math.cos(about_up), Math.sin(about_up), Math.cos(about_right), Math.sin(about_right)];
    const by = [cu, 0, su, sr * su, cr, -sr * cu, -cr * su, sr, cr * cu], old = this.turn;
    this.turn = old.map((_, at) => {
      const [row, column] = [Math.floor(at / 3), at % 3];
      return by[3 * row] * old[column] + by[3 * row + 1] * old[3 + column] + by[3 * row + 2] * old[6 + column];
    });
    this.draw();
  }

  look(view) {
    this.turn = VIEWS[view].slice();
    this.zoom = 1;
    this.draw();
  }

  enlarge(factor) {
    this.zoom = Math.min(8, Math.max(0.5, this.zoom * factor));
    this.draw();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", event => {
      const scrolls = event.pointerType === "touch" && document.activeElement !== canvas; // up and down
      if (event.buttons & 1) this.rotate(0.008 * event.movementX, scrolls ? 0 : 0.008 * event.movementY);
    });
    canvas.addEventListener("pointerdown", event => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener("keydown", event => {
      const by = { ArrowLeft: [-0.15, 0], ArrowRight: [0.15, 0], ArrowUp: [0, -0.15], ArrowDown: [0, 0.15] }[event.key];
      if (!by || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // elsewhere the arrows step through the states
      this.rotate(...by);
    });
    canvas.addEventListener("dblclick", () => this.look("side"));
    canvas.addEventListener("wheel", event => {
      if (document.activeElement !== canvas) return; // the page scrolls until the model is clicked
      event.preventDefault();
      this.enlarge(Math.exp(-0.0012 * event.deltaY));
    }, { passive: false });
  }
}
