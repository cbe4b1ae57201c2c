// Pointer, touch and keys: zoom and pan of all images together, clicks, boxes and dragged points for Python.

const MOST_ZOOM = 16;
const CLICK_PX = 4;

const clip = (value, low, high) => Math.min(high, Math.max(low, value));

function setWindow(view, x, y, zoom) {
  view.window = { zoom, x: clip(x, 0, 1 - 1 / zoom), y: clip(y, 0, 1 - 1 / zoom) };
  const panels = view.root.querySelector(".panels");
  for (const [name, value] of Object.entries(view.window)) panels.style.setProperty(`--${name}`, value);
  panels.classList.toggle("zoomed", zoom > 1);
  drawOverlays(view);
}

// Zoom with a place of the image staying where it is on the screen.
function zoomTo(view, zoom, at = { x: view.window.x + 0.5 / view.window.zoom, y: view.window.y + 0.5 / view.window.zoom }) {
  const { x, y, zoom: before } = view.window;
  const next = clip(zoom, 1, MOST_ZOOM);
  setWindow(view, at.x - ((at.x - x) * before) / next, at.y - ((at.y - y) * before) / next, next);
}

function placeOf(view, slot, event) {
  const box = slot.frame.getBoundingClientRect();
  const { x, y, zoom } = view.window;
  const part = (at, from, length) => clip((at - from) / length, 0, 0.9999) / zoom;
  return { x: x + part(event.clientX, box.left, box.width), y: y + part(event.clientY, box.top, box.height) };
}

// Corners of the patches that lie between two places.
function snapped(view, first, second) {
  const { width, height } = view.panels[0];
  const side = { x: view.header.patch / width, y: view.header.patch / height };
  const along = (axis, round, pick) => round(pick(first[axis], second[axis]) / side[axis] + (round === Math.floor ? 1e-9 : -1e-9));
  const low = { x: along("x", Math.floor, Math.min) * side.x, y: along("y", Math.floor, Math.min) * side.y };
  const high = { x: along("x", Math.ceil, Math.max) * side.x, y: along("y", Math.ceil, Math.max) * side.y };
  // Where both places lie on one line of the grid, the patch behind it is meant.
  return [low, { x: Math.max(high.x, low.x + side.x), y: Math.max(high.y, low.y + side.y) }];
}

function send(view, event) {
  view.setTriggerValue("event", event);
}

function sendClick(view, slot, where) {
  if (!view.header.pick.includes("click") || slot === view.swiped) return;
  turnOver(view, where);
  send(view, { kind: "click", panel: slot.index, ...toPixel(view, where) });
}

// A patch of the mask turns over at once; what the network predicts of it comes with Python's answer.
function turnOver(view, where) {
  const { mask } = view.header;
  const panel = view.panels[mask];
  if (!panel) return;
  const cell = shown(view) * panel.cells + panel.cellOf[pixelAt(view, panel, where)];
  panel.covered[cell] = 1 - panel.covered[cell];
  paint(view, panel, view.slots[mask].canvas);
}

function sendBox(view, slot, first, second) {
  const corners = snapped(view, first, second).map((corner) => toPixel(view, corner));
  send(view, { kind: "box", panel: slot.index, x: corners.map(({ x }) => x), y: corners.map(({ y }) => y) });
}

function sendDrag(view, { name, index, at }, final) {
  // While a point is in the hand, the next place goes out when the last one is answered: a slow server is not flooded.
  if (!final && view.waiting) return;
  view.waiting = !final;
  send(view, { kind: "drag", name, index, ...toPixel(view, at), final });
}

function begin(view, slot, event) {
  const start = placeOf(view, slot, event);
  const shared = { start, window: view.window, client: [event.clientX, event.clientY], moved: false };
  const { name, index } = event.target.dataset;
  if (name !== undefined) return { ...shared, kind: "drag", name, index: Number(index), at: start };
  const boxes = view.header.pick.includes("box") && slot !== view.swiped && !view.panning && !event.shiftKey;
  return { ...shared, kind: boxes ? "box" : "pan" };
}

function move(view, slot, event) {
  const { gesture } = view;
  const [x, y] = [event.clientX - gesture.client[0], event.clientY - gesture.client[1]];
  gesture.moved ||= Math.hypot(x, y) > CLICK_PX;
  if (!gesture.moved) return;
  const where = placeOf(view, slot, event);
  if (gesture.kind === "drag") {
    gesture.at = where;
    drawOverlays(view);
    sendDrag(view, gesture, false);
  } else if (gesture.kind === "box") view.box = snapped(view, gesture.start, where);
  else if (gesture.window.zoom > 1) {
    const { width, height } = slot.frame.getBoundingClientRect();
    const { window } = gesture;
    setWindow(view, window.x - x / width / window.zoom, window.y - y / height / window.zoom, window.zoom);
  }
}

function end(view, slot, event) {
  const { gesture } = view;
  const where = placeOf(view, slot, event);
  view.gesture = null;
  view.box = null;
  if (gesture.kind === "drag") {
    if (gesture.moved) sendDrag(view, gesture, true);
  } else if (!gesture.moved) sendClick(view, slot, where);
  else if (gesture.kind === "box") sendBox(view, slot, gesture.start, where);
  drawCursor(view);
}

