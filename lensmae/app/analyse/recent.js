// The list stands in the browser: who has no link to an analysis must not find it.

const LIST = "lensmae.analyses";
const MOST = 20;
// The server forgets what nobody opened for a month.
const KEPT_MS = 30 * 86_400_000;
const ID = /^[0-9a-f]{20}$/;

function read() {
  try {
    const found = JSON.parse(localStorage.getItem(LIST));
    return found.filter(({ identity, when, names }) => ID.test(identity) && Date.now() - when < KEPT_MS && Array.isArray(names));
  } catch {
    // Nothing is kept yet, or by something else.
    return [];
  }
}

function write(entries) {
  localStorage.setItem(LIST, JSON.stringify(entries.slice(0, MOST)));
}

function row(entry, forget) {
  const [made, link, button] = ["li", "a", "button"].map((kind) => document.createElement(kind));
  const address = new URLSearchParams(location.search);
  address.set("analysis", entry.identity);
  address.delete("look");
  link.href = `?${address}`;
  link.target = "_self";
  const more = entry.files > entry.names.length ? ", …" : "";
  const count = entry.files === 1 ? "1 file" : `${entry.files} files`;
  link.textContent = `${new Date(entry.when).toLocaleString()} · ${count}: ${entry.names.join(", ")}${more}`;
  button.type = "button";
  button.textContent = "×";
  button.title = "Take off this list; the files stay";
  button.setAttribute("aria-label", `Take ${link.textContent} off the list`);
  button.onclick = forget;
  made.append(link, button);
  return made;
}

export default function (component) {
  const { data, parentElement } = component;
  const draw = () => {
    const others = read().filter(({ identity }) => identity !== data.identity);
    const forget = (gone) => () => {
      write(read().filter(({ identity }) => identity !== gone));
      draw();
    };
    parentElement.querySelector("ul").replaceChildren(...others.map((entry) => row(entry, forget(entry.identity))));
    parentElement.querySelector("details").hidden = !others.length;
  };
  if (data.identity) {
    const others = read().filter(({ identity }) => identity !== data.identity);
    const { identity, files, names } = data;
    write(files ? [{ identity, files, names, when: Date.now() }, ...others] : others);
  }
  draw();
}
