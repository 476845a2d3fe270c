"use strict";
// Tables sort by a click on a heading.

function valueOf(row, column) {
  const text = row.cells[column].textContent, number = parseFloat(text.replace("−", "-"));
  return isNaN(number) ? text : number;
}

function sortBy(heading, column) {
  const body = heading.closest("table").tBodies[0];
  const down = heading.getAttribute("aria-sort") === "ascending";
  const order = (a, b) => {
    const [x, y] = [valueOf(a, column), valueOf(b, column)];
    return typeof x === typeof y ? (x > y) - (x < y) : (typeof x === "string") - (typeof y === "string");
  };
  const rows = [...body.rows].sort((a, b) => down ? order(b, a) : order(a, b));
  heading.parentNode.querySelectorAll("th").forEach(h => h.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  body.append(...rows);
}

document.querySelectorAll("table.sorts").forEach(table =>
  table.querySelectorAll("th").forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(heading, column));
  }));
