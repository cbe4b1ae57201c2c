// Two images in one frame, the second over the first to the right of a line that can be moved.

function buildSwipe(view) {
  const slot = { pair: [...view.header.swipe], figure: element("figure"), frame: element("div", "", "frame"), svg: shape("svg", {}) };
  const over = element("div", "", "over");
  slot.canvases = [element("canvas"), element("canvas")];
  for (const canvas of slot.canvases) canvas.setAttribute("aria-hidden", "true");
  over.append(slot.canvases[1]);
  slot.frame.append(slot.canvases[0], over, slot.svg, grip(slot.frame));
  const caption = element("figcaption");
  caption.append(...["left", "right"].map((side, which) => chooser(view, slot, side, which)));
  slot.figure.append(caption, slot.frame);
  listen(view, slot);
  return slot;
}

function chooser(view, slot, side, which) {
  const select = element("select");
  select.setAttribute("aria-label", `Image on the ${side} of the swipe line`);
  select.append(...view.panels.map(({ title }, index) => new Option(title, index, false, index === slot.pair[which])));
  select.onchange = () => {
    slot.pair[which] = Number(select.value);
    paintSwipe(view);
  };
  return select;
}

function grip(frame) {
  const line = element("div", "", "grip");
  const set = (percent) => {
    const cut = clip(percent, 0, 100);
    frame.style.setProperty("--cut", `${cut}%`);
    line.setAttribute("aria-valuenow", Math.round(cut));
  };
  for (const [name, value] of [["role", "slider"], ["aria-label", "Swipe line, percent from the left"], ["aria-valuemin", 0], ["aria-valuemax", 100]])
    line.setAttribute(name, value);
  line.tabIndex = 0;
  line.onpointerdown = (event) => {
    line.setPointerCapture(event.pointerId);
    event.stopPropagation();
  };
  line.onpointermove = (event) => {
    if (!line.hasPointerCapture(event.pointerId)) return;
    event.stopPropagation();
    const { left, width } = frame.getBoundingClientRect();
    set((100 * (event.clientX - left)) / width);
  };
  line.onkeydown = (event) => {
    const step = { ArrowLeft: -2, ArrowRight: 2, Home: -100, End: 100 }[event.key];
    if (!step) return;
    event.stopPropagation();
    event.preventDefault();
    set(Number(line.getAttribute("aria-valuenow")) + step);
  };
  set(50);
  return line;
}

function paintSwipe(view) {
  view.swiped.pair.forEach((index, which) => {
    const canvas = view.swiped.canvases[which];
    canvas.width = view.panels[index].width;
    canvas.height = view.panels[index].height;
    paint(view, view.panels[index], canvas);
  });
}
