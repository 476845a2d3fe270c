"use strict";
// The plot and the model as files: PNG, SVG, CSV.

const PNG_SCALE = 4; // pixels for each CSS pixel: some 2,700 over a double column

/** Height that the plot and its legend take, and the width. */
function sizeOfFigure(plot) {
  const rows = Math.max(0, ...plot.legendPlaces().map(({ row }) => row + 1)), legend = 18 * rows + 6;
  return { width: plot.canvas.clientWidth, height: plot.canvas.clientHeight + legend, legend };
}

function plotAsSvg(plot) {
  const { width, height, legend } = sizeOfFigure(plot), context = new SvgContext(width, height);
  plot.paintOn(context, legend);
  return context.text;
}

function plotAsCanvas(plot) {
  const { width, height, legend } = sizeOfFigure(plot), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [PNG_SCALE * width, PNG_SCALE * height];
  const context = canvas.getContext("2d");
  context.scale(PNG_SCALE, PNG_SCALE);
  plot.paintOn(context, legend);
  return canvas;
}

/** The densities that are shown, a column for each group and spin. */
function plotAsCsv(plot) {
  const { energies, spins } = plot.stacks(), layers = spins.flatMap((own, spin) => own.map(layer => ({ ...layer, spin })));
  const quoted = text => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const named = ({ name, spin }) => quoted(DATA.spin_names.length > 1 ? `${name} ${DATA.spin_names[spin]}` : name);
  const lines = Array.from(energies, (energy, k) =>
    [energy.toFixed(4), ...layers.map(({ below, above }) => Math.abs(above[k] - below[k]).toPrecision(6))].join());
  return [[quoted(DATA.zero_label), ...layers.map(named)].join(), ...lines, ""].join("\n");
}

/** Offer a file to be saved. */
function offer(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const SAVED = {
  png: () => plotAsCanvas(plot).toBlob(blob => offer("dos.png", blob)),
  svg: () => offer("dos.svg", new Blob([plotAsSvg(plot)], { type: "image/svg+xml" })),
  csv: () => offer("dos.csv", new Blob([plotAsCsv(plot)], { type: "text/csv" })),
  model: () => canvas.toBlob(blob => offer("model.png", blob)),
};
