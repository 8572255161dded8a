"""Whatever goes wrong with a pull, a person reads a sentence."""

import re
from pathlib import Path

import pytest

import inference_kpis
from inference_kpis.pull.problems import SENTENCES, sentence
from inference_kpis.push.batch import MESSAGES

FOLDERS = ("pull", "protocols", "engines", "readings")
# How the modules name a problem.
NAMED = re.compile(
    r'(?:PullFailed|MalformedExposition|_TooLong|problems\.add|return failed)\("(\w+)"|problem(?:s \+)?= ?\(?"(\w+)"'
)
RETURNED = re.compile(r'(?:return|else) "(\w+)"(?! if kind)')
NAMED_AS_AGE = re.compile(r'"(\w*sample\w*)"')


def codes() -> set[str]:
    """Every code that a pull can end with or leave behind."""
    root = Path(inference_kpis.__file__).parent
    sources = [path.read_text() for folder in FOLDERS for path in (root / folder).glob("*.py")]
    named = {first or second for source in sources for first, second in NAMED.findall(source)}
    named |= set(NAMED_AS_AGE.findall((root / "protocols" / "freshness.py").read_text()))
    named |= {
        code for name in ("client", "tls") for code in RETURNED.findall((root / "pull" / f"{name}.py").read_text())
    }
    return named - {""}


def test_every_code_has_its_sentence() -> None:
    assert {
        "timed_out",
        "malformed",
        "cut_short",
        "hung_up",
        "tls_wrong_name",
        "tls_failed",
        "label_too_long",
        "bad_counter",
        "implausible",
        "too_many_series",
    } <= codes()
    # What is wrong with a pushed point is said with those of readings.
    assert codes() - SENTENCES.keys() - MESSAGES.keys() == set()


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_one(code: str) -> None:
    assert str(sentence(code))[0].isupper()
    assert str(sentence(code)).endswith(".")


def test_a_code_without_a_sentence_stands_for_itself() -> None:
    assert sentence("no_such_code") == "no_such_code"
