"""Finds single files of npm packages as static files; whole package folders would bring thousands."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Warning
from django.core.files.storage import FileSystemStorage
from django.utils._os import safe_join

# Name among the static files → file below node_modules.
FILES = {"vendor/plotly-basic.min.js": "plotly.js-basic-dist-min/plotly-basic.min.js"}

Paths = list[str]
Messages = list[CheckMessage]


class PackageStorage(FileSystemStorage):
    """A package's folder; collecting puts `prefix` before the names of its files."""

    def __init__(self, folder: Path, prefix: str) -> None:
        super().__init__(location=folder)
        self.prefix = prefix


class NpmFinder(BaseFinder):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.root = Path(settings.BASE_DIR) / "node_modules"

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | Paths:  # type: ignore[override]
        """The file's place on disk; an empty list, as Django's own finders, when it is not ours or was not fetched."""
        found = [safe_join(self.root, FILES[path])] if path in FILES and self._has(path) else []
        return found[0] if found and not find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, PackageStorage]]:
        for name in FILES:
            if self._has(name):
                source = self.root / FILES[name]
                yield source.name, PackageStorage(source.parent, str(Path(name).parent))

    def check(self, **kwargs: Any) -> Messages:
        return [
            Warning(
                f"{FILES[name]} is missing, so charts cannot be explored; everything else works.",
                hint="Run `npm ci` in the project's folder, or `make setup`, which brings its own Node if it has to.",
                id="config.W001",
            )
            for name in FILES
            if not self._has(name)
        ]

    def _has(self, name: str) -> bool:
        return (self.root / FILES[name]).is_file()
