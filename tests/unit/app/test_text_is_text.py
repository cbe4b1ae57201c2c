"""What strangers name is text: nothing of it becomes Markdown, HTML or a link, wherever it is shown."""

import ast
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from lensmae.app.shared.plain_text import plain

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = [
    "![x](http://evil.example/x.png)",
    "[x](javascript:alert(1))",
    "<img src=http://evil.example/x.png onerror=alert(1)>",
    "<script>alert(1)</script>",
    "**a** _b_ `c` ~~d~~ $e$ :red[f] :material/home: :smile:",
    "# a",
    "- a",
    "1. a",
    "> a",
    "a | b\n--|--\n1 | 2",
    "a\n===",
    "http://evil.example www.evil.example me@evil.example",
    "\\![x](http://evil.example/x.png)",
    "&lt;b&gt; a\\*b",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_it_as_it_is(text):
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(plain(text))
    kinds = {token.type for token in tokens} | {child.type for token in tokens for child in token.children or []}
    assert kinds <= {"paragraph_open", "inline", "paragraph_close", "text", "text_special"}
    shown = "".join(child.content for token in tokens for child in token.children or [])
    assert shown.replace("\u2060", "") == " ".join(text.split())
    # GitHub's dialect makes links of bare addresses, and Streamlit's pictures of names between colons.
    assert not re.search(r"https?://|www\.|\w@\w|:[a-z]+[:\[/]", shown)


# Elements that take Markdown, by the name of the method.
_SAID = {"markdown", "caption", "write", "error", "warning", "info", "success", "title", "header", "subheader", "toast", "status"}
_LABELS = {"metric", "button", "download_button", "page_link", "toggle", "checkbox", "expander", "popover", "tabs", "spinner"}
SINKS = _SAID | _LABELS | {"progress"}
# What strangers name, by the name under which the pages have it.
NAMED_BY_STRANGERS = frozenset(("reason", "message", "note", "notes", "flux_unit", "asked", "problem", "source_file"))


def raw_uses(source: str) -> list[str]:
    """Calls of a sink with something named by strangers that `plain` does not wrap."""
    found = []
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute | ast.Name) and _name(call.func) in SINKS:
            shown = [*call.args[:1], *(word.value for word in call.keywords if word.arg in ("label", "text", "body", "help"))]
            found += [f"line {call.lineno}: {name}" for argument in shown for name in _raw(argument)]
    return found


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _raw(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Call) and _name(node.func) in ("plain", "len", "bool", "type"):
        return []
    own = [_name(node)] if _name(node) in NAMED_BY_STRANGERS else []
    return own + [name for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr) for name in _raw(child)]


def test_the_check_finds_raw_uses():
    assert raw_uses('st.error(f"no: {one.reason}")') == ["line 1: reason"]
    assert raw_uses("st.caption(str(problem))") == ["line 1: problem"]
    assert raw_uses('st.caption(f"{plain(one.reason)} {len(notes)}")') == []


@pytest.mark.parametrize(
    "path", sorted([*ROOT.glob("lensmae/app/**/*.py"), *ROOT.glob("pages/*.py")]), ids=lambda path: path.name
)
def test_no_page_shows_a_strangers_text_as_markdown(path):
    assert raw_uses(path.read_text(encoding="utf-8")) == []
