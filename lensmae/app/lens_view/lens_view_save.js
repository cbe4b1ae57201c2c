// The images as they are seen, with what is drawn over them, their scales and what they show, as one PNG file.

const SIDE = 384;
const GAP = 16;
const TITLE = 40;
const LINE = 26;
const TEXT = "18px sans-serif";
const SMALL = "15px sans-serif";

async function save(view) {
  const columns = Math.min(view.header.columns, view.slots.length);
  const heights = view.panels.map(({ width, height }) => (SIDE * height) / width);
  const step = Math.max(...heights) + TITLE;
  const sheet = element("canvas");
  sheet.width = Math.max(2, columns) * (SIDE + GAP) + GAP;
  const context = sheet.getContext("2d");
  const bars = Object.keys(view.bars).filter((name) => view.panels.some((panel) => panel.colours === name));
  const lines = wrap(context, [view.header.about, sliderText(view)].filter(Boolean), sheet.width - 2 * GAP);
  const below = Math.ceil(view.slots.length / columns) * step + GAP;
  sheet.height = below + (bars.length + lines.length) * LINE + GAP;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.imageSmoothingEnabled = false;
  for (const [place, { canvas, svg, frame, label }] of view.slots.entries()) {
    const left = GAP + (place % columns) * (SIDE + GAP);
    const top = TITLE + Math.floor(place / columns) * step;
    const { x, y, zoom } = view.window;
    const part = [canvas.width * x, canvas.height * y, canvas.width / zoom, canvas.height / zoom];
    const range = view.panels[place].measure ? `  ${label.textContent}` : "";
    write(context, view.panels[place].title + range, left, top - 12, TEXT, SIDE);
    context.fillStyle = "#7a808a";
    context.fillRect(left, top, SIDE, heights[place]);
    context.drawImage(canvas, ...part, left, top, SIDE, heights[place]);
    context.drawImage(await picture(svg, frame, heights[place]), left, top, SIDE, heights[place]);
  }
  let base = below + LINE / 2;
  for (const name of bars) {
    drawBar(view, context, name, base);
    base += LINE;
  }
  for (const line of lines) {
    write(context, line, GAP, base, SMALL);
    base += LINE;
  }
  const link = element("a");
  link.download = `${view.header.file || "lens"}.png`;
  link.href = sheet.toDataURL("image/png");
  link.click();
}

function write(context, text, x, y, font, most) {
  context.font = font;
  context.fillStyle = "#222";
  context.fillText(text, x, y, most);
  return x + context.measureText(text).width;
}

// A colour bar with its ends and its unit; `base` is where the text stands.
function drawBar(view, context, name, base) {
  const [low, high, unit] = view.bars[name];
  const left = write(context, low, GAP, base, SMALL) + 8;
  context.drawImage(view.root.querySelector(`.bar.${name} canvas`), left, base - 12, 220, 12);
  write(context, `${high}   ${unit}`, left + 228, base, SMALL);
}

function sliderText(view) {
  const { slider, readouts } = view.header;
  const said = slider ? [`${slider.name} ${slider.labels[shown(view)]}`] : [];
  for (const { name, values } of readouts || []) said.push(`${name} ${values[Math.min(shown(view), values.length - 1)]}`);
  return said.join(" · ");
}

// Texts in lines of at most `most` pixels.
function wrap(context, texts, most) {
  context.font = SMALL;
  const lines = [];
  for (const text of texts) {
    let line = "";
    for (const word of text.split(" ")) {
      const longer = line ? `${line} ${word}` : word;
      if (line && context.measureText(longer).width > most) {
        lines.push(line);
        line = word;
      } else line = longer;
    }
    lines.push(line);
  }
  return lines;
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
