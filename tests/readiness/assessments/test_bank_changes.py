"""What one version of the bank asks otherwise than another."""

from pathlib import Path

from readiness.assessments.bank_changes import compare
from readiness.bank import load_bank
from readiness.checks import check_content
from tests.readiness.assessments.later_bank import ADDED, NEW_GATE, RETIRED, REWEIGHTED, REWORDED


def test_it_works(later_bank: Path) -> None:
    changes = compare(load_bank("2026.2"), load_bank("2026.3"))
    assert [practice.key for practice in changes.added] == [ADDED]
    assert [practice.key for practice in changes.reworded] == [REWORDED]
    assert [practice.key for practice in changes.retired] == [RETIRED]
    assert len(changes.unchanged) == 45 - 2
    assert [each.now.key for each in changes.gates_changed] == [NEW_GATE]
    assert [(each.then.weight, each.now.key, each.now.weight) for each in changes.weights_changed] == [
        (2, REWEIGHTED, 3)
    ]


def test_the_later_version_is_sound(later_bank: Path) -> None:
    assert check_content(None, directory=later_bank) == []


def test_what_came_before_it_has_to_be_published(later_bank: Path) -> None:
    published = later_bank / "published.txt"
    *others, _last = published.read_text().splitlines()
    published.write_text("\n".join(others))
    problems = [problem.msg for problem in check_content(None, directory=later_bank)]
    assert len(problems) == 1
    assert problems[0].startswith("2026.2: 2026.3 came after it, so it may not change. Add the line '2026.2 ")


def test_the_second_version_rewords_nothing_of_the_first() -> None:
    changes = compare(load_bank("2026.1"), load_bank("2026.2"))
    assert (len(changes.added), changes.reworded, changes.retired, len(changes.unchanged)) == (28, (), (), 17)


def test_the_same_twice_changes_nothing() -> None:
    changes = compare(load_bank("2026.2"), load_bank("2026.2"))
    assert (changes.added, changes.reworded, changes.retired, changes.reweighted) == ((), (), (), ())
