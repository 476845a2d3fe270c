"use strict";
// Isosurfaces of an orbital: a mesh that turns with the model, seen before and behind its ions.
// The mesh is a surface net: a vertex in each cell of the grid that the surface passes, at the mean of
// where it cuts the cell's edges (S. F. F. Gibson, MICCAI 1998, 888).

const LIGHT = [-0.402, 0.503, 0.774]; // to where the light comes from: right, up, to the eye
const AMBIENT = 0.42;                 // brightness of what the light does not reach
const OPACITY = 0.72;                 // of a surface before an ion
const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7].map(c => [c >> 2, c >> 1 & 1, c & 1]);
const EDGES = [[0, 1], [2, 3], [4, 5], [6, 7], [0, 2], [1, 3], [4, 6], [5, 7], [0, 4], [1, 5], [2, 6], [3, 7]];

/** Triangles around where sign · values is at least a level; points in steps of the grid. */
function surfaceNet(values, shape, level, sign) {
  const [nx, ny, nz] = shape, strides = [ny * nz, nz, 1];
  const inside = new Uint8Array(values.length);
  for (let at = 0; at < values.length; at++) inside[at] = sign * values[at] >= level ? 1 : 0;
  const corners = CORNERS.map(corner => corner.reduce((at, c, axis) => at + c * strides[axis], 0));
  const cell = new Int32Array(values.length).fill(-1), points = [], triangles = [];
  for (let i = 0; i < nx - 1; i++) {
    for (let j = 0; j < ny - 1; j++) {
      for (let k = 0, at = i * strides[0] + j * nz; k < nz - 1; k++, at++) {
        let n = 0;
        for (let c = 0; c < 8; c++) n += inside[at + corners[c]];
        if (n === 0 || n === 8) continue;
        let [x, y, z, cuts] = [0, 0, 0, 0];
        for (let e = 0; e < 12; e++) {
          const [a, b] = EDGES[e], from = at + corners[a], to = at + corners[b];
          if (inside[from] === inside[to]) continue;
          const part = (level - sign * values[from]) / (sign * (values[to] - values[from]));
          const [p, q] = [CORNERS[a], CORNERS[b]];
          x += p[0] + part * (q[0] - p[0]);
          y += p[1] + part * (q[1] - p[1]);
          z += p[2] + part * (q[2] - p[2]);
          cuts++;
        }
        cell[at] = points.length / 3;
        points.push(i + x / cuts, j + y / cuts, k + z / cuts);
      }
    }
  }
  const place = [0, 0, 0], last = [nx - 1, ny - 1, nz - 1];
  for (let at = 0; at < values.length; at++) {
    if (cell[at] < 0) continue; // an edge that is cut has its cell
    place[0] = Math.floor(at / strides[0]);
    place[1] = Math.floor(at / nz) % ny;
    place[2] = at % nz;
    for (let axis = 0; axis < 3; axis++) {
      const [right, up] = [(axis + 1) % 3, (axis + 2) % 3], far = at + strides[axis];
      if (!place[right] || !place[up] || place[axis] >= last[axis] || inside[at] === inside[far]) continue;
      const [r, u] = [strides[right], strides[up]], round = [cell[at - r - u], cell[at - u], cell[at], cell[at - r]];
      if (!inside[at]) round.reverse(); // seen from outside, the corners go round to the left
      triangles.push(round[0], round[1], round[2], round[0], round[2], round[3]);
    }
  }
  return { points: Float32Array.from(points), triangles: Int32Array.from(triangles) };
}

/** Direction outwards at each vertex, the mean of its triangles by area. */
function normalsOf({ points, triangles }) {
  const normals = new Float32Array(points.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [3 * triangles[t], 3 * triangles[t + 1], 3 * triangles[t + 2]];
    const [ux, uy, uz] = [points[b] - points[a], points[b + 1] - points[a + 1], points[b + 2] - points[a + 2]];
    const [vx, vy, vz] = [points[c] - points[a], points[c + 1] - points[a + 1], points[c + 2] - points[a + 2]];
    for (const at of [a, b, c]) {
      normals[at] += uy * vz - uz * vy;
      normals[at + 1] += uz * vx - ux * vz;
      normals[at + 2] += ux * vy - uy * vx;
    }
  }
  for (let at = 0; at < normals.length; at += 3) {
    const length = Math.hypot(normals[at], normals[at + 1], normals[at + 2]) || 1;
    for (let x = 0; x < 3; x++) normals[at + x] /= length;
  }
  return normals;
}

