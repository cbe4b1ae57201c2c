// Streamlit replaces the address when a widget changes it, so that Back leaves the page. Here each change of a choice is a step of
// its own; changes of one choice in quick succession (a slider that is still moved) are one step, and so is what a choice takes with
// it: the choices of a view that is no longer drawn leave the address while the page is drawn anew.

const QUICK_MS = 1500;

function changed(from, to) {
  const [before, after] = [new URLSearchParams(from), new URLSearchParams(to)];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.getAll(name).join("\n") !== after.getAll(name).join("\n")).sort().join(",");
}

function onlyTakesAway(from, to, what) {
  const [before, after] = [new URLSearchParams(from), new URLSearchParams(to)];
  return what.split(",").every((name) => before.has(name) && !after.has(name));
}

function drawing() {
  return document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "running";
}

function install() {
  const [replace, push] = [history.replaceState.bind(history), history.pushState.bind(history)];
  let last = { what: "", when: 0 };
  let touched = 0;
  for (const kind of ["pointerdown", "keydown"]) window.addEventListener(kind, () => (touched = Date.now()), true);
  // A step of the browser's own is no new one.
  window.addEventListener("popstate", () => (last = { what: "", when: Date.now() }), true);

  function whatChanges(url) {
    const to = new URL(url ?? location.href, location.href);
    return to.pathname === location.pathname ? changed(location.search, to.search) : "";
  }

  function goesWithTheLast(what, url) {
    // However long a busy server takes: who has touched nothing since has chosen nothing since.
    const soon = touched <= last.when || drawing() || Date.now() - last.when < QUICK_MS;
    return what && last.what && soon && onlyTakesAway(location.search, new URL(url, location.href).search, what);
  }

  // A widget that changes replaces the address; what the server changes, as the choices that are no longer drawn, is pushed.
  history.replaceState = (state, title, url) => {
    const what = whatChanges(url);
    const now = Date.now();
    if (goesWithTheLast(what, url)) {
      replace(state, title, url);
      return;
    }
    if (what && (what !== last.what || now - last.when > QUICK_MS) && !(last.what === "" && now - last.when < QUICK_MS)) push(state, title, url);
    else replace(state, title, url);
    if (what) last = { what, when: now };
  };
  history.pushState = (state, title, url) => {
    (goesWithTheLast(whatChanges(url), url) ? replace : push)(state, title, url);
  };
}

export default function () {
  if (window.lensmaeHistory) return;
  window.lensmaeHistory = true;
  install();
}
