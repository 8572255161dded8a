"""The documentation says what the code does: every endpoint, code, KPI, setting and command has its line."""

import re
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from config.launcher.places import ROOT
from inference_kpis.catalogue import DEFAULT_KPIS, KPIS, MEASURES, Kind
from inference_kpis.engines import ENGINES
from inference_kpis.push.batch import MESSAGES

DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def words(name: str) -> str:
    return (ROOT / name).read_text()


def machine_urls(resolver: URLResolver, prefix: str = "") -> list[str]:
    """Every URL without a language: what machines ask."""
    found = []
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver) and pattern.pattern.__class__.__name__ != "LocalePrefixPattern":
            found += machine_urls(pattern, path)
        elif isinstance(pattern, URLPattern) and path:
            found.append(f"/{path}")
    return found


def test_every_endpoint_is_in_the_api_page() -> None:
    urls = machine_urls(get_resolver())
    assert "/api/v1/readings" in urls
    assert [url for url in urls if f"{url}`" not in words("docs/api.md")] == []


def test_every_refusal_is_in_the_api_page() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", words("docs/api.md"), re.MULTILINE))
    assert listed == set(MESSAGES)


def test_the_kpi_page_is_the_catalogue() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \| (\w+) \|", words("docs/kpis.md"), re.MULTILINE)
    assert [row[0] for row in rows[: len(DEFAULT_KPIS)]] == [kpi.key for kpi in DEFAULT_KPIS]
    assert {row[0]: row[1:] for row in rows} == {key: (kpi.unit, kpi.direction.value) for key, kpi in KPIS.items()}


def test_the_kpi_page_says_what_each_engine_gives() -> None:
    rows = re.findall(
        r"^\| ([^|`]+) \| (\d+) `(\S+)` \|([^|]*)\|([^|]*)\|([^|]*)\|$", words("docs/kpis.md"), re.MULTILINE
    )
    written = {row[0]: (int(row[1]), row[2], *(set(re.findall(r"`(\w+)`", cell)) for cell in row[3:])) for row in rows}
    kinds = {kind: {key for key, measure in MEASURES.items() if measure.kind is kind} for kind in Kind}
    assert written == {
        engine.label: (engine.default_port, engine.default_path, *(engine.exposes & kinds[kind] for kind in Kind))
        for engine in ENGINES.values()
    }


def test_every_setting_is_in_the_operations_page() -> None:
    read = set(re.findall(r'(?:env\.\w+|required_in_production)\(\s*"(\w+)"', words("config/settings.py")))
    assert {"VIGIE_SECRET_KEY", "DATABASE_URL"} <= read
    assert [name for name in sorted(read) if f"`{name}`" not in words("docs/operations.md")] == []


def test_every_command_of_the_readme_can_be_made() -> None:
    targets = set(re.findall(r"^(\w+):", words("Makefile"), re.MULTILINE))
    asked = set(re.findall(r"^make (\w+)", words("README.md"), re.MULTILINE))
    assert asked
    assert asked <= targets


@pytest.mark.parametrize("page", DOCS, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)[^)]*\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_that_the_code_names_is_there() -> None:
    sources = [
        path
        for folder in ("config", "accounts", "inference_kpis", "readiness")
        for path in (ROOT / folder).rglob("*.py")
    ]
    named = {name for path in sources for name in re.findall(r"docs/[\w/.-]+\.md", path.read_text())}
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