class Surface {
  /** The two signs of an orbital, in Å about the middle of the model. */
  constructor({ origin_a, step_a, shape, level, values, colours }) {
    const grid = decoded(values);
    this.colours = colours.map(rgbOf);
    this.meshes = [1, -1].map(sign => {
      const mesh = surfaceNet(grid, shape, level, sign);
      for (let at = 0; at < mesh.points.length; at++) mesh.points[at] = origin_a[at % 3] + step_a * mesh.points[at];
      return { ...mesh, normals: normalsOf(mesh) };
    });
  }

  /** Draw what is seen of it over the ions that are drawn already. */
  paint(particle) {
    const { width, height } = particle.canvas, n = width * height;
    this.depth = new Float32Array(n).fill(-Infinity);
    this.sign = new Int8Array(n).fill(-1);
    this.light = new Float32Array(n);
    this.meshes.forEach((mesh, sign) => this.fill(mesh, sign, particle));
    const before = particle.depths(width, height), picture = new ImageData(width, height);
    for (let at = 0; at < n; at++) {
      if (this.sign[at] < 0 || this.depth[at] <= before[at]) continue;
      const colour = this.colours[this.sign[at]];
      for (let c = 0; c < 3; c++) picture.data[4 * at + c] = colour[c] * this.light[at];
      picture.data[4 * at + 3] = 255 * OPACITY;
    }
    const sheet = document.createElement("canvas");
    [sheet.width, sheet.height] = [width, height];
    sheet.getContext("2d").putImageData(picture, 0, 0);
    particle.context.globalAlpha = 1;
    particle.context.drawImage(sheet, 0, 0);
  }

  /** Fill depth, sign and light of the pixels before which a triangle is nearest to the eye. */
  fill({ points, triangles, normals }, sign, { turn, pixels, nearest, cut, canvas: { width, height } }) {
    const whole = cut === 0, { depth, sign: signs, light } = this;
    const n = points.length / 3, seen = new Float32Array(4 * n); // right, down, depth, brightness
    const [r0, r1, r2, u0, u1, u2, e0, e1, e2] = turn;
    const [l0, l1, l2] = [0, 1, 2].map(k => LIGHT[0] * turn[k] + LIGHT[1] * turn[3 + k] + LIGHT[2] * turn[6 + k]);
    for (let v = 0; v < n; v++) {
      const [x, y, z] = [points[3 * v], points[3 * v + 1], points[3 * v + 2]];
      const [nx, ny, nz] = [normals[3 * v], normals[3 * v + 1], normals[3 * v + 2]];
      const facing = e0 * nx + e1 * ny + e2 * nz < 0 ? -1 : 1; // cut open, the inner side is seen
      seen[4 * v] = width / 2 + (r0 * x + r1 * y + r2 * z) * pixels;
      seen[4 * v + 1] = height / 2 - (u0 * x + u1 * y + u2 * z) * pixels;
      seen[4 * v + 2] = e0 * x + e1 * y + e2 * z;
      seen[4 * v + 3] = AMBIENT + (1 - AMBIENT) * Math.max(0, facing * (l0 * nx + l1 * ny + l2 * nz));
    }
    for (let t = 0; t < triangles.length; t += 3) {
      const a = 4 * triangles[t], b = 4 * triangles[t + 1], c = 4 * triangles[t + 2];
      const ax = seen[a], ay = seen[a + 1], bx = seen[b], by = seen[b + 1], cx = seen[c], cy = seen[c + 1];
      const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
      if (area >= 0 && (whole || area === 0)) continue; // its inner side, which is not seen
      const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
      const right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
      const top = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
      const low = Math.min(height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
      for (let y = top; y <= low; y++) {
        for (let x = left; x <= right; x++) {
          const px = x + 0.5, py = y + 0.5;
          const u = ((bx - px) * (cy - py) - (by - py) * (cx - px)) / area;
          const v = ((cx - px) * (ay - py) - (cy - py) * (ax - px)) / area, w = 1 - u - v;
          if (u < 0 || v < 0 || w < 0) continue;
          const at = y * width + x, height_a = u * seen[a + 2] + v * seen[b + 2] + w * seen[c + 2];
          if (height_a <= depth[at] || height_a > nearest) continue;
          depth[at] = height_a;
          signs[at] = sign;
          light[at] = u * seen[a + 3] + v * seen[b + 3] + w * seen[c + 3];
        }
      }
    }
  }
}
