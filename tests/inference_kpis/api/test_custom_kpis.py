"""Custom KPIs over the API: defined and changed with a key that may, read as every KPI."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, MachineKey
from inference_kpis.formulas.models import CustomKpi
from tests.factories import CustomKpiFactory, UserFactory, machine_key, signed_in
from tests.inference_kpis.api.asking import Ask, reader, small_fleet

pytestmark = pytest.mark.django_db
BODY = {
    "key": "answer_tokens",
    "formula": "increase(output_tokens) / increase(requests)",
    "direction": "higher",
    "name_en": "Tokens per answer",
    "name_fr": "Jetons par réponse",
    "description_en": "Output tokens divided by requests.",
    "description_fr": "Jetons produits divisés par les requêtes.",
}
Write = Any


@pytest.fixture
def write(client: Client) -> Write:
    _, text = machine_key(scopes=[MachineKey.Scope.WRITE_KPIS])

    def send(method: str, address: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {text}"}
        return getattr(client, method)(f"/api/v1/{address}", body, content_type="application/json", headers=headers)

    return send


@pytest.fixture
def ask(client: Client) -> Ask:
    return reader(client)


def test_it_works(write: Write, ask: Ask) -> None:
    small_fleet()
    answer = write("post", "kpis", BODY)
    assert answer.status_code == 201
    assert (answer.json()["unit"], answer.json()["shown_in"], answer.json()["version"]) == (
        *("token/request", "tokens/request"),
        1,
    )
    listed = {kpi["key"]: kpi for kpi in ask("kpis").json()["kpis"]}["answer_tokens"]
    assert (listed["label"], listed["unit"], listed["direction"]) == ("Tokens per answer", "tokens/request", "higher")
    found = ask("kpis/answer_tokens", split="site").json()
    # Triton gives no tokens, and its requests do not dilute the quotient.
    assert found["quantity"]["value"] == pytest.approx(7)
    assert {each["key"] for each in found["series"]} == {"lyon", "paris"}
    assert AuditEvent.objects.get(verb="custom_kpi.add").details["via"].startswith("key: ")


def test_it_is_scraped_and_asked_of_nodes(write: Write, ask: Ask) -> None:
    nodes = small_fleet()
    write("post", "kpis", BODY)
    exposed = ask("openmetrics").content.decode()
    assert 'vigie_custom_kpi_answer_tokens_tokens_per_request{split="none"} 7.0' in exposed
    latest = ask("nodes/latest", kpi="answer_tokens").json()["nodes"]
    values = {each["name"]: each["kpis"][0]["value"] for each in latest}
    assert values[nodes["lyon-1"].name] == pytest.approx(7)
    assert values[nodes["lyon-2"].name] is None


def test_another_formula_is_another_answer(write: Write, ask: Ask) -> None:
    small_fleet()
    write("post", "kpis", BODY)
    tag = ask("kpis/answer_tokens")["ETag"]
    assert ask("kpis/answer_tokens", headers={"If-None-Match": tag}).status_code == 304
    changed = write("patch", "kpis/answer_tokens", {"formula": f"2 * {BODY['formula']}"})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    again = ask("kpis/answer_tokens", headers={"If-None-Match": tag})
    assert again.json()["quantity"]["value"] == pytest.approx(14)


def test_a_retired_one_is_not_listed_and_its_key_is_not_given_again(write: Write, ask: Ask) -> None:
    write("post", "kpis", BODY)
    assert write("delete", "kpis/answer_tokens").status_code == 204
    assert write("delete", "kpis/answer_tokens").status_code == 404
    assert "answer_tokens" not in {kpi["key"] for kpi in ask("kpis").json()["kpis"]}
    assert ask("kpis/answer_tokens").status_code == 200
    assert write("post", "kpis", BODY).json()["fields"].keys() == {"key"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"formula": "rate(requests) + rate(output_tokens)"}, "formula"),
        ({"formula": 5}, "formula"),
        ({"formula": ""}, "formula"),
        ({"key": "request_rate"}, "key"),
        ({"shown_in": "ms"}, "shown_in"),
        ({"colour": "red"}, "colour"),
        ({"name_fr": None}, "name_fr"),
    ],
)
def test_what_is_wrong_is_named(write: Write, values: dict[str, Any], field: str) -> None:
    answer = write("post", "kpis", {**BODY, **values})
    assert (answer.status_code, field in answer.json()["fields"]) == (400, True)
    assert CustomKpi.objects.count() == 0


@pytest.mark.parametrize("values", [{"key": "another"}, {"direction": "lower"}, {"shown_in": "token/1000 requests"}])
def test_what_targets_rest_on_cannot_be_changed(write: Write, values: dict[str, str]) -> None:
    write("post", "kpis", BODY)
    assert write("patch", "kpis/answer_tokens", values).json()["fields"].keys() == values.keys()


@pytest.mark.parametrize("body", [[], '"text"', 5])
def test_a_body_that_is_no_object_is_refused(write: Write, body: object) -> None:
    assert write("post", "kpis", body).json()["code"] == "invalid"


def test_the_catalogue_cannot_be_written(write: Write) -> None:
    assert write("patch", "kpis/request_rate", {"formula": "rate(requests)"}).status_code == 404
    assert write("delete", "kpis/request_rate").status_code == 404


def test_other_keys_and_people_cannot_write(client: Client) -> None:
    _, text = machine_key(scopes=[MachineKey.Scope.READ_KPIS, MachineKey.Scope.WRITE_FLEET])
    headers = {"Authorization": f"Bearer {text}"}
    assert client.post("/api/v1/kpis", BODY, content_type="application/json", headers=headers).status_code == 403
    person = signed_in(UserFactory(role="administrator"))
    assert person.post("/api/v1/kpis", BODY, content_type="application/json").status_code == 403
    assert CustomKpi.objects.count() == 0


def test_twenty_cost_as_many_queries_as_one(ask: Ask, django_assert_num_queries: Any) -> None:
    small_fleet()
    CustomKpiFactory()
    ask("openmetrics")
    with CaptureQueriesContext(connection) as few:
        ask("openmetrics")
    CustomKpiFactory.create_batch(19)
    with django_assert_num_queries(len(few)):
        ask("openmetrics")
