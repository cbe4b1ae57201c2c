// Streamlit replaces the address when a widget changes it, so that Back leaves the page. Here each change of a choice is a step of
// its own; changes of one choice in quick succession (a slider that is still moved) are one step.

const QUICK_MS = 1500;

function changed(from, to) {
  const [before, after] = [new URLSearchParams(from), new URLSearchParams(to)];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.getAll(name).join("\n") !== after.getAll(name).join("\n")).sort().join(",");
}

function install() {
  const replace = history.replaceState.bind(history);
  let last = { what: "", when: 0 };
  // A step of the browser's own is no new one.
  window.addEventListener("popstate", () => (last = { what: "", when: Date.now() }), true);
  history.replaceState = (state, title, url) => {
    const to = new URL(url ?? location.href, location.href);
    const what = to.pathname === location.pathname ? changed(location.search, to.search) : "";
    const now = Date.now();
    if (what && (what !== last.what || now - last.when > QUICK_MS) && !(last.what === "" && now - last.when < QUICK_MS)) history.pushState(state, title, url);
    else replace(state, title, url);
    if (what) last = { what, when: now };
  };
}

export default function () {
  if (window.lensmaeHistory) return;
  window.lensmaeHistory = true;
  install();
}
