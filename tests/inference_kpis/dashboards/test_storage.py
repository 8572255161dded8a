"""What is on disk, by width: on the page, as CSV, and as own metrics."""

import csv
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role
from inference_kpis.readings import own_metrics, partitions
from inference_kpis.readings.rollups import roll_up_touched
from inference_kpis.readings.storage import stored
from tests.factories import NodeFactory, UserFactory
from tests.inference_kpis.pulls import START, at
from tests.inference_kpis.readings.storing import put, reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(UserFactory(role=Role.OPERATOR))
    return client


def fill(nodes: int = 1) -> None:
    for _ in range(nodes):
        put(NodeFactory(), reading(15, requests=3, output_tokens=4), reading(75, requests=3))
    roll_up_touched(at(3 * 86_400))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_it_works(operator: Client) -> None:
    fill()
    page = operator.get(reverse("kpis:storage")).content.decode()
    assert all(words in page for words in ("Single readings", "Minutes", "Hours", "Days", "15 days"))


def test_nothing_stored_says_what_to_do(operator: Client) -> None:
    assert reverse("kpis:node_add") in operator.get(reverse("kpis:storage")).content.decode()


def test_each_width_says_what_it_holds() -> None:
    fill()
    found = {each.width: each for each in stored()}
    assert [each.rows for each in found.values()] == [2, 6, 3, 3]
    raw = found["reading"]
    # An increase is two numbers; there are three of them in two rows.
    assert (raw.numbers, raw.numbers_per_row, raw.samples_per_row) == (6, 3, 1.5)
    assert raw.bytes_per_sample == raw.bytes / 3
    assert (found["minute"].oldest_at, found["minute"].newest_at) == (START, at(60))


def test_what_is_freed_next_is_what_is_dropped_then() -> None:
    fill()
    raw = stored()[0]
    assert raw.frees_on == START.date() + timedelta(days=16)
    oldest = partitions.READING.name(START.date())
    assert oldest not in partitions.keep(raw.frees_on - timedelta(days=1))
    assert oldest in partitions.keep(raw.frees_on)


def test_the_csv_says_the_same(operator: Client) -> None:
    fill()
    lines = list(csv.DictReader(operator.get(reverse("kpis:storage_csv")).content.decode().splitlines()))
    assert [line["width"] for line in lines] == ["reading", "minute", "hour", "day"]
    assert [line["rows_about"] for line in lines] == ["2", "6", "3", "3"]
    assert lines[1]["oldest_utc"] == START.isoformat()


def test_own_metrics_say_the_same() -> None:
    fill()
    # PostgreSQL may tidy up between the two looks: what is said lies between what was and what is.
    before = stored()[0].bytes
    body = own_metrics.exposition("")[0].decode()
    after = stored()[0].bytes
    assert 'vigie_stored_rows{width="minute"} 6.0' in body
    [said] = re.findall(r'vigie_stored_bytes\{width="reading"\} (\S+)', body)
    assert min(before, after) <= float(said) <= max(before, after)


def test_more_nodes_cost_no_more_queries(operator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            operator.get(reverse("kpis:storage"))
        return len(captured)

    fill()
    one = queries()
    fill(5)
    assert queries() == one
