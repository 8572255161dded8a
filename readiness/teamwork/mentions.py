"""Who is named in a text: "@" and a whole name, in any case, the longest name first."""

from collections.abc import Mapping


def mentioned(text: str, names: Mapping[int, str]) -> set[int]:
    """The ids of those whose name follows an "@" in the text; two people of one name are both meant.

    An "@" inside a word, as in an e-mail address, names nobody, nor does the beginning of a longer word.
    """
    found: set[int] = set()
    folded = text.casefold()
    by_name: dict[str, set[int]] = {}
    for key, name in names.items():
        by_name.setdefault(name.strip().casefold(), set()).add(key)
    by_name.pop("", None)
    longest_first = sorted(by_name, key=len, reverse=True)
    for at, character in enumerate(folded):
        if character != "@" or (at and folded[at - 1].isalnum()):
            continue
        rest = folded[at + 1 :]
        meant = next((name for name in longest_first if _begins_with(rest, name)), "")
        found |= by_name.get(meant, set())
    return found


def _begins_with(text: str, name: str) -> bool:
    return text.startswith(name) and not text[len(name) : len(name) + 1].isalnum()
