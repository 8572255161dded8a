"""Who is named in a text."""

import pytest

from readiness.teamwork.mentions import mentioned

NAMES = {1: "Ada", 2: "Ada Martin", 3: "Inès Moreau", 4: "inès moreau", 5: ""}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", set()),
        ("Ada", set()),
        ("@Ada, look", {1}),
        ("@ada martin?", {2}),
        ("@Ada Martinez", {1}),
        ("@Adam", set()),
        ("write to x@Ada", set()),
        ("(@Inès Moreau) and @Ada", {1, 3, 4}),
        ("@ @@", set()),
    ],
)
def test_it_works(text: str, found: set[int]) -> None:
    assert mentioned(text, NAMES) == found
