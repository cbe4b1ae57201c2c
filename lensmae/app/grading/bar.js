// Grades by key or click. What was pressed is kept in a list that Python reads from where it left off: nothing is lost when keys
// come faster than the server answers.

const KEPT = 40;
const KEYS = { ArrowLeft: "previous", ArrowRight: "next", u: "undo" };
// Where letters are text, and where arrows move something else.
const TEXTS = "input:not([type=checkbox], [type=radio], [type=range]), textarea, select, [contenteditable], [role=listbox]";
const MOVED = "input:not([type=checkbox]), select, [role=slider], [role=grid], [role=radio], .frame, .handle";
const GRADER = "lensmae.grader";
const bars = new WeakMap();

function press(bar, key) {
  bar.count += 1;
  bar.pressed = [...bar.pressed, [bar.count, key]].slice(-KEPT);
  bar.setStateValue("pressed", bar.pressed);
}

function meant(bar, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return null;
  const origin = event.composedPath()[0];
  const others = event.key.startsWith("Arrow") ? `${TEXTS}, ${MOVED}` : TEXTS;
  if (origin instanceof Element && origin.closest(others)) return null;
  return bar.grades.includes(event.key.toUpperCase()) ? event.key.toUpperCase() : KEYS[event.key] || KEYS[event.key.toLowerCase()];
}

// Enter and Escape end a text, a choice from a menu ends the menu: the letters that follow are grades again.
function leave(event) {
  const origin = event.composedPath()[0];
  if (!(origin instanceof Element)) return;
  const ends = event.type === "click" ? origin.closest("[role=option]") : ["Enter", "Escape"].includes(event.key);
  // After the field itself has heard of it.
  if (ends) setTimeout(() => document.activeElement?.matches("input") && document.activeElement.blur());
}

// Who grades outlives a reload, in this browser alone: a link must not make others grade in one's name.
function keepGrader(bar, grader) {
  if (grader) localStorage.setItem(GRADER, grader);
  else if (grader === "") localStorage.removeItem(GRADER);
  else if (localStorage.getItem(GRADER)) bar.setStateValue("grader", localStorage.getItem(GRADER));
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
  keepGrader(bar, data.grader);
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
  for (const kind of ["keydown", "click"]) document.addEventListener(kind, leave, true);
  return () => {
    document.removeEventListener("keydown", listen, true);
    for (const kind of ["keydown", "click"]) document.removeEventListener(kind, leave, true);
  };
}
