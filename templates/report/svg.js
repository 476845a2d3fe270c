"use strict";
// The part of a canvas's drawing commands that the plot uses, written as SVG; text stays text.

const short = value => Number(value.toFixed(2));
const named = text => String(text).replace(/[&<>"]/g, letter => `&#${letter.charCodeAt(0)};`);

const STYLES = ["fillStyle", "strokeStyle", "lineWidth", "globalAlpha", "textAlign", "font", "dash"];

class SvgContext {
  constructor(width, height) {
    Object.assign(this, { width, height, parts: [], clips: 0, opened: 0, saved: [], path: "", dash: [] });
    Object.assign(this, { fillStyle: "#000", strokeStyle: "#000", lineWidth: 1, globalAlpha: 1, textAlign: "left" });
  }

  /** The document. */
  get text() {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" `
      + `viewBox="0 0 ${this.width} ${this.height}">\n${this.parts.join("\n")}\n</svg>\n`;
  }

  // --- groups: each clip or movement opens one, restore closes those since save

  save() {
    this.saved.push([this.opened, STYLES.map(name => this[name])]);
    this.opened = 0;
  }
  restore() {
    if (this.opened) this.parts.push("</g>".repeat(this.opened));
    const [opened, styles] = this.saved.pop();
    this.opened = opened;
    STYLES.forEach((name, k) => { this[name] = styles[k]; });
  }
  open(attributes) {
    this.parts.push(`<g ${attributes}>`);
    this.opened++;
  }
  translate(x, y) { this.open(`transform="translate(${short(x)} ${short(y)})"`); }
  rotate(angle) { this.open(`transform="rotate(${short(angle * 180 / Math.PI)})"`); }
  clip() {
    this.clips++;
    this.parts.push(`<clipPath id="clip${this.clips}"><path d="${this.path}"/></clipPath>`);
    this.open(`clip-path="url(#clip${this.clips})"`);
  }

  // --- paths

  beginPath() { this.path = ""; }
  moveTo(x, y) { this.path += `M${short(x)} ${short(y)}`; }
  lineTo(x, y) { this.path += `L${short(x)} ${short(y)}`; }
  closePath() { this.path += "Z"; }
  rect(x, y, width, height) { this.path += `M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`; }
  arc(x, y, radius) { // whole circles alone
    const r = short(radius);
    this.path += `M${short(x - radius)} ${short(y)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }
  fill() { this.parts.push(`<path d="${this.path}" fill="${this.fillStyle}"${this.opacity}/>`); }
  stroke() {
    this.parts.push(`<path d="${this.path}" fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}"`
      + `${this.dash.length ? ` stroke-dasharray="${this.dash}"` : ""}${this.opacity}/>`);
  }
  get opacity() { return this.globalAlpha < 1 ? ` opacity="${this.globalAlpha}"` : ""; }
  setLineDash(dash) { this.dash = dash; }

  // --- rectangles and text

  fillRect(...box) {
    this.beginPath();
    this.rect(...box);
    this.fill();
  }
  strokeRect(...box) {
    this.beginPath();
    this.rect(...box);
    this.stroke();
  }
  fillText(text, x, y) {
    const [size, family] = [parseFloat(this.font), this.font.replace(/^\S+ /, "").replaceAll('"', "'")];
    const anchor = { left: "start", center: "middle", right: "end" }[this.textAlign];
    this.parts.push(`<text x="${short(x)}" y="${short(y)}" font-size="${size}" font-family="${family}" `
      + `text-anchor="${anchor}" fill="${this.fillStyle}">${named(text)}</text>`);
  }
}
