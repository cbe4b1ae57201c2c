// Draws images that Python has already shaded (lensmae/figures/panels.py). Sliding only chooses among frames that are here.
// The parts lens_view*.js are joined into one script by lens_view.py. Places are fractions of the image from its upper left
// corner; what goes to and comes from Python is in pixels of the first panel.

const views = new WeakMap();

function unpack(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  // A copy of the body starts at a multiple of 4, as Float32Array needs.
  return { header, body: bytes.slice(4 + length).buffer };
}

function readPanel(entry, body) {
  const size = entry.height * entry.width;
  const panel = { ...entry, size };
  panel.shades = new Uint8Array(body, entry.shades, size * entry.frames);
  panel.values = new Float32Array(body, entry.values, size * entry.frames);
  if (entry.grid) {
    const cells = entry.grid[0] * entry.grid[1];
    panel.covered = new Uint8Array(body, entry.covered);
    panel.cells = cells;
    panel.cellOf = Uint32Array.from({ length: size }, (_, place) => {
      const row = Math.floor((Math.floor(place / entry.width) * entry.grid[0]) / entry.height);
      return row * entry.grid[1] + Math.floor(((place % entry.width) * entry.grid[1]) / entry.width);
    });
  }
  return panel;
}

function format(number) {
  if (number === 0) return "0";
  const size = Math.abs(number);
  return (size >= 0.01 && size < 1e4 ? number.toPrecision(3) : number.toExponential(1)).replaceAll("-", "−");
}

function element(tag, text = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = name;
  return made;
}

function shown(view) {
  return Math.min(view.frame, view.last);
}

// Where the pixels of the shown frame are in a panel's arrays; -1 where that frame has not come yet.
function storedAt(view, panel) {
  return panel.available ? panel.available.indexOf(shown(view)) : Math.min(shown(view), panel.frames - 1);
}

function paint(view, panel, canvas) {
  const { table } = panel;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(panel.width, panel.height);
  const at = storedAt(view, panel);
  const start = at * panel.size;
  const cover = panel.covered && panel.covered.subarray(shown(view) * panel.cells, (shown(view) + 1) * panel.cells);
  for (let place = 0; place < panel.size; place++) {
    const row = Math.floor(place / panel.width);
    const target = 4 * ((view.header.upright ? row : panel.height - 1 - row) * panel.width + (place % panel.width));
    const colour = 3 * panel.shades[start + place];
    pixels.data[target] = table[colour];
    pixels.data[target + 1] = table[colour + 1];
    pixels.data[target + 2] = table[colour + 2];
    // A covered patch stays transparent: the hatched background shows through, in either theme.
    pixels.data[target + 3] = cover && cover[panel.cellOf[place]] ? 0 : 255;
  }
  context.putImageData(pixels, 0, 0);
}

function show(view) {
  view.panels.forEach((panel, place) => paint(view, panel, view.slots[place].canvas));
  if (view.swiped) paintSwipe(view);
  const { slider, readouts } = view.header;
  if (slider) view.root.querySelector(".controls output").textContent = slider.labels[shown(view)];
  view.root.querySelector(".readouts").replaceChildren(
    ...(readouts || []).map(({ name, values }) => {
      const item = element("div");
      item.append(element("dt", name), element("dd", values[Math.min(shown(view), values.length - 1)]));
      return item;
    }),
  );
  point(view, view.pointer);
}

// Where the pixel under a place is in a panel's frame.
function pixelAt(view, panel, where) {
  const column = Math.min(panel.width - 1, Math.floor(where.x * panel.width));
  const row = Math.min(panel.height - 1, Math.floor((view.header.upright ? where.y : 1 - where.y) * panel.height));
  return row * panel.width + column;
}

function valueAt(view, panel, where) {
  const inside = pixelAt(view, panel, where);
  const covered = panel.covered && panel.covered[shown(view) * panel.cells + panel.cellOf[inside]];
  const at = storedAt(view, panel);
  const start = at * panel.size;
  return covered || at < 0 ? "" : format(panel.values[start + inside]);
}

function point(view, where) {
  view.pointer = where;
  view.panels.forEach((panel, place) => {
    const { unit, limits } = panel.measure || {};
    const ends = limits && storedAt(view, panel) >= 0 && limits[storedAt(view, panel)].map(format);
    const scale = ends ? `${ends[0]} – ${ends[1]} ${unit}` : "";
    view.slots[place].label.textContent = where ? valueAt(view, panel, where) : scale;
  });
  const text = view.root.querySelector(".pointer");
  if (!where) text.textContent = hint(view);
  else {
    const { x, y } = toPixel(view, where);
    const sky = view.header.sky && toSky(view.header.sky, { x, y });
    const there = sky ? ` · RA ${sky.ra.toFixed(5)}°, Dec ${sky.dec < 0 ? "−" : "+"}${Math.abs(sky.dec).toFixed(5)}°` : "";
    text.textContent = `x ${Math.round(x)}, y ${Math.round(y)} (pixels of ${view.panels[0].title})${there}`;
  }
  drawCursor(view);
}

