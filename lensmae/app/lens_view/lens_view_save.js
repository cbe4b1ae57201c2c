// The images as they are seen, with what is drawn over them, as one PNG file.

const SIDE = 384;
const GAP = 16;
const TITLE = 40;

async function save(view) {
  const columns = Math.min(view.header.columns, view.slots.length);
  const heights = view.panels.map(({ width, height }) => (SIDE * height) / width);
  const step = Math.max(...heights) + TITLE;
  const sheet = element("canvas");
  sheet.width = columns * (SIDE + GAP) + GAP;
  sheet.height = Math.ceil(view.slots.length / columns) * step + GAP;
  const context = sheet.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.imageSmoothingEnabled = false;
  context.font = "18px sans-serif";
  for (const [place, { canvas, svg, frame }] of view.slots.entries()) {
    const left = GAP + (place % columns) * (SIDE + GAP);
    const top = TITLE + Math.floor(place / columns) * step;
    const { x, y, zoom } = view.window;
    const part = [canvas.width * x, canvas.height * y, canvas.width / zoom, canvas.height / zoom];
    context.fillStyle = "#222";
    context.fillText(view.panels[place].title, left, top - 12, SIDE);
    context.fillStyle = "#7a808a";
    context.fillRect(left, top, SIDE, heights[place]);
    context.drawImage(canvas, ...part, left, top, SIDE, heights[place]);
    context.drawImage(await picture(svg, frame, heights[place]), left, top, SIDE, heights[place]);
  }
  const link = element("a");
  link.download = `${view.header.file || "lens"}.png`;
  link.href = sheet.toDataURL("image/png");
  link.click();
}

async function picture(svg, frame, height) {
  const copy = svg.cloneNode(true);
  copy.querySelector(".cursor")?.remove();
  const facts = { xmlns: SVG, width: SIDE, height, viewBox: `0 0 ${frame.clientWidth} ${frame.clientHeight}` };
  for (const [name, value] of Object.entries(facts)) copy.setAttribute(name, value);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}
