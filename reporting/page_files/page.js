"use strict";

// Tables: a click on a title sorts by its column; rows without a value stay at the end.
function sortKey(row, column) {
  const cell = row.cells[column];
  if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
  return cell.classList.contains("number") ? null : cell.textContent;
}

function compare(a, b, sign) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), undefined, { numeric: true });
}

function sortTable(head) {
  const table = head.closest("table"), column = head.cellIndex;
  const first = head.classList.contains("number") ? "descending" : "ascending";
  const other = first === "ascending" ? "descending" : "ascending";
  const direction = head.getAttribute("aria-sort") === first ? other : first;
  for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = Array.from(table.tBodies[0].rows, (row) => [sortKey(row, column), row]);
  keyed.sort((a, b) => compare(a[0], b[0], sign));
  table.tBodies[0].append(...keyed.map(([, row]) => row));
}

for (const button of document.querySelectorAll("table[data-sortable] th button")) {
  button.addEventListener("click", () => sortTable(button.closest("th")));
}

// Galleries: a card is shown where it passes every filter.
const NONE = "(none)";

function passes(attributes, control) {
  const value = attributes[control.dataset.filter] ?? null;
  if (control.value === "") return true;
  if (control.dataset.bound === undefined) {
    return control.value === NONE ? !value?.length : Boolean(value?.includes(control.value));
  }
  const bound = Number(control.value);
  return value !== null && (control.dataset.bound === "min" ? value >= bound : value <= bound);
}

function showGallery(gallery, cards) {
  const controls = gallery.querySelectorAll("[data-filter]");
  const order = gallery.querySelector("[data-order]")?.value ?? "";
  let shown = 0;
  for (const { card, attributes } of cards) {
    card.hidden = !Array.from(controls).every((control) => passes(attributes, control));
    shown += !card.hidden;
  }
  const key = order.replace(/^-/, ""), sign = order.startsWith("-") ? -1 : 1;
  const value = ({ attributes }) => attributes[key] ?? null;
  const sorted = order ? [...cards].sort((a, b) => compare(value(a), value(b), sign)) : cards;
  gallery.querySelector(".cards").append(...sorted.map(({ card }) => card));
  gallery.querySelector(".count").textContent =
    shown === cards.length ? `${shown} images` : `${shown} of ${cards.length} images`;
}

for (const gallery of document.querySelectorAll(".gallery")) {
  const form = gallery.querySelector("form");
  if (!form) continue;
  const cards = Array.from(gallery.querySelectorAll(".card"), (card) => (
    { card, attributes: JSON.parse(card.dataset.attributes) }
  ));
  for (const kind of ["input", "change"]) form.addEventListener(kind, () => showGallery(gallery, cards));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.reset(); // a browser that reloads a page keeps what was chosen
}

// A click enlarges an image; the arrow keys show the next one that the filters let through.
const dialog = document.getElementById("enlarged");
let enlarged = null;

function enlarge(image) {
  enlarged = image;
  const copy = image.cloneNode();
  const caption = image.parentElement.querySelector(".caption")?.cloneNode(true);
  dialog.replaceChildren(copy, ...(caption ? [caption] : []));
  if (!dialog.open) dialog.showModal();
}

document.querySelector("main").addEventListener("click", (event) => {
  if (event.target instanceof HTMLImageElement) enlarge(event.target);
});
dialog.addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const images = Array.from(document.querySelectorAll("main img")).filter((image) => !image.closest("[hidden]"));
  const next = images[images.indexOf(enlarged) + step];
  if (next) enlarge(next);
});
