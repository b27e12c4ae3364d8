const table = document.getElementById("crystals");
const heads = Array.from(table.tHead.rows[0].cells);
function order(column, down) {
  const key = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const rows = Array.from(table.tBodies[0].rows);
  rows.sort((a, b) => {
    const x = key(a), y = key(b), p = parseFloat(x), q = parseFloat(y);
    const d = isNaN(p) || isNaN(q) ? (isNaN(p) - isNaN(q)) || x.localeCompare(y) : p - q;
    return down ? -d : d;
  });
  table.tBodies[0].append(...rows);
  heads.forEach(h => h.removeAttribute("aria-sort"));
  heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
}
heads.forEach((head, column) => head.addEventListener("click", () =>
  order(column, head.getAttribute("aria-sort") === "ascending")));
const wanted = decodeURIComponent(location.hash.slice(1));
const column = heads.findIndex(h => h.dataset.name === wanted.replace(/^-/, ""));
if (column >= 0) order(column, wanted.startsWith("-"));
