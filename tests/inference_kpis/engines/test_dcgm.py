"""DCGM: mJ, percent and MiB; a GPU that two pods share spends its energy once."""

import pytest

from tests.inference_kpis.engines.samples import counters, edited, read


def test_it_works() -> None:
    (node,) = read("dcgm").values()
    assert counters(node) == {"energy": 13000.5}
    assert node.gauges == {
        "power": pytest.approx(90.75),
        "accelerator_utilisation": pytest.approx(0.85),
        "accelerator_memory_usage": pytest.approx(16 / 46),
    }


def test_energy_goes_on_when_pods_move() -> None:
    moved = read("dcgm", edited("dcgm", ('pod="one"', 'pod="three"'), ('pod="two"', 'pod="four"')))
    assert moved[""].counters == read("dcgm")[""].counters


def test_parts_of_a_gpu_share_its_power_and_add_their_memory() -> None:
    parts = edited(
        "dcgm",
        (',namespace="default",pod="one",container="server"', ',GPU_I_PROFILE="1g.12gb",GPU_I_ID="1"'),
        (',namespace="default",pod="two",container="server"', ',GPU_I_PROFILE="1g.12gb",GPU_I_ID="2"'),
        ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_GPU_TEMP"),
    )
    (node,) = read("dcgm", parts).values()
    assert node.gauges == {
        "power": pytest.approx(90.75),
        "accelerator_utilisation": pytest.approx(0.8),
        "accelerator_memory_usage": pytest.approx(30 / 69),
    }
