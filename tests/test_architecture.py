"""The walls of the house: which way imports and foreign keys go, and what calculations may know."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[1]
# From the top to the bottom: each may use what stands after it.
APPS = ("config", "readiness", "inference_kpis", "accounts")
# Inside an app, each layer may use those after it; what shares a layer may not know each other, unless listed.
LAYERS = {
    "inference_kpis": (
        ("management",),
        ("demo",),
        # Reads labels and plans as discovery does, pulls through its guarded client, stores where pushed series go.
        ("query_sources",),
        ("discovery", "probes"),
        ("api",),
        ("dashboards", "templatetags"),
        ("annotations",),
        ("alerts", "pull", "push"),
        ("mappings",),
        ("engines", "readings", "protocols"),
        ("fleet",),
        ("formulas",),
        ("catalogue",),
        ("exceptions", "spreadsheet"),
    ),
    "readiness": (
        ("management",),
        ("demo",),
        ("overview",),
        ("api",),
        ("exchange",),
        # Gathers what waits for a person from every subject below.
        ("teamwork",),
        ("perceptions", "planning", "trends"),
        ("bindings", "evidence", "success"),
        ("contradictions",),
        ("assessments", "templatetags"),
        ("actions", "blobs"),
        ("soundness",),
        ("context",),
        ("bank", "figures"),
        ("calendars", "scoring", "work"),
        ("exceptions",),
    ),
}
# Within one layer: who may know whom, and why.
NEIGHBOURS = {
    ("inference_kpis.engines", "inference_kpis.protocols"): "an engine reads decoded samples",
    ("inference_kpis.engines", "inference_kpis.readings"): "and turns them into an observation",
    ("inference_kpis.readings", "inference_kpis.engines"): "a query asks which measures an engine exposes",
    ("inference_kpis.dashboards", "inference_kpis.templatetags"): "pages use their tags",
    ("inference_kpis.templatetags", "inference_kpis.dashboards"): "tags draw the dashboards' charts",
    ("inference_kpis.alerts", "inference_kpis.pull"): "notifications leave through the same guarded client",
    ("inference_kpis.push", "inference_kpis.pull"): "both ways in share the limit on models",
}
# Gathering files stand outside the layers.
OUTSIDE = {"models", "urls", "api_urls", "access", "apps", "admin", "checks"}
CALCULATIONS = (
    "inference_kpis/readings/algebra.py",
    "inference_kpis/readings/statistics.py",
    "inference_kpis/readings/quantities.py",
    "inference_kpis/readings/combining.py",
    "inference_kpis/formulas/units.py",
    "inference_kpis/formulas/parsing.py",
    "inference_kpis/readings/increases.py",
    "inference_kpis/readings/remapping.py",
    "inference_kpis/readings/intervals.py",
    "inference_kpis/readings/observation.py",
    "inference_kpis/readings/codec.py",
    "inference_kpis/readings/derived.py",
    "inference_kpis/protocols/*.py",
    "inference_kpis/engines/*.py",
    "inference_kpis/demo/*.py",
    "inference_kpis/alerts/areas.py",
    "inference_kpis/alerts/burn_rates.py",
    "inference_kpis/alerts/grouping.py",
    "inference_kpis/alerts/payloads.py",
    "inference_kpis/alerts/states.py",
    "inference_kpis/alerts/subjects.py",
    "inference_kpis/alerts/verdicts.py",
    "inference_kpis/probes/requests.py",
    "inference_kpis/probes/results.py",
    "inference_kpis/probes/streams.py",
    "inference_kpis/annotations/applying.py",
    "inference_kpis/dashboards/chart_marks.py",
    "inference_kpis/dashboards/comparing.py",
    "inference_kpis/dashboards/cells.py",
    "inference_kpis/dashboards/shared_costs.py",
    "inference_kpis/pull/guard.py",
    "inference_kpis/push/assembly.py",
    "inference_kpis/pull/client.py",
    "inference_kpis/discovery/targets.py",
    "inference_kpis/discovery/planning.py",
    "inference_kpis/discovery/table.py",
    "inference_kpis/query_sources/answers.py",
    "inference_kpis/query_sources/chunks.py",
    "inference_kpis/query_sources/planning.py",
    "inference_kpis/query_sources/promql.py",
    "readiness/scoring/*.py",
    "readiness/bank.py",
    "readiness/context.py",
    "readiness/soundness.py",
    "readiness/blobs/sniffing.py",
    "readiness/actions/dependencies.py",
    "readiness/assessments/bank_changes.py",
    "readiness/assessments/needing.py",
    "readiness/assessments/replies.py",
    "readiness/perceptions/spread.py",
    "readiness/perceptions/strips.py",
    "readiness/trends/points.py",
    "readiness/trends/changes.py",
    "readiness/trends/comparing.py",
    "readiness/teamwork/mentions.py",
    "readiness/planning/timeline.py",
    "readiness/exchange/cells.py",
    "readiness/exchange/columns.py",
    "readiness/exchange/reading.py",
    "readiness/exchange/sheets.py",
    "readiness/exchange/workbooks.py",
    "readiness/exchange/writing.py",
)


def python_files(folder: str) -> list[Path]:
    return [path for path in sorted((ROOT / folder).rglob("*.py")) if "migrations" not in path.parts]


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, inside functions as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def subject(module: str) -> tuple[str, str]:
    app, _, rest = module.partition(".")
    return app, rest.partition(".")[0]


@pytest.mark.parametrize("app", APPS)
def test_imports_run_one_way_between_apps(app: str) -> None:
    above = APPS[: APPS.index(app)]
    wrong = {
        f"{path.relative_to(ROOT)} imports {module}"
        for path in python_files(app)
        for module in imported(path)
        if module.partition(".")[0] in above
    }
    assert not wrong


@pytest.mark.parametrize("app", LAYERS)
def test_imports_run_one_way_between_subjects(app: str) -> None:
    layer_of = {name: number for number, names in enumerate(LAYERS[app]) for name in names}
    wrong = set()
    for path in python_files(app):
        here = path.relative_to(ROOT / app).with_suffix("").parts[0]
        if here in OUTSIDE or here == "__init__":
            continue
        for module in imported(path):
            there_app, there = subject(module)
            if there_app != app or there in OUTSIDE or there == here or there not in layer_of:
                continue
            is_down = layer_of[there] > layer_of[here]
            if not is_down and (f"{app}.{here}", f"{app}.{there}") not in NEIGHBOURS:
                wrong.add(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong


def test_every_subject_has_its_place() -> None:
    for app, layers in LAYERS.items():
        known = {name for names in layers for name in names} | OUTSIDE | {"__init__", "migrations", "content"}
        found = {path.stem for path in (ROOT / app).iterdir() if not path.name.startswith("__pycache__")}
        assert found <= known


def test_foreign_keys_run_one_way() -> None:
    for app in ("readiness", "inference_kpis", "accounts"):
        below = {*APPS[APPS.index(app) :], "auth", "contenttypes"}
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.get_fields():
                if field.is_relation and field.concrete:
                    assert field.related_model._meta.app_label in below, f"{model.__name__}.{field.name}"


def test_foreign_keys_written_as_strings_run_one_way() -> None:
    for app in ("inference_kpis", "accounts"):
        for path in python_files(app):
            text = path.read_text()
            for above in APPS[: APPS.index(app)]:
                assert f'"{above}.' not in text, path
                assert f"'{above}." not in text, path


def test_calculations_know_no_django_but_for_their_labels() -> None:
    allowed = {"django.utils.translation", "django.utils.functional"}
    for pattern in CALCULATIONS:
        for path in sorted(ROOT.glob(pattern)):
            wrong = {m for m in imported(path) if m.startswith("django") and not m.startswith(tuple(allowed))}
            assert not wrong, f"{path.relative_to(ROOT)}: {wrong}"


def test_calculations_read_no_clock() -> None:
    clocks = ("datetime.now(", "time.time(", "timezone.now(", "date.today(", "localdate(")
    for pattern in CALCULATIONS:
        if "demo" in pattern or "client" in pattern:
            continue  # these two are the outside world itself
        for path in sorted(ROOT.glob(pattern)):
            assert not [clock for clock in clocks if clock in path.read_text()], path


def test_only_one_file_fetches_from_nodes() -> None:
    """Everything that leaves for a node's address goes through the guarded client."""
    fetchers = {"aiohttp", "requests", "httpx", "urllib3", "urllib.request", "http.client"}
    found = {
        str(path.relative_to(ROOT))
        for app in APPS
        for path in python_files(app)
        if fetchers & {module for module in imported(path)}
    }
    assert found == {
        "inference_kpis/pull/client.py",
        "inference_kpis/demo/load.py",  # the demo's own clients, to its own loopback ports
        "config/launcher/run.py",  # asks its own web server whether it is ready
    }


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    names = {path.name for app in APPS for path in python_files(app)}
    assert not names & {"utils.py", "helpers.py", "services.py", "common.py", "misc.py"}