// Two fingers: the middle between them stays on what it was on.
function pinch(view, slot) {
  const [first, second] = [...view.held.values()];
  const apart = Math.hypot(first.clientX - second.clientX, first.clientY - second.clientY);
  const middle = { clientX: (first.clientX + second.clientX) / 2, clientY: (first.clientY + second.clientY) / 2 };
  if (view.apart) zoomTo(view, (view.window.zoom * apart) / view.apart, placeOf(view, slot, middle));
  view.apart = apart;
}

function listen(view, slot) {
  const { frame } = slot;
  frame.tabIndex = 0;
  frame.onpointerdown = (event) => {
    if (event.button !== 0) return;
    frame.setPointerCapture(event.pointerId);
    view.held.set(event.pointerId, event);
    view.apart = 0;
    view.gesture = view.held.size === 1 ? begin(view, slot, event) : null;
    view.waiting = false;
    view.box = null;
    point(view, placeOf(view, slot, event));
  };
  frame.onpointermove = (event) => {
    if (view.held.has(event.pointerId)) view.held.set(event.pointerId, event);
    if (view.held.size === 2) pinch(view, slot);
    else if (view.gesture) move(view, slot, event);
    point(view, placeOf(view, slot, event));
  };
  frame.onpointerup = (event) => {
    view.held.delete(event.pointerId);
    if (view.gesture) end(view, slot, event);
  };
  frame.onpointercancel = (event) => {
    view.held.delete(event.pointerId);
    view.gesture = view.box = null;
    drawOverlays(view);
  };
  // A finger that is lifted leaves; what it pointed at stays readable.
  frame.onpointerleave = (event) => event.pointerType !== "touch" && point(view, null);
  frame.onblur = () => point(view, null);
  frame.ondblclick = (event) => {
    const { zoom } = view.window;
    if (!view.header.pick.includes("click")) zoomTo(view, zoom >= 4 ? 1 : zoom * 2, placeOf(view, slot, event));
  };
  frame.addEventListener(
    "wheel",
    (event) => {
      // The plain wheel scrolls the page; a pinch on a touchpad arrives as a wheel with Ctrl.
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoomTo(view, view.window.zoom * Math.exp(-event.deltaY / 200), placeOf(view, slot, event));
    },
    { passive: false },
  );
  frame.onkeydown = (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && press(view, slot, event)) event.preventDefault();
  };
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

// True where the key meant something.
function press(view, slot, event) {
  const { key, shiftKey, target } = event;
  const arrow = ARROWS[key];
  const { width, height } = view.panels[0];
  if (arrow && target.dataset.name !== undefined) {
    const overlay = view.header.overlays.find(({ name }) => name === target.dataset.name);
    const index = Number(target.dataset.index);
    const from = toFraction(view, overlay.x[index], overlay.y[index]);
    const step = shiftKey ? 0.1 : 1;
    const at = { x: clip(from.x + (arrow[0] * step) / width, 0, 1), y: clip(from.y + (arrow[1] * step) / height, 0, 1) };
    ({ x: overlay.x[index], y: overlay.y[index] } = toPixel(view, at));
    drawOverlays(view);
    sendDrag(view, { name: overlay.name, index, at }, true);
  } else if (arrow && shiftKey) {
    const { x, y, zoom } = view.window;
    setWindow(view, x + (0.1 * arrow[0]) / zoom, y + (0.1 * arrow[1]) / zoom, zoom);
  } else if (arrow) {
    const { patch } = view.header;
    // From the centre of a patch to the centre of the next.
    const centred = (at, side) => (Math.floor((at * side) / patch) + 0.5) * (patch / side);
    const from = view.pointer || { x: 0.5, y: 0.5 };
    const next = (at, by, side) => clip(centred(at, side) + (by * patch) / side, (0.5 * patch) / side, 1 - (0.5 * patch) / side);
    point(view, { x: next(from.x, arrow[0], width), y: next(from.y, arrow[1], height) });
  } else if ((key === "Enter" || key === " ") && view.pointer) sendClick(view, slot, view.pointer);
  else if (key === "b" && view.pointer && view.header.pick.includes("box") && slot !== view.swiped) {
    // One corner, then the other.
    if (view.corner) sendBox(view, slot, view.corner, view.pointer);
    view.corner = view.corner ? null : view.pointer;
    view.box = view.corner && snapped(view, view.corner, view.corner);
    drawCursor(view);
  } else if (key === "+" || key === "=") zoomTo(view, view.window.zoom * 2, view.pointer || undefined);
  else if (key === "-") zoomTo(view, view.window.zoom / 2, view.pointer || undefined);
  else if (key === "0") setWindow(view, 0, 0, 1);
  else if ((key === "[" || key === "]") && view.last) {
    const input = view.root.querySelector(".controls input");
    input.value = shown(view) + (key === "]" ? 1 : -1);
    for (const name of ["input", "change"]) input.dispatchEvent(new Event(name));
  }
  else return false;
  return true;
}

function buildTools(view) {
  const tool = (name) => view.root.querySelector(`.tools .${name}`);
  tool("in").onclick = () => zoomTo(view, view.window.zoom * 2);
  tool("out").onclick = () => zoomTo(view, view.window.zoom / 2);
  tool("whole").onclick = () => setWindow(view, 0, 0, 1);
  tool("pan").hidden = !view.header.pick.includes("box");
  tool("pan").onclick = () => {
    view.panning = !view.panning;
    tool("pan").setAttribute("aria-pressed", view.panning);
    view.root.querySelector(".panels").classList.toggle("panning", view.panning);
  };
}
