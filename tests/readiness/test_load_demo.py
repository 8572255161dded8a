"""`manage.py load_demo`: a company to look at, marked as such everywhere; loading it again changes nothing."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.urls import reverse

from accounts.models import Role, Team, User
from inference_kpis.demo.plan import NODES, SITES
from inference_kpis.fleet.models import Node, Site
from inference_kpis.pull.models import PullState
from readiness.actions.models import Action
from readiness.assessments.models import Assessment, Binding, Snapshot
from readiness.assessments.needing import Need
from readiness.assessments.succession import next_time
from readiness.bank import load_bank, versions
from readiness.perceptions.models import BlindRound
from readiness.success.models import SuccessMetric
from tests.factories import UserFactory, signed_in
from tests.pages import words

pytestmark = pytest.mark.django_db
MARKED = (User, Team, Site, Node, Action, Assessment, Binding, BlindRound, SuccessMetric)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """Where the demo passwords go, and a plan of the demo fleet."""
    fleet_file = tmp_path / "fleet.json"
    write_plan(fleet_file, first_port=20_000)
    return {"people_file": tmp_path / "people.json", "fleet_file": fleet_file}


def write_plan(path: Path, first_port: int) -> None:
    nodes = [{**node, "url": f"http://127.0.0.1:{first_port + i}/metrics"} for i, node in enumerate(NODES)]
    path.write_text(json.dumps({"sites": SITES, "nodes": nodes}))


def load(files: dict[str, Path]) -> None:
    call_command("load_demo", **files)


def everything() -> dict[str, Any]:
    """Every row of the product's tables but the schedule, which starts anew."""
    models = [
        model for app in ("accounts", "inference_kpis", "readiness") for model in apps.get_app_config(app).get_models()
    ]
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models if model is not PullState}


def people(files: dict[str, Path]) -> dict[str, dict[str, str]]:
    return {entry["email"]: entry for entry in json.loads(files["people_file"].read_text())}


def test_it_works(files: dict[str, Path]) -> None:
    load(files)
    assert Node.objects.count() == PullState.objects.count() == len(NODES)
    assert dict(Assessment.objects.values_list("team__name", "state")) == {
        "Support": "approved",
        "Vision": "approved",
        "Mobile": "open",
    }
    assert (Snapshot.objects.count(), Binding.objects.count()) == (3, 2)
    assert {person["role"] for person in people(files).values()} == set(Role.values)


def test_one_team_has_a_trend_and_one_an_older_bank(files: dict[str, Path]) -> None:
    load(files)
    before, after = Snapshot.objects.filter(assessment__team__name="Support").order_by("taken_at")
    assert before.scores["overall"]["level"] < after.scores["overall"]["level"]
    source = Assessment.objects.get(team__name="Vision")
    assert source.bank_version == versions()[0]
    coming = next_time(source, load_bank(), datetime.now(UTC))
    reasons = {need for rule in coming.rules for task in rule.needing for need in task.needs}
    assert {Need.NEW, Need.EVIDENCE_EXPIRED, Need.EVIDENCE_EXPIRES} <= reasons
    assert coming.standing > 5


def test_twice_changes_nothing(files: dict[str, Path]) -> None:
    load(files)
    rows, passwords = everything(), files["people_file"].read_text()
    load(files)
    assert everything() == rows
    assert files["people_file"].read_text() == passwords


def test_the_fleet_follows_its_addresses(files: dict[str, Path]) -> None:
    load(files)
    write_plan(files["fleet_file"], first_port=30_000)
    load(files)
    assert set(Node.objects.values_list("url", flat=True)) == {
        f"http://127.0.0.1:{30_000 + i}/metrics" for i in range(len(NODES))
    }


def test_everything_is_marked_as_demo(files: dict[str, Path]) -> None:
    load(files)
    for model in MARKED:
        assert set(model.objects.values_list("is_demo", flat=True)) == {True}, model
    page = words(signed_in(User.objects.get(role=Role.EXECUTIVE)).get(reverse("readiness:overview")))
    assert "Demo data." in page


def test_without_it_nothing_is_called_demo() -> None:
    assert "Demo data." not in words(signed_in(UserFactory()).get(reverse("readiness:overview")))


def test_passwords_are_random_and_for_their_owner_only(files: dict[str, Path]) -> None:
    load(files)
    assert stat.S_IMODE(files["people_file"].stat().st_mode) == 0o600
    found = people(files)
    assert len({entry["password"] for entry in found.values()}) == len(found) == User.objects.count()
    for email, entry in found.items():
        assert len(entry["password"]) >= 12
        assert User.objects.get(email=email).check_password(entry["password"])


def test_who_lost_the_file_gets_new_passwords(files: dict[str, Path]) -> None:
    load(files)
    before = people(files)
    files["people_file"].unlink()
    load(files)
    after = people(files)
    assert all(after[email]["password"] != entry["password"] for email, entry in before.items())
    assert all(User.objects.get(email=email).check_password(entry["password"]) for email, entry in after.items())


def test_what_people_changed_is_left_alone(files: dict[str, Path]) -> None:
    load(files)
    User.objects.filter(email="marc@demo.example").update(name="Marc L.")
    Binding.objects.update(thresholds={"1": 1})
    SuccessMetric.objects.first().delete()  # type: ignore[union-attr]
    rows = everything()
    load(files)
    assert everything() == rows


def test_nothing_is_loaded_halfway(files: dict[str, Path]) -> None:
    files["fleet_file"].write_text("{")
    with pytest.raises(json.JSONDecodeError):
        load(files)
    assert not User.objects.exists()


def test_both_approved_teams_stand_behind_every_rule(files: dict[str, Path]) -> None:
    load(files)
    page = words(signed_in(User.objects.get(role=Role.EXECUTIVE)).get(reverse("readiness:overview")))
    assert page.count("target 3 2 teams") == 4
