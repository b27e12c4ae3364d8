// A table of any number of rows: only those in view are in the document.

const ROW = 56; // pixels, as in the style sheet
const PICTURE = 48;
const SPARE = 6; // rows beyond those in view
const BOLD = 1.12; // how much wider bold letters are than plain ones
const LONGEST = 34; // letters of a word in the table; the whole word is in the details

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes))
    if (key.startsWith("aria-")) made.setAttribute(key, value);
    else made[key] = value;
  made.append(...children.filter(child => child !== null));
  return made;
};

function numberText(value, column) {
  if (value === null) return "";
  const text = column.digits !== null ? value.toFixed(column.digits)
    : Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  return text.replace("-", "−").replace(/^−(0(\.0*)?)$/, "$1");
}

// Long words, such as paths, lose their middle.
const shortened = text => text.replace(/\S+/g, word => word.length <= LONGEST ? word
  : `${word.slice(0, LONGEST / 2 - 2)}…${word.slice(1 - LONGEST / 2)}`);

// "CaF2" with its number below the line; also within "75 % CaF2 + 25 % Ca".
function formulaNodes(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(/(?<=[A-Za-z)\]])\d+(\.\d+)?/g)) {
    nodes.push(text.slice(end, match.index), element("sub", { textContent: match[0] }));
    end = match.index + match[0].length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

function spreadText(column, row, spread) {
  const value = spread ? spread.values[row] : null;
  return value === null ? "" : ` ± ${numberText(value, column)}`;
}

function cellNodes(column, row, spread) {
  const value = column.values[row];
  if (value === null) return [];
  if (column.kind === "formula") return formulaNodes(value);
  if (column.kind === "text") return [shortened(value)];
  const more = spreadText(column, row, spread);
  return [numberText(value, column), more ? element("span", { className: "spread", textContent: more }) : null];
}

// The same without markup, for measuring.
function cellText(column, row, spread) {
  const value = column.values[row];
  if (value === null) return "";
  return column.kind === "number" ? numberText(value, column) + spreadText(column, row, spread)
    : column.kind === "text" ? shortened(value) : value;
}

// Width of a column: that of its longest words, in its head and in its cells.
class Ruler {
  constructor(host) {
    const style = getComputedStyle(host);
    this.context = document.createElement("canvas").getContext("2d");
    this.family = style.fontFamily;
    this.size = parseFloat(style.fontSize);
  }

  widest(texts, weight = 400) {
    this.context.font = `${weight} ${this.size}px ${this.family}`;
    return Math.max(0, ...texts.map(text => this.context.measureText(text).width));
  }

  // On two lines, with the arrow of the order.
  heading(text) {
    const words = text.split(/\s+/);
    const lines = words.map((_, k) => [words.slice(0, k).join(" "), `${words.slice(k).join(" ")} ↑`]);
    return Math.min(...lines.map(pair => this.widest(pair, 600))) + 2;
  }

  width(column, spread) {
    let least = Math.max(this.heading(column.heading), this.widest([column.unit]));
    let longest = [], length = 0;
    for (let row = 0; row < column.values.length; row++) {
      const text = cellText(column, row, spread);
      if (text.length + 2 > length) {
        longest.push(text);
        length = Math.max(length, text.length);
      }
    }
    longest = longest.filter(text => text.length + 2 > length);
    if (column.kind === "number") return Math.max(least, this.widest(longest)) + 24;
    least = Math.max(least, this.widest(longest.flatMap(text => text.split(/\s+/))));
    // Two lines are shown.
    return Math.max(least, Math.min(300, this.widest(longest))) * BOLD + 26;
  }
}

class Table {
  // data: columns, crystals, elements; onPick(row), onOrder(name).
  constructor(host, data, onPick, onOrder) {
    Object.assign(this, { host, data, onPick, onOrder });
    this.table = host.querySelector("table");
    this.ruler = new Ruler(this.table);
    this.widths = new Map();
    this.order = [];
    this.selected = null;
    host.addEventListener("scroll", () => this.fill()); // once in a frame
    new ResizeObserver(() => {
      this.fit();
      this.fill();
    }).observe(host);
    this.table.tBodies[0].addEventListener("click", event => this.pick(event.target));
    this.table.tBodies[0].addEventListener("keydown", event => this.key(event));
  }

  // columns: those shown; sorted: {name, down} or null.
  columns(columns, sorted) {
    this.shown = columns;
    const spreads = new Map(this.data.columns.map(c => [c.name, c]));
    this.spreads = columns.map(c => c.spread ? spreads.get(c.spread) ?? null : null);
    const widths = columns.map((column, k) => {
      if (!this.widths.has(column)) this.widths.set(column, this.ruler.width(column, this.spreads[k]));
      return this.widths.get(column);
    });
    const all = this.data.crystals ? [PICTURE + 20, ...widths] : widths;
    this.needed = all.map(Math.ceil);
    this.table.querySelector("colgroup").replaceChildren(...all.map(() => element("col")));
    this.fit();
    const heads = columns.map(column => this.head(column, sorted));
    if (this.data.crystals) heads.unshift(element("th", { className: "picture" }));
    this.table.tHead.replaceChildren(element("tr", {}, ...heads));
    this.empty();
    this.fill();
  }

  // Columns share what is left of the width.
  fit() {
    if (!this.needed) return;
    const sum = this.needed.reduce((a, b) => a + b, 0);
    const more = Math.max(0, this.host.clientWidth - sum) / this.needed.length;
    [...this.table.querySelectorAll("col")].forEach((col, k) => {
      col.style.width = `${this.needed[k] + more}px`;
    });
    this.table.style.width = `${Math.max(sum, this.host.clientWidth)}px`;
  }

  head(column, sorted) {
    const head = element("th", { scope: "col", className: this.styleOf(column) });
    head.dataset.name = column.name;
    if (sorted?.name === column.name)
      head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
    head.append(element("button", { type: "button", onclick: () => this.onOrder(column.name) },
      element("span", { textContent: column.heading }),
      column.unit ? element("small", { textContent: column.unit }) : null));
    return head;
  }

  // The first column stays in view.
  styleOf(column) {
    return column === this.data.columns[0] ? "formula first" : column.kind;
  }

  rows(order) {
    this.order = order;
    this.table.setAttribute("aria-rowcount", order.length + 1);
    this.host.scrollTop = 0;
    this.empty();
    this.fill();
  }

  empty() {
    this.made = new Map();
    const blank = () => element("tr", { className: "blank" }, element("td", { colSpan: 99 }));
    [this.above, this.below] = [blank(), blank()];
    this.table.tBodies[0].replaceChildren(this.above, this.below);
  }

  fill() {
    if (!this.shown) return;
    const first = Math.max(0, Math.floor(this.host.scrollTop / ROW) - SPARE);
    const count = Math.ceil(this.host.clientHeight / ROW) + 2 * SPARE;
    const last = Math.min(this.order.length, first + count);
    for (const [place, row] of this.made) if (place < first || place >= last) {
      row.remove();
      this.made.delete(place);
    }
    for (let place = last - 1, next = this.below; place >= first; place--) {
      let row = this.made.get(place);
      if (!row) {
        row = this.row(place);
        this.made.set(place, row);
        next.before(row);
      }
      next = row;
    }
    this.above.firstChild.style.height = `${first * ROW}px`;
    this.below.firstChild.style.height = `${(this.order.length - last) * ROW}px`;
    this.above.hidden = first === 0;
    this.below.hidden = last === this.order.length;
  }

  row(place) {
    const number = this.order[place];
    const made = element("tr", { tabIndex: 0 });
    made.dataset.row = number;
    made.setAttribute("aria-rowindex", place + 2);
    if (number === this.selected) made.setAttribute("aria-selected", "true");
    if (this.data.crystals) {
      const cell = element("td", { className: "picture" });
      const crystal = this.data.crystals[number];
      if (crystal) {
        const canvas = cell.appendChild(element("canvas"));
        drawCrystal(canvas, sceneOf(crystal, this.data.elements), PICTURE);
      }
      made.append(cell);
    }
    this.shown.forEach((column, k) => {
      const inner = element("div", {}, ...cellNodes(column, number, this.spreads[k]));
      const cell = element("td", { className: this.styleOf(column) }, inner);
      if (column.kind !== "number" && column.values[number]) cell.title = column.values[number];
      made.append(cell);
    });
    return made;
  }

  pick(target) {
    const row = target.closest("tr[data-row]");
    if (row) this.onPick(Number(row.dataset.row));
  }

  key(event) {
    const row = event.target.closest("tr[data-row]");
    if (!row) return;
    if (event.key === "Enter") this.onPick(Number(row.dataset.row));
    const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[event.key];
    if (next?.dataset.row) {
      event.preventDefault();
      next.focus();
    }
  }

  // Mark a row, and bring it into view.
  select(number) {
    this.selected = number;
    for (const row of this.made.values())
      if (Number(row.dataset.row) === number) row.setAttribute("aria-selected", "true");
      else row.removeAttribute("aria-selected");
    const place = this.order.indexOf(number);
    const top = place * ROW, height = this.host.clientHeight - 2 * ROW;
    if (place >= 0 && (top < this.host.scrollTop || top > this.host.scrollTop + height - ROW))
      this.host.scrollTop = Math.max(0, top - height / 2);
    this.fill();
  }

  repaint() {
    this.empty();
    this.fill();
  }
}
