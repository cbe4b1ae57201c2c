// Points and lines over the images, in SVG: as sharp at every zoom as on the first.

const SVG = "http://www.w3.org/2000/svg";
const EDGE = "rgba(0, 0, 0, 0.6)";

function shape(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}

function toPixel(view, where) {
  const { width, height } = view.panels[0];
  return { x: where.x * width - 0.5, y: (view.header.upright ? where.y : 1 - where.y) * height - 0.5 };
}

// Right ascension and declination of a pixel, from the plane that touches the sky in the middle of the image.
function toSky({ ra, dec, column, row, along_column: across, along_row: up }, { x, y }) {
  const radian = Math.PI / 180;
  const [east, north] = [0, 1].map((axis) => ((x - column) * across[axis] + (y - row) * up[axis]) * radian);
  const [sine, cosine] = [Math.sin(dec * radian), Math.cos(dec * radian)];
  const along = cosine - north * sine;
  const turned = ra + Math.atan2(east, along) / radian;
  return { ra: ((turned % 360) + 360) % 360, dec: Math.atan2(sine + north * cosine, Math.hypot(east, along)) / radian };
}

function toFraction(view, x, y) {
  const { width, height } = view.panels[0];
  const down = (y + 0.5) / height;
  return { x: (x + 0.5) / width, y: view.header.upright ? down : 1 - down };
}

// Place on the frame, in percent of it.
function onFrame(view, { x, y }) {
  const { window } = view;
  return { x: `${100 * window.zoom * (x - window.x)}%`, y: `${100 * window.zoom * (y - window.y)}%` };
}

function placed(view, overlay, index) {
  const { gesture } = view;
  const inHand = gesture && gesture.kind === "drag" && gesture.name === overlay.name && gesture.index === index;
  return inHand ? gesture.at : toFraction(view, overlay.x[index], overlay.y[index]);
}

function ring(view, overlay, index) {
  if (overlay.x[index] === null || overlay.y[index] === null) return [];
  const { x, y } = onFrame(view, placed(view, overlay, index));
  const radius = overlay.sizes[index] / 2;
  const circle = { cx: x, cy: y, r: radius };
  const group = shape("g", {});
  const fill = overlay.draggable ? "rgba(255, 255, 255, 0.25)" : "none";
  group.append(
    shape("circle", { ...circle, fill, stroke: EDGE, "stroke-width": 4 }),
    shape("circle", { ...circle, fill: "none", stroke: overlay.colour, "stroke-width": 2 }),
  );
  const label = overlay.labels[index];
  if (label) {
    const halo = { stroke: EDGE, "stroke-width": 3, "paint-order": "stroke", "stroke-linejoin": "round" };
    const text = { x, y, dx: radius + 5, dy: "0.35em", fill: overlay.colour, "font-size": 12, "font-family": "sans-serif" };
    group.append(shape("text", { ...text, ...halo }, label));
  }
  if (overlay.draggable) {
    const name = label || (overlay.x.length > 1 ? `${overlay.name} ${index + 1}` : overlay.name);
    const handle = { ...circle, r: Math.max(radius + 4, 14), fill: "transparent", class: "handle", tabindex: 0, role: "button" };
    const made = shape("circle", { ...handle, "aria-label": `${name}; arrow keys move it` });
    made.dataset.name = overlay.name;
    made.dataset.index = index;
    group.append(made);
  }
  return [group];
}

function polyline(view, overlay) {
  const { x, y, zoom } = view.window;
  let pen = "M";
  const path = overlay.x.map((column, index) => {
    if (column === null || overlay.y[index] === null) return void (pen = "M");
    const at = toFraction(view, column, overlay.y[index]);
    const step = `${pen}${at.x.toFixed(5)} ${at.y.toFixed(5)}`;
    pen = "L";
    return step;
  });
  const box = shape("svg", { viewBox: `${x} ${y} ${1 / zoom} ${1 / zoom}`, preserveAspectRatio: "none", width: "100%", height: "100%" });
  const line = { d: path.join(""), fill: "none", "vector-effect": "non-scaling-stroke", "stroke-linejoin": "round" };
  if (overlay.dashed) line["stroke-dasharray"] = "6 4";
  box.append(
    shape("path", { ...line, stroke: EDGE, "stroke-width": overlay.width + 2 }),
    shape("path", { ...line, stroke: overlay.colour, "stroke-width": overlay.width }),
  );
  return box;
}

function drawOverlays(view) {
  const focused = view.root.activeElement;
  const held = focused && focused.dataset.name && { ...focused.dataset, slot: focused.closest("figure") };
  for (const slot of [...view.slots, ...(view.swiped ? [view.swiped] : [])]) {
    const mine = view.header.overlays.filter(
      ({ name, panels }) => !view.off.has(name) && (panels === null || slot === view.swiped || panels.includes(slot.index)),
    );
    slot.svg.replaceChildren(
      ...mine.flatMap((overlay) =>
        overlay.kind === "line" ? [polyline(view, overlay)] : overlay.x.flatMap((_, index) => ring(view, overlay, index)),
      ),
      shape("g", { class: "cursor" }),
    );
    // A point that is moved by keys keeps the focus when it is drawn anew.
    if (held && held.slot === slot.figure) {
      const again = [...slot.svg.querySelectorAll(".handle")].find(({ dataset }) => dataset.name === held.name && dataset.index === held.index);
      if (again) again.focus();
    }
  }
  view.root.querySelector(".legend").replaceChildren(
    ...view.header.overlays.map(({ name, colour }) => {
      const button = element("button", name);
      button.type = "button";
      button.style.setProperty("--colour", colour);
      button.title = "Show or hide";
      button.setAttribute("aria-pressed", !view.off.has(name));
      button.onclick = () => {
        if (!view.off.delete(name)) view.off.add(name);
        drawOverlays(view);
      };
      return button;
    }),
  );
  drawCursor(view);
}

// What the pointer is on, and the box in the hand, on all images at once.
function drawCursor(view) {
  const boxes = [];
  if (view.pointer) boxes.push([snapped(view, view.pointer, view.pointer), "none", 1]);
  if (view.box) boxes.push([view.box, "rgba(255, 255, 255, 0.2)", 2]);
  for (const slot of view.slots) {
    const cursor = slot.svg.querySelector(".cursor");
    if (!cursor) continue;
    cursor.replaceChildren(
      ...boxes.map(([[low, high], fill, width]) => {
        const { x, y } = onFrame(view, low);
        const side = (from, to) => `${100 * view.window.zoom * (to - from)}%`;
        return shape("rect", { x, y, width: side(low.x, high.x), height: side(low.y, high.y), fill, stroke: "#fff", "stroke-width": width });
      }),
    );
  }
}
