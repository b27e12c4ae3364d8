// The page: what is shown of the data, and what the reader asks for.

const CLASSES = [
  { label: "on or below the hull", colour: "--good" },
  { label: "within 50 meV/atom", colour: "--near" },
  { label: "unlike the training data", colour: "--warn" },
  { label: "", colour: "--accent" },
  { label: "further above", colour: "--far" },
];
const NEAR_HULL = 0.05; // eV/atom

const $ = name => document.getElementById(name);

async function unpacked() {
  const packed = $("data").content.textContent.trim();
  const bytes = Uint8Array.from(atob(packed), letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

class Report {
  constructor(data) {
    this.data = data;
    this.named = new Map(data.columns.map(column => [column.name, column]));
    this.count = data.columns[0].values.length;
    this.shown = new Set(data.columns.filter(column => column.shown));
    this.numbers = data.columns.filter(column => column.kind === "number");
    this.sorted = null;
    this.region = null;
    this.conditions = [];
    this.rows = Array.from({ length: this.count }, (_, k) => k);
    this.texts = this.rows.map(row => data.columns.filter(c => c.kind !== "number")
      .map(c => c.values[row] ?? "").join(" ").toLowerCase());
    this.symbols = new Set(data.elements.map(e => e.symbol));
    this.table = new Table($("rows"), data, row => this.open(row), name => this.orderBy(name));
    const linked = decodeURIComponent(location.hash.slice(1));
    const wanted = this.named.has(linked.replace(/^-/, "")) ? linked : data.order;
    if (this.named.has(wanted.replace(/^-/, "")))
      this.sorted = { name: wanted.replace(/^-/, ""), down: wanted.startsWith("-") };
    if (this.sorted) this.shown.add(this.named.get(this.sorted.name));
    this.maps();
    this.controls();
    this.details();
    this.columns();
    this.update();
  }

  // --- which rows, in which order

  classOf(row) {
    if (this.named.get("out_of_domain")?.values[row]) return 2;
    const above = this.named.get("energy_above_hull")?.values[row] ?? null;
    if (above === null) return 3;
    return above <= 0 ? 0 : above <= NEAR_HULL ? 1 : 4;
  }

  elementsOf(row) {
    return new Set(this.data.columns[0].values[row].match(/[A-Z][a-z]?/g));
  }

  // A symbol stands for its element, "-" before it forbids it; all else is looked for as text.
  finds(words, row) {
    return words.every(word => {
      const symbol = word.replace(/^-/, "");
      if (this.symbols.has(symbol)) return this.elementsOf(row).has(symbol) === (symbol === word);
      return this.texts[row].includes(word.toLowerCase());
    });
  }

  fits(row) {
    return this.conditions.every(({ column, sense, value }) => {
      const here = column.values[row];
      return value === null || here !== null && (sense === "≤" ? here <= value : here >= value);
    }) && (!this.region || ["x", "y"].every(axis => {
      const here = this.map[axis].values[row];
      return here !== null && here >= this.region[axis][0] && here <= this.region[axis][1];
    }));
  }

  update() {
    const words = $("search").value.split(/\s+/).filter(Boolean);
    this.rows = [];
    for (let row = 0; row < this.count; row++)
      if (this.finds(words, row) && this.fits(row)) this.rows.push(row);
    if (this.sorted) this.sort();
    $("count").textContent = this.rows.length === this.count ? `${this.count.toLocaleString("en")} crystals`
      : `${this.rows.length.toLocaleString("en")} of ${this.count.toLocaleString("en")} crystals`;
    $("none").hidden = this.rows.length > 0;
    $("clear").hidden = !(words.length || this.conditions.length || this.region);
    this.table.rows(this.rows);
    if (this.map) this.map.show(this.map.x, this.map.y, this.rows);
  }

  // Crystals without a value come last, in either direction.
  sort() {
    const { values, kind } = this.named.get(this.sorted.name);
    const sign = this.sorted.down ? -1 : 1;
    const compare = kind === "number" ? (a, b) => a - b : (a, b) => a.localeCompare(b, "en", { numeric: true });
    this.rows.sort((i, j) => {
      const a = values[i], b = values[j];
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * compare(a, b);
    });
  }

  orderBy(name) {
    this.sorted = { name, down: this.sorted?.name === name && !this.sorted.down };
    this.columns();
    this.update();
  }

  columns() {
    this.table.columns(this.data.columns.filter(column => this.shown.has(column)), this.sorted);
  }

  // --- controls above the table

  controls() {
    $("search").oninput = () => this.update();
    $("clear").onclick = () => this.clear();
    $("csv").onclick = () => this.download();
    $("add").onclick = () => this.condition(this.named.get("energy_above_hull") ?? this.numbers[0], "≤", null);
    $("add").hidden = !this.numbers.length;
    $("choice").append(...this.data.columns.slice(1).map(column => {
      const box = element("input", { type: "checkbox", checked: this.shown.has(column) });
      box.onchange = () => {
        this.shown[box.checked ? "add" : "delete"](column);
        this.columns();
      };
      const unit = column.unit ? ` / ${column.unit}` : "";
      return element("label", {}, box, ` ${column.heading}${unit}`);
    }));
    for (const button of document.querySelectorAll("button[data-at-most]")) button.onclick = () => {
      this.clear();
      this.condition(this.named.get(button.dataset.column), "≤", Number(button.dataset.atMost));
      $("table").scrollIntoView({ behavior: "smooth" });
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  clear() {
    $("search").value = "";
    this.conditions = [];
    $("conditions").replaceChildren();
    this.region = null;
    this.map?.zoom(null);
    this.update();
  }

  condition(column, sense, value) {
    const found = { column, sense, value };
    const name = element("select", { "aria-label": "property" }, ...this.numbers.map(c =>
      element("option", { value: c.name, selected: c === column, textContent: c.heading })));
    const direction = element("select", { "aria-label": "direction" }, ...["≤", "≥"].map(s =>
      element("option", { selected: s === sense, textContent: s })));
    const number = element("input", { type: "number", step: "any", "aria-label": "value", value: value ?? "" });
    const remove = element("button", { type: "button", textContent: "×", "aria-label": "remove this condition" });
    const chip = element("span", { className: "condition" }, name, direction, number, remove);
    const change = () => {
      found.column = this.named.get(name.value);
      found.sense = direction.value;
      found.value = number.value === "" ? null : Number(number.value);
      this.update();
    };
    name.onchange = direction.onchange = number.oninput = change;
    remove.onclick = () => {
      this.conditions = this.conditions.filter(other => other !== found);
      chip.remove();
      this.update();
    };
    this.conditions.push(found);
    $("conditions").append(chip);
    if (value === null) number.focus();
    this.update();
  }

  // --- maps

  maps() {
    const plots = this.data.plots;
    if (!plots.length) return;
    const options = {
      classOf: row => this.classOf(row),
      described: row => this.described(row),
      onPick: row => this.open(row),
      onZoom: region => {
        this.region = region;
        this.update();
      },
    };
    this.map = new Scatter($("map"), options);
    for (const axis of ["x", "y"]) {
      $(axis).append(...this.numbers.map(column => element("option", {
        value: column.name, textContent: column.heading, selected: column.name === plots[0][axis] })));
      $(axis).onchange = () => {
        this.region = null;
        this.map.show(this.named.get($("x").value), this.named.get($("y").value), this.rows);
        this.update();
      };
    }
    this.map.show(this.named.get(plots[0].x), this.named.get(plots[0].y), this.rows);
    const seen = new Set(this.rows.map(row => this.classOf(row)));
    $("legend").append(...CLASSES.flatMap((one, k) => seen.has(k) && one.label
      ? [element("span", { className: one.colour.slice(2), textContent: one.label })] : []));
    this.parities = plots.slice(1).map((plot, k) => {
      const parity = new Scatter($(`parity-${k}`), { ...options, onZoom: () => {}, diagonal: true });
      parity.show(this.named.get(plot.x), this.named.get(plot.y), this.rows);
      return parity;
    });
  }

  described(row) {
    const values = [this.map.x, this.map.y].map(column =>
      element("div", { textContent: `${column.heading} ${numberText(column.values[row], column)} ${column.unit}` }));
    return element("div", {}, element("b", {}, ...formulaNodes(this.data.columns[0].values[row])), ...values);
  }

  // --- details of a crystal

  details() {
    $("close").onclick = () => $("details").close();
    $("before").onclick = () => this.step(-1);
    $("after").onclick = () => this.step(1);
    document.addEventListener("keydown", event => {
      if (event.key === "Escape") $("details").close();
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by && $("details").contains(event.target)) this.step(by);
    });
    for (const mark of document.querySelectorAll("[data-crystal]"))
      mark.addEventListener("click", () => this.open(Number(mark.dataset.crystal)));
  }

  step(by) {
    const next = this.rows[this.rows.indexOf(this.row) + by];
    if (next !== undefined) this.open(next);
  }

  open(row) {
    this.row = row;
    this.table.select(row);
    $("name").replaceChildren(...formulaNodes(this.data.columns[0].values[row]));
    const place = this.rows.indexOf(row);
    $("before").disabled = place <= 0;
    $("after").disabled = place < 0 || place === this.rows.length - 1;
    const facts = this.data.columns.slice(1).flatMap(column => {
      if (column.values[row] === null || column.values[row] === "") return [];
      const nodes = column.kind === "text" ? [column.values[row]] : cellNodes(column, row, null);
      const value = element("dd", {}, ...nodes);
      if (column.unit) value.append(element("small", { textContent: ` ${column.unit}` }));
      return [element("dt", { textContent: column.heading }), value];
    });
    $("facts").replaceChildren(...facts);
    // Not modal: other points and rows can be picked while it is open.
    if (!$("details").open) $("details").show();
    this.picture(row);
  }

  picture(row) {
    const crystal = this.data.crystals?.[row];
    $("picture").hidden = !crystal;
    $("key").replaceChildren();
    if (!crystal) return;
    const size = Math.min(340, $("picture").clientWidth);
    this.drawn = turnable($("picture").firstElementChild, sceneOf(crystal, this.data.elements), size);
    const sites = crystal[1].filter((_, k) => k % 4 === 0);
    $("key").append(...[...new Set(sites)].map(k => {
      const dot = element("i");
      dot.style.background = this.data.elements[k].colour;
      return element("span", {}, dot, this.data.elements[k].symbol);
    }));
  }

  repaint() {
    this.table.repaint();
    this.map?.draw();
    this.parities?.forEach(parity => parity.draw());
    this.drawn?.();
  }

  // --- the table as a file

  csv() {
    const heading = column => column.unit ? `${column.name} (${column.unit})` : column.name;
    // Spreadsheets would compute what begins like a formula.
    const safe = text => /^[=+@\t\r-]/.test(text) ? `'${text}` : text;
    const quoted = text => /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    const cell = (column, row) => {
      const value = column.values[row];
      return value === null ? "" : column.kind === "number" ? String(value) : quoted(safe(value));
    };
    const lines = [this.data.columns.map(column => quoted(safe(heading(column)))).join(",")];
    for (const row of this.rows) lines.push(this.data.columns.map(column => cell(column, row)).join(","));
    return `${lines.join("\r\n")}\r\n`;
  }

  download() {
    const address = URL.createObjectURL(new Blob(["\ufeff", this.csv()], { type: "text/csv" }));
    element("a", { href: address, download: `${document.title.replace(/[^\w.-]+/g, "-")}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }
}

unpacked().then(data => {
  if (data.columns[0].values.length) new Report(data);
  document.documentElement.dataset.ready = "true";
}).catch(error => {
  $("broken").hidden = false;
  $("broken").textContent = `This page could not be shown: ${error.message}. A browser of 2023 or later is needed.`;
});
