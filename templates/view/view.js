"use strict";
// A model to turn, by itself: the buttons, the legend and what an ion is.

const byId = id => document.getElementById(id);
const particle = new Particle(byId("model"), DATA.atoms);
byId("legend").innerHTML = Object.entries(DATA.colours.elements)
  .map(([symbol, colour]) => `<label><i style="background:${colour}"></i>${symbol}</label>`).join(" ");
document.querySelectorAll("[data-view]").forEach(button =>
  button.addEventListener("click", () => particle.look(button.dataset.view)));
document.querySelectorAll("[data-zoom]").forEach(button =>
  button.addEventListener("click", () => particle.enlarge(Number(button.dataset.zoom))));
byId("cut").addEventListener("input", event => {
  particle.cut = Number(event.target.value) / 100;
  particle.draw();
});
byId("model").addEventListener("pointermove", event => {
  const told = byId("ion"), ion = particle.ionAt(event.offsetX, event.offsetY);
  told.hidden = ion < 0;
  told.textContent = ion < 0 ? "" : DATA.atoms.told[ion];
  Object.assign(told.style, { left: `${event.offsetX + 12}px`, top: `${event.offsetY + 12}px` });
});
