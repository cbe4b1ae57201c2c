"""Text that strangers may have named, for Streamlit's elements that take Markdown."""

import re

# What begins emphasis, code, links, HTML, formulas, headings, tables and strike-through; and, before a letter, a directive.
_SPECIAL = re.compile(r"[\\`*_\[\]<>$~#|]|:(?=\w)")


def plain(text: str) -> str:
    """The text with every character escaped that Markdown would take for more than itself."""
    return _SPECIAL.sub(lambda found: "\\" + found.group(), text)
