"""Both kinds of KPI looked up together, in one query whatever their number."""

import pytest
from django.utils import translation

from inference_kpis.catalogue import KPIS, Direction, Quantile, Vantage
from inference_kpis.formulas.known import all_kpis, kpi_choices, kpis_by_key
from tests.factories import CustomKpiFactory

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    CustomKpiFactory(key="answer_energy", shown_in="kJ/request", name_en="Energy", name_fr="Énergie")
    kpi = all_kpis()["answer_energy"]
    assert (kpi.unit, float(kpi.display_factor), kpi.direction) == ("kJ/request", 0.001, Direction.LOWER)
    assert kpi.measures == {"power", "requests"}
    assert str(kpi.label) == "Energy"
    with translation.override("fr"):
        assert str(kpi.label) == "Énergie"


def test_a_latency_says_where_it_was_seen() -> None:
    CustomKpiFactory(key="slow_one", formula="quantile(0.9, e2e_latency)", shown_in="ms", unit="s")
    kpi = all_kpis()["slow_one"]
    assert (kpi.vantage, kpi.formula) == (Vantage.SERVER, Quantile("e2e_latency", 0.9))


def test_a_retired_one_is_offered_nowhere_and_still_known() -> None:
    CustomKpiFactory(key="old_one", retired_at="2026-01-01T00:00Z")
    assert "old_one" not in all_kpis()
    assert kpis_by_key(["old_one", "request_rate", "nowhere"]).keys() == {"old_one", "request_rate"}
    assert "old_one" in dict(kpi_choices("old_one"))
    assert "old_one" not in dict(kpi_choices())


def test_a_key_of_the_catalogue_means_the_catalogue() -> None:
    CustomKpiFactory(key="request_rate")
    assert all_kpis()["request_rate"] is KPIS["request_rate"]


def test_twenty_cost_as_many_queries_as_one(django_assert_num_queries: object) -> None:
    CustomKpiFactory.create_batch(20)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert len(all_kpis()) == len(KPIS) + 20
    with django_assert_num_queries(0):  # type: ignore[operator]
        kpis_by_key(["request_rate"])
