"""What the strict Content-Security-Policy and the house ask of templates: nothing inline, no surprises."""

import gzip
import re
from pathlib import Path

import pytest
from django.template.loader import get_template

ROOT = Path(__file__).parents[1] / "templates"
TEMPLATES = sorted(path for path in ROOT.rglob("*.html"))
COMPONENTS = sorted((ROOT / "components").glob("*.html"))

FORBIDDEN = {
    "a style attribute": re.compile(r"\sstyle\s*=", re.I),
    "an inline style": re.compile(r"<style\b", re.I),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.I),
    "an inline event handler": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.I),
    "hx-on": re.compile(r"\bhx-on\b", re.I),
    "JavaScript in hx-vals": re.compile(r"hx-(vals|headers)\s*=\s*[\"']\s*(js|javascript):", re.I),
    "a filter in hx-trigger": re.compile(r"hx-trigger\s*=\s*(\"[^\"]*\[|'[^']*\[)", re.I),
    "something from another host": re.compile(r"(src|href|action)\s*=\s*[\"']\s*(https?:)?//", re.I),
    "a javascript: address": re.compile(r"[\"']\s*javascript:", re.I),
    "|safe": re.compile(r"\|\s*safe\b"),
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_nothing_is_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [f"{what}: {match.group(0)!r}" for what, pattern in FORBIDDEN.items() if (match := pattern.search(text))]
    assert not found


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_it_compiles(path: Path) -> None:
    get_template(name(path))


@pytest.mark.parametrize("path", COMPONENTS, ids=name)
def test_a_component_says_what_it_expects(path: Path) -> None:
    assert re.match(r"\{#.+#\}|\{% comment %\}.+\{% endcomment %\}", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("markup", "what"),
    [
        ('<p style="color:red">', "a style attribute"),
        ("<style>p{}</style>", "an inline style"),
        ("<script>1</script>", "an inline script"),
        ('<script type="module">1</script>', "an inline script"),
        ('<a onclick="x()">', "an inline event handler"),
        ('<a hx-on:click="x()">', "hx-on"),
        ("<a hx-vals='js:{a:1}'>", "JavaScript in hx-vals"),
        ('<a hx-trigger="click[ctrlKey]">', "a filter in hx-trigger"),
        ('<script src="https://cdn.example/x.js">', "something from another host"),
        ('<a href="javascript:x()">', "a javascript: address"),
        ("{{ text|safe }}", "|safe"),
    ],
)
def test_the_lint_sees_what_it_looks_for(markup: str, what: str) -> None:
    assert FORBIDDEN[what].search(markup)


@pytest.mark.parametrize("page", ["500.html", "403_csrf.html"])
def test_a_page_for_the_worst_moment_needs_nothing(page: str) -> None:
    assert "<h1>" in get_template(page).render()


def test_the_style_sheet_and_the_scripts_stay_light() -> None:
    static = ROOT.parent / "static"
    assert len(gzip.compress((static / "css" / "vigie.css").read_bytes())) < 15_000
    assert sum(len(gzip.compress(path.read_bytes())) for path in (static / "js").glob("*.js")) < 10_000
