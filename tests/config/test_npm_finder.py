"""Single files of npm packages are static files; where they are missing, the way to get them is said."""

from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finder
from pytest_django import Settings

from config.npm_finder import FILES, NpmFinder
from inference_kpis.templatetags.charts import PLOTLY_BUNDLE, plotly_bundle


@pytest.fixture
def finder(settings: Settings, tmp_path: Path) -> NpmFinder:
    """A finder over a folder in which everything was fetched."""
    settings.BASE_DIR = tmp_path
    for name in FILES.values():
        path = tmp_path / "node_modules" / name
        path.parent.mkdir(parents=True)
        path.write_text("/* a library */")
    return NpmFinder()


def test_it_works(finder: NpmFinder) -> None:
    assert Path(str(finder.find(PLOTLY_BUNDLE))).read_text() == "/* a library */"
    assert finder.find(PLOTLY_BUNDLE, find_all=True) == [finder.find(PLOTLY_BUNDLE)]
    assert finder.check() == []


def test_it_is_collected_under_its_prefix(finder: NpmFinder) -> None:
    collected = {f"{storage.prefix}/{name}": storage.open(name).read() for name, storage in finder.list([])}
    assert collected == dict.fromkeys(FILES, b"/* a library */")


def test_the_rest_of_the_packages_stays_private(finder: NpmFinder) -> None:
    assert finder.find("plotly.js-basic-dist-min/plotly-basic.min.js") == []
    assert finder.find("../../etc/passwd") == []


def test_a_missing_file_is_a_warning_that_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    settings.BASE_DIR = tmp_path
    finder = NpmFinder()
    assert finder.find(PLOTLY_BUNDLE) == []
    assert list(finder.list([])) == []
    (warning,) = finder.check()
    assert "npm ci" in str(warning.hint)


def test_without_the_file_no_page_offers_it(settings: Settings, tmp_path: Path) -> None:
    settings.BASE_DIR = settings.STATIC_ROOT = tmp_path
    get_finder.cache_clear()
    try:
        assert plotly_bundle() is None
    finally:
        get_finder.cache_clear()
