"""LiteLLM: one of three levels, seen by the gateway; of the people and keys in its labels nothing is kept."""

import re

import pytest
from django.db import connection

from inference_kpis.engines import ENGINES
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, scheduled
from tests.inference_kpis.engines.samples import counters, counts, edited, read, sample
from tests.inference_kpis.pulls import START, pull

PERSONAL = ("api_key_alias", "end_user", "hashed_api_key", "team", "team_alias", "user", "user_email")


def test_it_works() -> None:
    model = read("litellm")["gpt-4o"]
    assert counters(model) == {"requests": 100, "failed_requests": 4, "prompt_tokens": 9000, "output_tokens": 4500}
    assert counts(model) == {"gateway_latency": 90, "gateway_time_to_first_token": 40, "queue_time": 90}


def test_a_call_that_asked_for_no_model_is_no_request() -> None:
    assert "None" not in read("litellm")
    assert counters(read("litellm")[""]) == {"requests": 0, "failed_requests": 0}


def test_what_a_gateway_sees_is_not_called_a_servers() -> None:
    assert not ENGINES["litellm"].exposes & {"e2e_latency", "time_to_first_token"}


@pytest.mark.django_db
@pytest.mark.parametrize("engine", ["litellm", ""])
def test_no_personal_label_reaches_the_database(engine: str) -> None:
    text = sample("litellm").decode()
    values = {value for label in PERSONAL for value in re.findall(rf'[{{,]{label}="([^"]+)"', text)}
    assert len(values) == len(PERSONAL)
    node = NodeFactory(engine=engine)
    scheduled(node, START)
    pull({node: sample("litellm")}, 0)
    grown = edited("litellm", ('status_code="200"} 90.0', 'status_code="200"} 95.0'))
    pull({node: grown}, 15)
    assert PullState.objects.get().counters
    found = {value for value in values for table in tables() if holds(table, value)}
    assert found == set()
    assert holds("inference_kpis_servedmodel", "gpt-4o")


def tables() -> list[str]:
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def holds(table: str, value: str) -> bool:
    """Whether any column of any row holds the value, bytes included."""
    with connection.cursor() as cursor:
        pattern = [f"%{value}%", f"%{value.encode().hex()}%"]
        cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s OR t::text LIKE %s', pattern)
        (found,) = cursor.fetchone()
        return bool(found)
