// Crystals as pictures: balls, bonds between them, and the edges of the cell.

const VIEW = [[0.87, -0.22, 0.44], [0, 0.89, 0.45], [-0.49, -0.39, 0.78]];
const BOND = 1.2; // in units of the sum of both covalent radii
const ON_FACE = 0.02; // of the cell; what lies so close to a face is drawn on the opposite one too
const MOST_REPEATED = 60;
// Balls are drawn smaller than atoms are, and small ones less so: radius in Å of a covalent radius.
const ballRadius = covalent => 0.2 + 0.28 * covalent;

// Atoms in Å around their centre, and pairs of them that are joined.
function sceneOf(crystal, elements) {
  const [cell, sites] = crystal;
  const place = f => [0, 1, 2].map(k => f[0] * cell[k] + f[1] * cell[3 + k] + f[2] * cell[6 + k]);
  const atoms = [];
  const repeated = sites.length / 4 <= MOST_REPEATED;
  for (let s = 0; s < sites.length; s += 4) {
    const fractions = [1, 2, 3].map(k => sites[s + k] / 1e4);
    const choices = fractions.map(f => repeated && f < ON_FACE ? [f, f + 1]
      : repeated && f > 1 - ON_FACE ? [f - 1, f] : [f]);
    for (const x of choices[0]) for (const y of choices[1]) for (const z of choices[2])
      atoms.push({ element: elements[sites[s]], at: place([x, y, z]) });
  }
  const middle = place([0.5, 0.5, 0.5]);
  const corners = [];
  for (let k = 0; k < 8; k++) corners.push(place([k & 1, k >> 1 & 1, k >> 2 & 1]));
  for (const point of [...atoms.map(a => a.at), ...corners])
    for (let k = 0; k < 3; k++) point[k] -= middle[k];
  return { atoms, corners, bonds: bondsOf(atoms) };
}

// Two metals beside a nonmetal are not joined: their radii are those of the bare metals.
function bondsOf(atoms) {
  const salt = atoms.some(a => !a.element.metal);
  const bonds = [];
  for (let i = 0; i < atoms.length; i++) for (let j = 0; j < i; j++) {
    const a = atoms[i], b = atoms[j];
    if (salt && a.element.metal && b.element.metal) continue;
    const reach = BOND * (a.element.radius + b.element.radius);
    const d = a.at.map((x, k) => x - b.at[k]);
    const square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
    if (square > 0.01 && square < reach * reach) bonds.push([i, j]);
  }
  return bonds;
}

const turned = (rotation, p) => rotation.map(r => r[0] * p[0] + r[1] * p[1] + r[2] * p[2]);

// A rotation by angles about the axes of the screen, after another rotation.
function rotatedBy(rotation, horizontal, vertical) {
  const [c, s, d, t] = [Math.cos(horizontal), Math.sin(horizontal), Math.cos(vertical), Math.sin(vertical)];
  const step = [[c, 0, s], [t * s, d, -t * c], [-d * s, t, d * c]];
  return step.map(row => [0, 1, 2].map(k => row[0] * rotation[0][k] + row[1] * rotation[1][k] + row[2] * rotation[2][k]));
}

// A canvas as sharp as the screen, in pixels of the page.
function sharpContext(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return context;
}

const colourOf = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function drawCrystal(canvas, scene, size, rotation = VIEW, steady = false) {
  const context = sharpContext(canvas, size, size);
  const atoms = scene.atoms.map(a => ({ element: a.element, at: turned(rotation, a.at) }));
  const corners = scene.corners.map(p => turned(rotation, p));
  const points = [...corners, ...atoms.map(a => a.at)];
  // A picture that is turned must not breathe: its scale is that of the sphere around everything.
  const reach = steady ? Math.max(...points.map(p => Math.hypot(...p)))
    : Math.max(...points.map(p => Math.max(Math.abs(p[0]), Math.abs(p[1]))));
  const scale = size / 2 / (reach + 0.8);
  const x = p => size / 2 + p[0] * scale, y = p => size / 2 - p[1] * scale;
  context.lineCap = "round";
  const line = (from, to, colour, width) => {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(x(from), y(from));
    context.lineTo(x(to), y(to));
    context.stroke();
  };
  const edge = colourOf("--edge");
  for (let a = 0; a < 8; a++) for (const bit of [1, 2, 4])
    if (!(a & bit)) line(corners[a], corners[a | bit], edge, 1);
  const half = (p, q) => p.map((v, k) => (v + q[k]) / 2);
  const width = Math.max(1.3, 0.17 * scale), rim = Math.max(0.5, size / 300);
  const outline = colourOf("--rim");
  const parts = scene.bonds.map(([i, j]) => [half(atoms[i].at, atoms[j].at)[2], () => {
    const middle = half(atoms[i].at, atoms[j].at);
    line(atoms[i].at, atoms[j].at, outline, width + 2 * rim);
    line(atoms[i].at, middle, atoms[i].element.colour, width);
    line(atoms[j].at, middle, atoms[j].element.colour, width);
  }]);
  for (const atom of atoms) parts.push([atom.at[2] + 0.01, () => ball(context, x(atom.at), y(atom.at),
    Math.max(1.8, ballRadius(atom.element.radius) * scale), atom.element.colour, outline, rim)]);
  parts.sort((a, b) => a[0] - b[0]).forEach(part => part[1]());
}

function ball(context, x, y, radius, colour, outline, rim) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fillStyle = colour;
  context.fill();
  if (radius > 4) {
    const light = context.createRadialGradient(x - radius / 3, y - radius / 3, radius / 8, x, y, radius);
    light.addColorStop(0, "rgba(255,255,255,.65)");
    light.addColorStop(0.5, "rgba(255,255,255,0)");
    light.addColorStop(1, "rgba(0,0,0,.22)");
    context.fillStyle = light;
    context.fill();
  }
  context.strokeStyle = outline;
  context.lineWidth = rim;
  context.stroke();
}

// A picture that follows the pointer.
function turnable(canvas, scene, size) {
  let rotation = VIEW, last = null;
  const draw = () => drawCrystal(canvas, scene, size, rotation, true);
  canvas.onpointerdown = event => {
    last = event;
    canvas.setPointerCapture(event.pointerId);
  };
  canvas.onpointermove = event => {
    if (!last) return;
    rotation = rotatedBy(rotation, (event.clientX - last.clientX) / 90, (event.clientY - last.clientY) / 90);
    last = event;
    draw();
  };
  canvas.onpointerup = canvas.onpointercancel = () => { last = null; };
  draw();
  return draw;
}
