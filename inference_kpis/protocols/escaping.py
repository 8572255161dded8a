"""The ways in which servers write names that older readers do not understand, and the way back.

A legacy name has letters, digits, underscores and colons. `underscores` cannot be taken back and need not be: it is
the form in which the engines know their series.
"""

import re
from functools import lru_cache

DOTS, VALUES = "dots", "values"
# Schemes under which a name cannot be told without taking them back.
UNREADABLE = frozenset({DOTS, VALUES})
_MARK = "U__"
_ESCAPED = re.compile(r"_(?:_|([0-9a-fA-F]{1,6})_)")
_ILLEGAL = re.compile(r"[^a-zA-Z0-9_:]")
_ILLEGAL_FIRST = re.compile(r"[^a-zA-Z_:]")


@lru_cache(maxsize=20_000)
def legacy(name: str) -> str:
    """The name with underscores in place of what a legacy name may not hold, as servers write it for old readers."""
    return _ILLEGAL_FIRST.sub("_", name[:1]) + _ILLEGAL.sub("_", name[1:])


@lru_cache(maxsize=20_000)
def unescaped(name: str, scheme: str) -> str:
    """The name before it was escaped; the name itself where it was not, or cannot have been."""
    if scheme == DOTS:
        return name.replace("_dot_", ".").replace("__", "_")
    if scheme == VALUES and name.startswith(_MARK):
        return _values_back(name.removeprefix(_MARK)) or name
    return name


def _values_back(text: str) -> str:
    """'' for what cannot be put back."""
    parts, at = [], 0
    while at < len(text):
        if text[at] != "_":
            parts.append(text[at])
            at += 1
            continue
        found = _ESCAPED.match(text, at)
        code = int(found[1], 16) if found and found[1] else 0x5F
        if not found or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            return ""
        parts.append(chr(code))
        at = found.end()
    return "".join(parts)
