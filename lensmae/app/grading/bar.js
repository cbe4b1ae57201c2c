// Grades by key or click. What was pressed is kept in a list that Python reads from where it left off: nothing is lost when keys
// come faster than the server answers.

const KEPT = 40;
const KEYS = { ArrowLeft: "previous", ArrowRight: "next", u: "undo" };
const OTHERS = "input, textarea, select, [contenteditable], [role=slider], [role=grid], [role=listbox], [role=radio], .frame, .handle";
const bars = new WeakMap();

function press(bar, key) {
  bar.count += 1;
  bar.pressed = [...bar.pressed, [bar.count, key]].slice(-KEPT);
  bar.setStateValue("pressed", bar.pressed);
}

function meant(bar, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  const origin = event.composedPath()[0];
  if (origin instanceof Element && origin.closest(OTHERS)) return null;
  return bar.grades.includes(event.key.toUpperCase()) ? event.key.toUpperCase() : KEYS[event.key] || KEYS[event.key.toLowerCase()];
}

function button([grade, words]) {
  const made = document.createElement("button");
  const name = document.createElement("b");
  made.type = "button";
  made.dataset.key = name.textContent = grade;
  made.title = `Key ${grade}`;
  made.append(name, " ", words);
  return made;
}

export default function (component) {
  const { data, parentElement, setStateValue } = component;
  // Counts go on from the clock, so that a bar that is drawn anew does not repeat what was read.
  const bar = bars.get(parentElement) || { count: Date.now(), pressed: [] };
  bars.set(parentElement, bar);
  Object.assign(bar, { setStateValue, grades: data.grades.map(([grade]) => grade) });
  const grades = parentElement.querySelector(".grades");
  if (!grades.children.length) grades.append(...data.grades.map(button));
  parentElement.querySelector(".place").textContent = data.place;
  for (const one of parentElement.querySelectorAll("button")) {
    const { key } = one.dataset;
    one.disabled = data.disabled.includes(key);
    one.onclick = () => press(bar, key);
    if (one.parentElement === grades) one.setAttribute("aria-pressed", key === data.grade);
  }
  const listen = (event) => {
    const key = meant(bar, event);
    if (!key || data.disabled.includes(key)) return;
    event.preventDefault();
    event.stopPropagation();
    press(bar, key);
  };
  document.addEventListener("keydown", listen, true);
  return () => document.removeEventListener("keydown", listen, true);
}
