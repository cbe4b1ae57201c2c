// Draws original, masked, prediction and error of one lens; the slider only chooses among frames that are already here.

function decode(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Kind(bytes.buffer);
}

const SOFT = 0.03; // as in lensmae/figures/stretch.py
const STRETCHES = {
  linear: (x) => x,
  sqrt: Math.sqrt,
  log: (x) => Math.log1p(x / SOFT) / Math.log1p(1 / SOFT),
  asinh: (x) => Math.asinh(x / SOFT) / Math.asinh(1 / SOFT),
};

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  const root = parentElement;
  const { height, width, grid } = data;
  const size = height * width;
  const image = decode(data.image, Float32Array);
  const predictions = decode(data.predictions, Float32Array);
  const hidden = decode(data.hidden, Uint8Array);
  const stretch = STRETCHES[data.stretch];
  const slider = root.querySelector("#ratio");
  const value = root.querySelector("#value");
  const metrics = root.querySelector(".metrics");
  const pointer = root.querySelector(".pointer");
  const canvases = Object.fromEntries([...root.querySelectorAll("canvas")].map((canvas) => [canvas.dataset.panel, canvas]));

  function fluxColour(flux) {
    const unit = Math.min(1, Math.max(0, (flux - data.low) / (data.high - data.low || 1)));
    return data.flux_map[Math.round(255 * stretch(unit))];
  }

  function draw(canvas, colourAt) {
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(width, height);
    for (let place = 0; place < size; place++) {
      const [red, green, blue] = colourAt(place);
      // Astronomers' images have their first row at the bottom.
      const target = 4 * ((height - 1 - Math.floor(place / width)) * width + (place % width));
      pixels.data[target] = red;
      pixels.data[target + 1] = green;
      pixels.data[target + 2] = blue;
      pixels.data[target + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
  }

  const patchOf = new Uint32Array(size);
  for (let place = 0; place < size; place++) {
    const row = Math.floor((Math.floor(place / width) * grid[0]) / height);
    patchOf[place] = row * grid[1] + Math.floor(((place % width) * grid[1]) / width);
  }

  function format(number) {
    return number === 0 || (Math.abs(number) >= 0.01 && Math.abs(number) < 1e4) ? number.toPrecision(3) : number.toExponential(2);
  }

  function show(frame) {
    const drawn = predictions.subarray(frame * size, (frame + 1) * size);
    const mask = hidden.subarray(frame * grid[0] * grid[1], (frame + 1) * grid[0] * grid[1]);
    let bound = 0;
    for (let place = 0; place < size; place++) bound = Math.max(bound, Math.abs(drawn[place] - image[place]));
    draw(canvases.masked, (place) => (mask[patchOf[place]] ? [92, 99, 112] : fluxColour(image[place])));
    draw(canvases.prediction, (place) => fluxColour(drawn[place]));
    draw(canvases.error, (place) => data.error_map[Math.round(127.5 + (127.5 * (drawn[place] - image[place])) / (bound || 1))]);
    root.querySelector(".bound").textContent = `± ${format(bound)}`;
    const patches = mask.reduce((sum, flag) => sum + flag, 0);
    const error = data.errors[frame];
    value.textContent = data.ratios[frame].toFixed(2);
    metrics.innerHTML = "";
    const facts = [["hidden patches", `${patches} of ${mask.length}`]];
    if (error !== null) {
      facts.push(["MSE on hidden pixels, image scaled to [0, 1]", error.toExponential(2)]);
      facts.push(["PSNR on hidden pixels", `${(-10 * Math.log10(error)).toFixed(1)} dB`]);
    }
    for (const [name, text] of facts) {
      const item = document.createElement("span");
      const bold = document.createElement("b");
      bold.textContent = text;
      item.append(`${name}: `, bold);
      metrics.append(item);
    }
  }

  draw(canvases.original, (place) => fluxColour(image[place]));
  slider.max = data.ratios.length - 1;
  slider.value = data.start;
  show(data.start);
  slider.oninput = () => show(Number(slider.value));
  slider.onchange = () => setStateValue("ratio", data.ratios[Number(slider.value)]);

  for (const canvas of Object.values(canvases)) {
    canvas.onpointermove = (event) => {
      const box = canvas.getBoundingClientRect();
      const column = Math.min(width - 1, Math.floor(((event.clientX - box.left) / box.width) * width));
      const row = Math.min(height - 1, height - 1 - Math.floor(((event.clientY - box.top) / box.height) * height));
      const place = row * width + column;
      const drawn = predictions[Number(slider.value) * size + place];
      pointer.textContent = `x ${column}, y ${row}: original ${format(image[place])}, prediction ${format(drawn)} ${data.unit}`;
    };
    canvas.onpointerleave = () => (pointer.textContent = "");
  }
  return () => {
    slider.oninput = slider.onchange = null;
  };
}
