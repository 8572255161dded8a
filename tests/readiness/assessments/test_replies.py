"""Two replies to one practice, put together."""

from datetime import date

import pytest

from readiness.assessments.replies import NOTHING, Reply, merged

ASIDE = Reply(None, "", "No such nodes.", date(2027, 1, 1))


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "together"),
    [
        (NOTHING, Reply(3, "me"), Reply(1, "them"), Reply(3, "them\n\nme")),
        (Reply(2, "was"), Reply(2, "me"), Reply(4, "was"), Reply(4, "me")),
        (Reply(2, "was"), Reply(3, "was"), Reply(2, "them"), Reply(3, "them")),
        (Reply(2, "was"), Reply(2, "was"), Reply(1, "them"), Reply(1, "them")),
        (Reply(2), Reply(3, "same"), Reply(1, "same"), Reply(3, "same")),
        (NOTHING, Reply(None, "me"), Reply(1, ""), Reply(1, "me")),
        (Reply(2), ASIDE, Reply(3), ASIDE),
        (ASIDE, ASIDE, Reply(3), Reply(3)),
        (None, Reply(3, "me"), Reply(1, "them"), Reply(3, "them\n\nme")),
        (None, NOTHING, Reply(1, "them"), Reply(1, "them")),
    ],
)
def test_it_works(base: Reply | None, mine: Reply, theirs: Reply, together: Reply) -> None:
    assert merged(base=base, mine=mine, theirs=theirs) == together