function hint(view) {
  const { pick, overlays } = view.header;
  const says = [];
  if (pick.includes("click")) says.push(view.header.patch > 1 ? "click a patch" : "click a pixel");
  if (pick.includes("box")) says.push("drag a box");
  if (overlays.some(({ draggable }) => draggable)) says.push("drag a ring");
  if (view.last) says.push("[ ] slider");
  says.push(pick.includes("click") ? "+ − zoom" : "double-click to zoom");
  return says.join(" · ");
}

function build(view) {
  const { header, root } = view;
  const panels = root.querySelector(".panels");
  panels.style.setProperty("--count", header.columns);
  panels.style.setProperty("--half", header.columns > 3 ? Math.ceil(header.columns / 2) : header.columns);
  view.slots = view.panels.map((panel, index) => {
    const slot = { index, figure: element("figure"), frame: element("div", "", "frame"), label: element("i"), canvas: element("canvas") };
    const caption = element("figcaption");
    slot.canvas.setAttribute("role", "img");
    slot.canvas.setAttribute("aria-label", panel.title);
    slot.canvas.width = panel.width;
    slot.canvas.height = panel.height;
    slot.svg = shape("svg", {});
    caption.append(element("b", panel.title), slot.label);
    slot.frame.append(slot.canvas, slot.svg);
    slot.figure.append(caption, slot.frame);
    listen(view, slot);
    return slot;
  });
  view.swiped = header.swipe && buildSwipe(view);
  const all = view.swiped ? [...view.slots, view.swiped] : view.slots;
  panels.replaceChildren(...all.map(({ figure }) => figure));
  const controls = root.querySelector(".controls");
  controls.hidden = !header.slider;
  if (header.slider) {
    controls.querySelector(".name").textContent = header.slider.name;
    const input = controls.querySelector("input");
    input.setAttribute("aria-label", header.slider.name);
    input.max = header.slider.labels.length - 1;
    input.value = shown(view);
    input.oninput = () => {
      view.frame = Number(input.value);
      show(view);
    };
    input.onchange = () => view.setStateValue("frame", view.frame);
  }
  buildTools(view);
  root.querySelector(".save").onclick = () => save(view);
}

function scales(view) {
  const { scale, unit } = view.header;
  const low = Math.abs(scale.low) < 1e-4 * Math.abs(scale.high) ? 0 : scale.low;
  view.bars = {
    // "3.92 × 0.5 e-/s", not "3.92 0.5 e-/s".
    flux: [format(low), format(scale.high), `${unit.replace(/^([\d.]+) /, "× $1 ")} · ${scale.stretch} stretch`],
    residual: [`−${format(scale.bound)}`, `+${format(scale.bound)}`, "linear"],
    // Every measure has limits of its own in every frame; they stand beside its title.
    measure: ["least", "largest", "beside each title · linear"],
  };
  for (const [name, texts] of Object.entries(view.bars)) {
    const bar = view.root.querySelector(`.bar.${name}`);
    bar.hidden = !view.panels.some((panel) => panel.colours === name);
    for (const [place, part] of ["low", "high", "unit"].entries()) bar.querySelector(`.${part}`).textContent = texts[place];
    const context = bar.querySelector("canvas").getContext("2d");
    const pixels = context.createImageData(256, 1);
    for (let place = 0; place < 256; place++) {
      pixels.data.set(view.tables[name].subarray(3 * place, 3 * place + 3), 4 * place);
      pixels.data[4 * place + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
  }
}

function newView(root, header) {
  return { root, frame: header.frame || 0, window: { x: 0, y: 0, zoom: 1 }, pointer: null, off: new Set(), held: new Map() };
}

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component;
  const { header, body } = unpack(data);
  const view = views.get(parentElement) || newView(parentElement, header);
  views.set(parentElement, view);
  Object.assign(view, { header, setStateValue, setTriggerValue, waiting: false });
  view.tables = Object.fromEntries(Object.entries(header.tables).map(([name, at]) => [name, new Uint8Array(body, at, 768)]));
  view.panels = header.panels.map((entry) => readPanel(entry, body));
  for (const panel of view.panels) panel.table = view.tables[panel.colours];
  const count = header.slider ? header.slider.labels.length : 1;
  // A slider at the end of a growing film goes with it.
  if (header.slider?.follow && view.frame === view.last) view.frame = count - 1;
  // Where there are fewer frames for a while, the chosen one is kept for later.
  view.last = count - 1;
  // What is on the page is built anew only where its shape changed, so that a slider in the hand is not taken away.
  const titles = view.panels.map(({ title, height, width }) => [title, height, width]);
  const layout = JSON.stringify([titles, count, header.columns, header.swipe, header.pick]);
  if (view.layout !== layout) {
    view.layout = layout;
    build(view);
  }
  scales(view);
  drawOverlays(view);
  show(view);
}
