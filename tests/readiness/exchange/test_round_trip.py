"""What goes out as a file and comes back into an empty assessment goes out the same again, in every format."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from readiness.assessments.answering import save_answer
from readiness.assessments.models import Answer, Assessment
from readiness.assessments.replies import Reply
from readiness.bank import load_bank
from readiness.exchange.columns import EXPORT
from readiness.exchange.exporting import export_of
from readiness.exchange.importing import apply_import, plan_import, read_file
from readiness.exchange.reading import as_text, from_text
from readiness.exchange.sheets import Sheet
from readiness.exchange.writing import as_csv, as_json, as_workbook

pytestmark = pytest.mark.django_db
NOW, TODAY = datetime(2026, 3, 1, 12, tzinfo=UTC), date(2026, 3, 1)
PRACTICES = load_bank("2026.1").practices
WORDS = dict.fromkeys(
    ("answers", "pieces", "level", "not_applicable_reason", "not_applicable_until", "note"), "Words"
) | {"pieces": "More"}
WRITERS = {
    "csv": lambda sheet: as_csv(sheet, EXPORT, separator=";"),
    "json": as_json,
    "xlsx": lambda sheet: as_workbook(sheet, EXPORT, words=WORDS),
}
AWKWARD = st.sampled_from(
    ["=1+1", "+1", "-1", "@x", "\tx", "'", "'=1", '"', "a\nb", "a;b,c", "2,5", "é’«\u00a0»", "😀", "sep=;", "_x0041_", "3", " x "]
)  # fmt: skip
# Line ends are one sign in an answer; what no table can hold is no text of people.
LETTERS = st.characters(exclude_categories=("Cs", "Cn"), exclude_characters="\0\r")
TEXT = (
    st.lists(AWKWARD | st.text(LETTERS, max_size=8), max_size=4)
    .map("".join)
    .map(lambda text: text if text.strip() else "")
)
GIVEN = st.builds(Reply, st.none() | st.integers(0, 4), TEXT)
ASIDE = st.builds(Reply, st.none(), TEXT, TEXT.filter(bool), st.dates(date(2026, 3, 2), date(2030, 1, 1)))


def replies() -> st.SearchStrategy[dict[str, Reply]]:
    return st.fixed_dictionaries({}, optional={each.key: GIVEN if each.gate else GIVEN | ASIDE for each in PRACTICES})


@pytest.mark.parametrize("ending", sorted(WRITERS))
@given(given_replies=replies())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_works(assessment: Assessment, owner: User, ending: str, given_replies: dict[str, Reply]) -> None:
    Answer.objects.filter(assessment=assessment).delete()
    for key, reply in given_replies.items():
        if reply != Reply(None):
            save_answer(assessment=assessment, practice=key, reply=reply, seen_version=0, by=owner, now=NOW)
    before = exported(assessment)
    first = WRITERS[ending](before)
    Answer.objects.filter(assessment=assessment).delete()

    rows = from_text(as_text(read_file(f"answers.{ending}", first))).rows
    plan = plan_import(assessment, rows, TODAY)
    assert plan.refusals == ()
    if plan.changes:
        apply_import(
            assessment=assessment,
            rows=rows,
            chosen=[change.practice.key for change in plan.changes],
            digest=plan.digest,
            by=owner,
            now=NOW,
            today=TODAY,
        )
    assert exported(assessment) == before
    assert WRITERS[ending](exported(assessment)) == first


def exported(assessment: Assessment) -> Sheet:
    return export_of(assessment, "en", NOW)
