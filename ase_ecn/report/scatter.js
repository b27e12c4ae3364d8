// Points that can be pointed at, picked, and zoomed into by dragging a rectangle.

const NEAR = 12; // pixels
const MARGIN = { left: 54, right: 14, top: 12, bottom: 42 };

// Round numbers between two values, about so many.
function ticksBetween(low, high, count) {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(m => m * power >= rough);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + 1e-9 * step; k++) found.push(k * step);
  return { values: found, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
}

function rangeOf(values) {
  let low = Infinity, high = -Infinity;
  for (const v of values) if (v !== null) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  if (low > high) return [0, 1];
  const margin = 0.04 * (high - low) || Math.abs(low) / 10 || 1;
  return [low - margin, high + margin];
}

const ink = (context, colour, font = "12px system-ui, sans-serif") => {
  context.fillStyle = colour;
  context.font = font;
};

class Scatter {
  // host: an element; options: classOf(row) -> 0…, described(row) -> element, onPick(row),
  // onZoom({x: [low, high], y: [low, high]}), diagonal.
  constructor(host, options) {
    this.options = options;
    this.host = host;
    this.canvas = host.appendChild(document.createElement("canvas"));
    this.canvas.setAttribute("role", "img");
    this.over = host.appendChild(document.createElement("canvas"));
    this.over.className = "over";
    this.tip = host.appendChild(document.createElement("div"));
    this.tip.className = "tip";
    this.tip.hidden = true;
    this.rows = [];
    this.listen();
    new ResizeObserver(() => this.draw()).observe(host);
  }

  // x and y: {name, unit, values}; rows: numbers of the points that are drawn in colour.
  show(x, y, rows) {
    const others = this.x !== x || this.y !== y;
    [this.x, this.y, this.rows] = [x, y, rows];
    this.canvas.setAttribute("aria-label", `${y.heading} against ${x.heading}`);
    if (others) this.zoom(null);
    else this.draw();
  }

  zoom(region) {
    this.region = region;
    this.ranges = region ? [region.x, region.y] : [rangeOf(this.x.values), rangeOf(this.y.values)];
    if (this.options.diagonal && !region) {
      const both = [Math.min(this.ranges[0][0], this.ranges[1][0]), Math.max(this.ranges[0][1], this.ranges[1][1])];
      this.ranges = [both, both];
    }
    this.draw();
  }

