"""The translations, without system tools: `python -m config.translations update | compile | check`.

Texts are found with Babel in Python files and, after Django has turned templates into something like Python, in
templates; catalogues are read, written and compiled with polib.
"""

import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import polib

BASE_DIR = Path(__file__).resolve().parent.parent
CATALOGUE = BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
SOURCES = ("accounts", "config", "inference_kpis", "readiness", "templates")
WRAP_WIDTH = 120
# What a text leaves open for Python (%) or for a script of the page ({}), and %%, which has to stay doubled.
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w+\}")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}

Message = tuple[str | None, str, str | None]  # context, text, plural


def extract() -> dict[Message, set[str]]:
    """Every text marked for translation in the sources, with the files that hold it."""
    from babel.messages.extract import extract as babel_extract

    found: dict[Message, set[str]] = defaultdict(set)
    for path in _source_files():
        text = path.read_text(encoding="utf-8")
        if path.suffix in {".html", ".txt"}:
            from django.utils.translation.template import templatize

            # What is left of the markup keeps its indentation, which is none of Python's.
            text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
        stream = io.BytesIO(text.encode())
        for _line, message, _comments, context in babel_extract("python", stream, KEYWORDS, (), {"encoding": "utf-8"}):
            single, plural = (message[0], message[1]) if isinstance(message, tuple) else (message, None)
            if single:
                found[context, single, plural].add(str(path.relative_to(BASE_DIR)))
    return found


def _source_files() -> Iterator[Path]:
    for folder in SOURCES:
        for path in sorted((BASE_DIR / folder).rglob("*")):
            if path.suffix in {".py", ".html", ".txt"} and "migrations" not in path.parts:
                yield path


def update() -> None:
    """Bring the French catalogue in line with the sources: new texts come in empty, lost ones go."""
    catalogue = polib.pofile(str(CATALOGUE), wrapwidth=WRAP_WIDTH) if CATALOGUE.exists() else _new_catalogue()
    known = {_message(entry): entry for entry in catalogue}
    entries = []
    for message, files in sorted(extract().items(), key=lambda pair: (sorted(pair[1]), pair[0][1])):
        context, single, plural = message
        entry = known.get(message) or polib.POEntry(msgid=single, msgctxt=context, msgid_plural=plural or "")
        if plural and not entry.msgstr_plural:
            entry.msgstr_plural = {0: "", 1: ""}
        entry.occurrences = [(name, "") for name in sorted(files)]
        if "%" in single and "%(" in single and "python-format" not in entry.flags:
            entry.flags.append("python-format")
        entries.append(entry)
    catalogue[:] = entries
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    catalogue.save(str(CATALOGUE))


def _new_catalogue() -> polib.POFile:
    catalogue = polib.POFile(wrapwidth=WRAP_WIDTH)
    catalogue.metadata = {
        "Language": "fr",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n > 1);",
    }
    return catalogue


def _message(entry: polib.POEntry) -> Message:
    return entry.msgctxt, entry.msgid, entry.msgid_plural or None


def compile_catalogue() -> None:
    """Write the .mo file that Django reads."""
    polib.pofile(str(CATALOGUE)).save_as_mofile(str(CATALOGUE.with_suffix(".mo")))


def problems() -> list[str]:
    """What keeps the French from being complete: one line each."""
    catalogue = polib.pofile(str(CATALOGUE))
    entries = {_message(entry): entry for entry in catalogue if not entry.obsolete}
    texts = extract()
    found = [f"not in the catalogue: {message[1]!r}" for message in texts if message not in entries]
    found += [f"in the catalogue but nowhere else: {message[1]!r}" for message in entries if message not in texts]
    for message, entry in entries.items():
        translations = list(entry.msgstr_plural.values()) if message[2] else [entry.msgstr]
        if "fuzzy" in entry.flags:
            found.append(f"fuzzy: {message[1]!r}")
        if not translations or not all(translations):
            found.append(f"not translated: {message[1]!r}")
            continue
        wanted = set(PLACEHOLDER.findall(message[2] or message[1]))
        *singular, last = (set(PLACEHOLDER.findall(text)) for text in translations)
        # A singular may say "une" instead of its number; nothing may use what the text does not offer.
        if last != wanted or any(used - wanted for used in singular):
            found.append(f"other placeholders: {message[1]!r}")
    return found


def main(verb: str) -> int:
    if verb == "update":
        update()
    elif verb == "compile":
        compile_catalogue()
    elif verb == "check":
        found = problems()
        print("\n".join(found) or "Translations are complete.")
        return 1 if found else 0
    else:
        print("Say what to do: update, compile or check.")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
