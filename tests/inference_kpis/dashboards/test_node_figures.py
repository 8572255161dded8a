"""What lists of nodes are sorted by, worked out in the background."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inference_kpis.dashboards.models import NodeFigures
from inference_kpis.dashboards.node_figures import ONE_AT_A_TIME, work_out_figures
from inference_kpis.dashboards.node_rows import COLUMNS, node_rows
from inference_kpis.readings import rollups
from tests.factories import NodeFactory
from tests.inference_kpis.dashboards.asking import NOW, busy_node, pulled
from tests.inference_kpis.pulls import at

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    node = busy_node()
    assert work_out_figures(NOW) == 1
    figures = NodeFigures.objects.get(node=node)
    (row,) = node_rows([node], NOW)
    assert [getattr(figures, kpi.key) for kpi in COLUMNS] == [quantity.value for _kpi, quantity in row.quantities]
    assert (figures.heard_at, figures.worked_out_at) == (row.heard_at, NOW)


def test_every_column_of_a_list_can_be_sorted_by() -> None:
    assert {kpi.key for kpi in COLUMNS} <= {field.name for field in NodeFigures._meta.get_fields()}


def test_a_node_without_readings_has_no_figures() -> None:
    NodeFactory()
    work_out_figures(NOW)
    figures = NodeFigures.objects.get()
    assert (figures.heard_at, figures.request_rate) == (None, None)


def test_it_can_be_repeated() -> None:
    busy_node()
    work_out_figures(NOW)
    work_out_figures(at(2000))
    assert NodeFigures.objects.get().request_rate is None
    assert NodeFigures.objects.get().heard_at is not None


def test_a_retired_node_is_left_out() -> None:
    NodeFactory(retired_at=at(0))
    assert work_out_figures(NOW) == 0


def test_twenty_nodes_cost_as_many_statements_as_one() -> None:
    busy_node()
    with CaptureQueriesContext(connection) as with_one:
        work_out_figures(NOW)
    pulled(*(NodeFactory() for _ in range(19)))
    with CaptureQueriesContext(connection) as with_twenty:
        assert work_out_figures(NOW) == 20
    assert len(with_twenty) == len(with_one)


def test_its_lock_is_not_that_of_roll_ups() -> None:
    assert ONE_AT_A_TIME != rollups.ONE_AT_A_TIME