  draw() {
    const width = this.host.clientWidth, height = this.host.clientHeight;
    if (!this.x || !width || !height) return;
    const context = sharpContext(this.canvas, width, height);
    const [[x0, x1], [y0, y1]] = this.ranges;
    const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
    this.toX = v => MARGIN.left + (v - x0) / (x1 - x0) * (right - MARGIN.left);
    this.toY = v => bottom - (v - y0) / (y1 - y0) * (bottom - MARGIN.top);
    this.fromX = p => x0 + (p - MARGIN.left) / (right - MARGIN.left) * (x1 - x0);
    this.fromY = p => y0 + (bottom - p) / (bottom - MARGIN.top) * (y1 - y0);
    this.axes(context, width, height);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, right - MARGIN.left, bottom - MARGIN.top);
    context.clip();
    this.points(context);
    context.restore();
    this.point(null);
  }

  axes(context, width, height) {
    const line = colourOf("--line"), soft = colourOf("--soft");
    const right = width - MARGIN.right, bottom = height - MARGIN.bottom;
    const rule = (xa, ya, xb, yb) => {
      context.beginPath();
      context.moveTo(xa, ya);
      context.lineTo(xb, yb);
      context.stroke();
    };
    context.lineWidth = 1;
    context.strokeStyle = line;
    const across = ticksBetween(...this.ranges[0], width / 95);
    const up = ticksBetween(...this.ranges[1], height / 60);
    ink(context, soft);
    context.textAlign = "center";
    for (const v of across.values) {
      rule(this.toX(v), MARGIN.top, this.toX(v), bottom);
      context.fillText(v.toFixed(across.digits).replace("-", "−"), this.toX(v), bottom + 16);
    }
    context.textAlign = "right";
    for (const v of up.values) {
      rule(MARGIN.left, this.toY(v), right, this.toY(v));
      context.fillText(v.toFixed(up.digits).replace("-", "−"), MARGIN.left - 7, this.toY(v) + 4);
    }
    context.strokeStyle = soft;
    context.setLineDash([4, 3]);
    if (this.options.diagonal) rule(this.toX(this.ranges[0][0]), this.toY(this.ranges[0][0]),
      this.toX(this.ranges[0][1]), this.toY(this.ranges[0][1]));
    else if (this.x.name === "energy_above_hull" && this.ranges[0][0] < 0 && this.ranges[0][1] > 0)
      rule(this.toX(0), MARGIN.top, this.toX(0), bottom);
    context.setLineDash([]);
    ink(context, colourOf("--ink"), "600 12px system-ui, sans-serif");
    context.textAlign = "center";
    const named = c => c.unit ? `${c.heading} / ${c.unit}` : c.heading;
    context.fillText(named(this.x), (MARGIN.left + right) / 2, height - 8);
    context.translate(13, (MARGIN.top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(named(this.y), 0, 0);
    context.rotate(Math.PI / 2);
    context.translate(-13, -(MARGIN.top + bottom) / 2);
  }

  // One path for each colour: ten thousand points are drawn within a frame.
  points(context) {
    const radius = this.rows.length > 2000 ? 2.5 : 4;
    const paths = CLASSES.map(() => new Path2D());
    for (const row of this.rows) {
      const a = this.x.values[row], b = this.y.values[row];
      if (a === null || b === null) continue;
      const path = paths[this.options.classOf(row)], px = this.toX(a), py = this.toY(b);
      path.moveTo(px + radius, py);
      path.arc(px, py, radius, 0, 7);
    }
    context.globalAlpha = this.rows.length > 2000 ? 0.6 : 0.85;
    // The last class is the most common one, and must not hide the others.
    for (let k = CLASSES.length - 1; k >= 0; k--) {
      context.fillStyle = colourOf(CLASSES[k].colour);
      context.fill(paths[k]);
    }
    context.globalAlpha = 1;
  }

  nearest(px, py) {
    let best = null, least = NEAR * NEAR;
    for (const row of this.rows) {
      const a = this.x.values[row], b = this.y.values[row];
      if (a === null || b === null) continue;
      const dx = this.toX(a) - px, dy = this.toY(b) - py, d = dx * dx + dy * dy;
      if (d < least) [best, least] = [row, d];
    }
    return best;
  }

  // Mark a point and say what it is.
  point(row, rectangle = null) {
    const context = sharpContext(this.over, this.host.clientWidth, this.host.clientHeight);
    this.tip.hidden = row === null;
    if (rectangle) {
      context.fillStyle = context.strokeStyle = colourOf("--accent");
      context.globalAlpha = 0.15;
      context.fillRect(...rectangle);
      context.globalAlpha = 1;
      context.strokeRect(...rectangle);
    }
    if (row === null) return;
    const px = this.toX(this.x.values[row]), py = this.toY(this.y.values[row]);
    context.strokeStyle = colourOf("--ink");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(px, py, 6.5, 0, 7);
    context.stroke();
    this.tip.replaceChildren(this.options.described(row));
    const left = px + this.tip.offsetWidth + 18 > this.host.clientWidth;
    this.tip.style.left = `${Math.max(0, left ? px - this.tip.offsetWidth - 12 : px + 12)}px`;
    this.tip.style.top = `${Math.max(0, Math.min(py - 12, this.host.clientHeight - this.tip.offsetHeight))}px`;
  }

  listen() {
    let start = null, wasDragged = false;
    const at = event => {
      const box = this.over.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const dragged = (a, b) => Math.abs(a[0] - b[0]) > 6 && Math.abs(a[1] - b[1]) > 6;
    this.over.addEventListener("pointerdown", event => {
      if (event.pointerType !== "mouse") return;
      start = at(event);
      this.over.setPointerCapture(event.pointerId);
    });
    this.over.addEventListener("pointermove", event => {
      const here = at(event);
      if (start && dragged(start, here))
        this.point(null, [...start, here[0] - start[0], here[1] - start[1]]);
      else {
        const row = this.nearest(...here);
        this.over.style.cursor = row === null ? "crosshair" : "pointer";
        this.point(row);
      }
    });
    this.over.addEventListener("pointerleave", () => { if (!start) this.point(null); });
    this.over.addEventListener("pointerup", event => {
      const here = at(event), from = start;
      start = null;
      wasDragged = Boolean(from) && dragged(from, here);
      if (wasDragged) {
        const sorted = (p, q) => p < q ? [p, q] : [q, p];
        const region = { x: sorted(this.fromX(from[0]), this.fromX(here[0])),
          y: sorted(this.fromY(from[1]), this.fromY(here[1])) };
        this.zoom(region);
        this.options.onZoom(region);
      }
    });
    this.over.addEventListener("click", event => {
      const row = wasDragged ? null : this.nearest(...at(event));
      if (row !== null) {
        this.point(row);
        this.options.onPick(row);
      }
    });
  }
}
