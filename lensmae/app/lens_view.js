// Draws images that Python has already shaded (lensmae/figures/panels.py). Sliding only chooses among frames that are here.

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
  return size >= 0.01 && size < 1e4 ? number.toPrecision(3) : number.toExponential(1);
}

function element(tag, text = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}

function paint(view, panel, canvas) {
  const { table } = panel;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(panel.width, panel.height);
  const start = Math.min(view.frame, panel.frames - 1) * panel.size;
  const cover = panel.covered && panel.covered.subarray(view.frame * panel.cells, (view.frame + 1) * panel.cells);
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
  view.panels.forEach((panel, place) => paint(view, panel, view.canvases[place]));
  const { slider, readouts } = view.header;
  if (slider) view.root.querySelector(".controls output").textContent = slider.labels[view.frame];
  view.root.querySelector(".readouts").replaceChildren(
    ...(readouts || []).map(({ name, values }) => {
      const item = element("div");
      item.append(element("dt", name), element("dd", values[Math.min(view.frame, values.length - 1)]));
      return item;
    }),
  );
  point(view, view.pointer);
}

function point(view, where) {
  view.pointer = where;
  view.panels.forEach((panel, place) => {
    const label = view.root.querySelectorAll("figcaption i")[place];
    if (!where) return void (label.textContent = "");
    const column = Math.min(panel.width - 1, Math.floor(where.x * panel.width));
    const row = Math.min(panel.height - 1, Math.floor((view.header.upright ? where.y : 1 - where.y) * panel.height));
    const inside = row * panel.width + column;
    const covered = panel.covered && panel.covered[view.frame * panel.cells + panel.cellOf[inside]];
    const start = Math.min(view.frame, panel.frames - 1) * panel.size;
    label.textContent = covered ? "" : format(panel.values[start + inside]);
  });
  const first = view.panels[0];
  const x = where && Math.min(first.width - 1, Math.floor(where.x * first.width));
  const y = where && Math.min(first.height - 1, Math.floor((view.header.upright ? where.y : 1 - where.y) * first.height));
  view.root.querySelector(".pointer").textContent = where ? `x ${x}, y ${y} (pixels of ${first.title})` : view.header.hint || "";
}

function zoomAt(view, where) {
  view.zoom = view.zoom >= 4 ? 1 : view.zoom * 2;
  const panels = view.root.querySelector(".panels");
  panels.style.setProperty("--zoom", view.zoom);
  if (view.zoom === 2) {
    panels.style.setProperty("--ox", `${100 * where.x}%`);
    panels.style.setProperty("--oy", `${100 * where.y}%`);
  }
}

function listen(view, canvas) {
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const part = (at, from, length) => Math.min(0.9999, Math.max(0, (at - from) / length));
    return { x: part(event.clientX, box.left, box.width), y: part(event.clientY, box.top, box.height) };
  };
  canvas.onpointermove = canvas.onpointerdown = (event) => point(view, place(event));
  canvas.onpointerleave = () => point(view, null);
  canvas.ondblclick = (event) => zoomAt(view, place(event));
}

function build(view) {
  const { header, root } = view;
  const panels = root.querySelector(".panels");
  panels.style.setProperty("--count", header.columns);
  panels.replaceChildren();
  view.canvases = view.panels.map((panel) => {
    const figure = element("figure");
    const caption = element("figcaption");
    const frame = element("div");
    const canvas = element("canvas");
    frame.className = "frame";
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", panel.title);
    canvas.width = panel.width;
    canvas.height = panel.height;
    caption.append(element("b", panel.title), element("i"));
    frame.append(canvas);
    figure.append(caption, frame);
    panels.append(figure);
    listen(view, canvas);
    return canvas;
  });
  const controls = root.querySelector(".controls");
  controls.hidden = !header.slider;
  if (header.slider) {
    controls.querySelector(".name").textContent = header.slider.name;
    const input = controls.querySelector("input");
    input.setAttribute("aria-label", header.slider.name);
    input.max = header.slider.labels.length - 1;
    input.value = view.frame;
    input.oninput = () => {
      view.frame = Number(input.value);
      show(view);
    };
    input.onchange = () => view.setStateValue("frame", view.frame);
  }
  root.querySelector("button").onclick = () => save(view);
}

function legend(view) {
  const { scale, unit } = view.header;
  const low = Math.abs(scale.low) < 1e-4 * Math.abs(scale.high) ? 0 : scale.low;
  const bars = {
    flux: [format(low), `${format(scale.high)}  ·  ${unit}  ·  ${scale.stretch} stretch`],
    residual: [`−${format(scale.bound)}`, `+${format(scale.bound)}`],
  };
  for (const [name, [low, high]] of Object.entries(bars)) {
    const bar = view.root.querySelector(`.bar.${name}`);
    bar.hidden = !view.panels.some((panel) => panel.residual === (name === "residual"));
    bar.querySelector(".low").textContent = low;
    bar.querySelector(".high").textContent = high;
    const context = bar.querySelector("canvas").getContext("2d");
    const pixels = context.createImageData(256, 1);
    for (let place = 0; place < 256; place++) {
      pixels.data.set(view.tables[name].subarray(3 * place, 3 * place + 3), 4 * place);
      pixels.data[4 * place + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
  }
}

function save(view) {
  const side = 384;
  const sheet = element("canvas");
  sheet.width = view.canvases.length * (side + 16) + 16;
  sheet.height = side + 56;
  const context = sheet.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.imageSmoothingEnabled = false;
  context.font = "18px sans-serif";
  view.canvases.forEach((canvas, place) => {
    const left = 16 + place * (side + 16);
    context.fillStyle = "#222";
    context.fillText(view.panels[place].title, left, 28, side);
    context.fillStyle = "#7a808a";
    context.fillRect(left, 40, side, side);
    context.drawImage(canvas, left, 40, side, side);
  });
  const link = element("a");
  link.download = `${view.header.file || "lens"}.png`;
  link.href = sheet.toDataURL("image/png");
  link.click();
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const { header, body } = unpack(data);
  const view = views.get(parentElement) || { root: parentElement, frame: header.frame || 0, zoom: 1, pointer: null };
  views.set(parentElement, view);
  view.header = header;
  view.setStateValue = setStateValue;
  view.tables = Object.fromEntries(Object.entries(header.tables).map(([name, at]) => [name, new Uint8Array(body, at, 768)]));
  view.panels = header.panels.map((entry) => readPanel(entry, body));
  for (const panel of view.panels) panel.table = view.tables[panel.residual ? "residual" : "flux"];
  const count = header.slider ? header.slider.labels.length : 1;
  view.frame = Math.min(view.frame, count - 1);
  // What is on the page is built anew only where its shape changed, so that a slider in the hand is not taken away.
  const shape = JSON.stringify([view.panels.map(({ title, height, width }) => [title, height, width]), count]);
  if (view.shape !== shape) {
    view.shape = shape;
    build(view);
  }
  legend(view);
  show(view);
}
