// A small picture of the lens under the pointer, beside the projections of the page. Pictures come as one sheet; nothing is asked
// of the server.

function sheetOf(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  header.places = new Map(header.rows.map((row, place) => [row, place]));
  header.url = URL.createObjectURL(new Blob([bytes.slice(4 + length)], { type: "image/png" }));
  return header;
}

function show(card, sheet, hovered) {
  const point = hovered.points.find((one) => sheet.places.has(Number(one.customdata)));
  if (!point) return hide(card);
  const row = Number(point.customdata);
  const place = sheet.places.get(row);
  const picture = card.querySelector(".picture");
  picture.style.backgroundImage = `url(${sheet.url})`;
  const size = 96;
  picture.style.backgroundSize = `${size * sheet.columns}px auto`;
  picture.style.backgroundPosition = `-${size * (place % sheet.columns)}px -${size * Math.floor(place / sheet.columns)}px`;
  card.querySelector(".name").textContent = `lens ${row}`;
  card.dataset.row = row;
  const { clientX, clientY } = hovered.event;
  const left = clientX + 130 > window.innerWidth ? clientX - 124 : clientX + 18;
  card.style.left = `${left}px`;
  card.style.top = `${Math.max(4, clientY - 130)}px`;
  card.hidden = false;
}

function hide(card) {
  card.hidden = true;
}

const sheets = new WeakMap();

export default function (component) {
  const { data, parentElement } = component;
  const card = parentElement.querySelector(".card");
  const before = sheets.get(parentElement);
  if (before) URL.revokeObjectURL(before.url);
  const sheet = sheetOf(data);
  sheets.set(parentElement, sheet);
  const heard = new Map();
  // Charts are drawn before or after this, and anew: those that are there are looked for again and again.
  const attach = () => {
    for (const plot of document.querySelectorAll(".js-plotly-plot")) {
      if (heard.has(plot) || typeof plot.on !== "function") continue;
      const ears = [(event) => show(card, sheets.get(parentElement), event), () => hide(card)];
      heard.set(plot, ears);
      plot.on("plotly_hover", ears[0]);
      plot.on("plotly_unhover", ears[1]);
    }
  };
  attach();
  const looking = setInterval(attach, 500);
  return () => {
    clearInterval(looking);
    for (const [plot, [shown, hidden]] of heard) {
      if (!plot.removeListener) continue;
      plot.removeListener("plotly_hover", shown);
      plot.removeListener("plotly_unhover", hidden);
    }
    hide(card);
  };
}
