"""To which places something applies."""

import pytest

from inference_kpis.alerts.areas import Place
from inference_kpis.annotations.applying import meets

LYON = Place("edge", 1)
NODE = Place("edge", 1, "vllm", None, 7)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Place(), Place(), True),
        (Place(), LYON, True),
        (LYON, LYON, True),
        (LYON, Place("edge", 2), False),
        (LYON, Place("central"), False),
        (LYON, Place(engine="vllm"), True),
        (NODE, LYON, True),
        (NODE, Place(engine="triton"), False),
        (NODE, Place(model="llama"), True),
        (NODE, Place("edge", 1, "vllm", None, 8), False),
    ],
)
def test_places_meet_unless_they_contradict(one: Place, other: Place, expected: bool) -> None:
    assert meets(one, other) is expected
    assert meets(other, one) is expected
