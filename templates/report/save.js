"use strict";
// The plot and the model as files: PNG, SVG, CSV.

const PNG_SCALE = 4; // pixels for each CSS pixel: some 2,700 over a double column
const ROW = 18;      // height of a row of the legend

/** Where the groups that are shown stand in a legend, in rows. */
function legendPlaces(plot) {
  const { plain, colours } = GROUPS[plot.group], right = MARGIN.left + plot.width;
  let [x, row] = [MARGIN.left, 0];
  return GROUPS[plot.group].names.flatMap((name, k) => {
    if (plot.hidden.has(name)) return [];
    const width = 8 * plain[k].length + 34;
    if (x > MARGIN.left && x + width > right) [x, row] = [MARGIN.left, row + 1];
    x += width;
    return [{ colour: colours[k], label: plain[k], x: x - width, row }];
  });
}

/** Draw the plot as it is shown, with a legend below, on the context made of a width and a height. */
function drawFigure(plot, contextOf) {
  const places = legendPlaces(plot), n_rows = Math.max(0, ...places.map(({ row }) => row + 1));
  const { clientWidth: width, clientHeight: top } = plot.canvas, legend = ROW * n_rows + 6;
  const own = plot.context, context = contextOf(width, top + legend);
  plot.context = context;
  plot.paint();
  plot.context = own;
  context.fillStyle = "#fff";
  context.fillRect(0, top, width, legend);
  context.textAlign = "left";
  for (const { colour, label, x, row } of places) {
    context.fillStyle = colour;
    context.fillRect(x, top + ROW * row, 12, 12);
    context.fillStyle = INK;
    context.fillText(label, x + 17, top + ROW * row + 11);
  }
  return context;
}

const plotAsSvg = plot => drawFigure(plot, (width, height) => new SvgContext(width, height)).text;

const plotAsCanvas = plot => drawFigure(plot, (width, height) => {
  const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
  [canvas.width, canvas.height] = [PNG_SCALE * width, PNG_SCALE * height];
  context.scale(PNG_SCALE, PNG_SCALE);
  return context;
}).canvas;

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
