"""Text that strangers may have named, for Streamlit's elements that take Markdown."""

import re

# Backslashes keep these from beginning emphasis, code, links, images, HTML, formulas, headings, tables and strike-through.
_SPECIAL = re.compile(r"[\\`*_\[\]()<>{}$~#|!&]")
# Addresses become links, and `:name:` pictures, wherever they stand, escaped or not; an invisible character takes them apart.
_JOINER = "\u2060"
_ADDRESS = re.compile(r"(?<=:)(?=[A-Za-z/_+-])|(?<=www)(?=\.)|(?<=@)", re.IGNORECASE)
# What makes a list or a rule of a line.
_LINE = re.compile(r"^(\s*\d*)([-+=.])")


def plain(text: object) -> str:
    """The text in one line, with everything escaped that Markdown would take for more than itself."""
    line = _SPECIAL.sub(lambda found: "\\" + found.group(), " ".join(str(text).split()))
    return _LINE.sub(r"\1\\\2", _ADDRESS.sub(_JOINER, line))
