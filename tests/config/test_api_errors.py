"""Errors of the API have one shape: a code for machines, a message for people, the fields."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.test import Client
from rest_framework import exceptions

from accounts.models import MachineKey
from config.api_errors import answer_error
from inference_kpis.push.api.views import ReadingBatch
from tests.factories import SiteFactory, machine_key

READINGS = "/api/v1/readings"


@pytest.fixture
def client() -> Client:
    """A machine: it sends no cookie, and is told of our faults."""
    return Client(raise_request_exception=False)


def bearer(**values: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {machine_key(SiteFactory(), **values)[1]}"}


def error(response: Any) -> tuple[int, str]:
    """Status and code, once the shape is right."""
    body = response.json()
    assert set(body) == {"code", "message", "fields"}
    assert body["message"]
    assert response["Content-Type"].startswith("application/json")
    return response.status_code, body["code"]


@pytest.mark.django_db
def test_it_works(client: Client) -> None:
    response = client.post(READINGS, {"readings": 1}, content_type="application/json", headers=bearer())
    assert error(response) == (400, "invalid")
    assert response.json() == {
        "code": "invalid",
        "message": "The body is an object with a list named readings.",
        "fields": {},
    }


@pytest.mark.django_db
def test_without_a_key(client: Client) -> None:
    response = client.post(READINGS, {}, content_type="application/json")
    assert error(response) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.django_db
def test_with_a_key_that_may_not(client: Client) -> None:
    headers = bearer(scopes=[MachineKey.Scope.READ_KPIS])
    response = client.post(READINGS, {}, content_type="application/json", headers=headers)
    assert error(response) == (403, "permission_denied")


@pytest.mark.django_db
def test_with_another_method(client: Client) -> None:
    response = client.get(READINGS, headers=bearer())
    assert error(response) == (405, "method_not_allowed")
    assert response["Allow"] == "POST, OPTIONS"


@pytest.mark.django_db
def test_with_another_kind_of_body(client: Client) -> None:
    response = client.post(READINGS, "a,b", content_type="text/csv", headers=bearer())
    assert error(response) == (415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["get", "post", "delete"])
@pytest.mark.parametrize("address", ["/api/", "/api/v1/", "/api/v1/nothing", "/api/v2/readings"])
def test_where_nothing_is(client: Client, method: str, address: str) -> None:
    assert error(getattr(client, method)(address)) == (404, "not_found")


@pytest.mark.django_db
def test_where_no_page_is_a_page_says_so(client: Client) -> None:
    for address in ("/en/nothing/", "/nothing", "/apis"):
        response = client.get(address)
        assert response.status_code == 404
        assert b"<h1>Page not found</h1>" in response.content


def test_a_fault_of_ours(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("s3cret")

    monkeypatch.setattr(ReadingBatch, "initial", fail)
    response = client.post(READINGS, {}, content_type="application/json")
    assert error(response) == (500, "error")
    assert b"s3cret" not in response.content


@pytest.mark.django_db
def test_codes_stay_and_messages_follow_the_language(client: Client) -> None:
    answers = [client.get(READINGS, headers={**bearer(), "Accept-Language": code}) for code in ("en", "fr")]
    assert {error(answer) for answer in answers} == {(405, "method_not_allowed")}
    assert len({answer.json()["message"] for answer in answers}) == 2


# --- What a view may raise -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (exceptions.Throttled(wait=5), 429, "throttled"),
        (exceptions.NotFound(), 404, "not_found"),
        (Http404(), 404, "not_found"),
        (exceptions.PermissionDenied(), 403, "permission_denied"),
        (PermissionDenied(), 403, "permission_denied"),
        (exceptions.ParseError(), 400, "parse_error"),
        (exceptions.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
        (exceptions.MethodNotAllowed("GET"), 405, "method_not_allowed"),
        (exceptions.ValidationError("wrong"), 400, "invalid"),
    ],
)
def test_each_becomes_its_status_and_code(raised: Exception, status: int, code: str) -> None:
    response = answer_error(raised, {})
    assert response is not None
    assert (response.status_code, response.data["code"]) == (status, code)
    assert set(response.data) == {"code", "message", "fields"}


def test_throttled_says_when_to_come_back() -> None:
    response = answer_error(exceptions.Throttled(wait=5), {})
    assert response is not None
    assert response["Retry-After"] == "5"


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ("wrong", {"": ["wrong"]}),
        (["wrong", "odd"], {"": ["wrong", "odd"]}),
        ({"start": ["wrong", "odd"], "end": ["late"]}, {"start": ["wrong", "odd"], "end": ["late"]}),
        ({"start": "wrong"}, {"start": ["wrong"]}),
        ({"readings": [{"start": ["wrong"]}, {}, {"end": "late"}]}, {"readings": ["wrong", "late"]}),
    ],
)
def test_the_texts_of_fields_are_kept(detail: Any, fields: dict[str, list[str]]) -> None:
    response = answer_error(exceptions.ValidationError(detail), {})
    assert response is not None
    assert response.data["fields"] == fields
    assert response.data["message"] == "The request is not valid."


def test_other_faults_are_not_hidden() -> None:
    assert answer_error(RuntimeError(), {}) is None
