"""The question bank: what is read, what is refused, and that a new practice is nothing but content."""

from decimal import Decimal
from pathlib import Path

import pytest

from readiness.bank import (
    CONTENT,
    RULES,
    BankError,
    Text,
    current_version,
    load_bank,
    versions,
)
from readiness.checks import check_content
from readiness.soundness import check_bank, content_digest

RULE = """
[rule]
number = {number}
key = "{key}"
title.en = "Title"
title.fr = "Titre"
promise.en = "A promise."
promise.fr = "Une promesse."
why.en = "The reason."
why.fr = "La raison."
good.en = "What good is."
good.fr = "Ce qui est bien."
"""

PRACTICE = """
[[practice]]
key = "{key}"
gate = {gate}
weight = 1
validity_days = 180
minutes = 2
title.en = "Title"
title.fr = "Titre"
question.en = "A question?"
question.fr = "Une question ?"
help.en = "Some help."
help.fr = "Une aide."
evidence.en = "A document."
evidence.fr = "Un document."
levels = [
    {{ en = "Nothing", fr = "Rien" }},
    {{ en = "Once", fr = "Une fois" }},
    {{ en = "Repeated", fr = "Répété" }},
    {{ en = "Managed", fr = "Géré" }},
    {{ en = "Proven", fr = "Prouvé" }},
]

[[practice.action]]
opens = 2
title.en = "Write it down"
title.fr = "L’écrire"
effort_days = 3
cost_low = 0
cost_high = 2000
role = "business"
"""

KEYS = "UC1 use_cases 2026.1\nINF1 infrastructure 2026.1\nSP1 sponsorship 2026.1\nME1 metrics 2026.1\n"


def practice(key: str, *, gate: bool = False) -> str:
    return PRACTICE.format(key=key, gate=str(gate).lower())


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A whole bank, four rules with one gate practice each."""
    (tmp_path / "2026.1").mkdir()
    for number, (rule, prefix) in enumerate(zip(RULES, ("UC", "INF", "SP", "ME"), strict=True), start=1):
        text = RULE.format(number=number, key=rule) + practice(f"{prefix}1", gate=True)
        (tmp_path / "2026.1" / f"{rule}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "keys.txt").write_text(KEYS, encoding="utf-8")
    return tmp_path


def use_cases(content: Path, version: str = "2026.1") -> Path:
    return content / version / "use_cases.toml"


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def problems(content: Path, version: str = "2026.1") -> list[str]:
    return check_bank(load_bank(version, content), content)


class TestReading:
    def test_it_works(self, content: Path) -> None:
        bank = load_bank("2026.1", content)
        assert [rule.key for rule in bank.rules] == list(RULES)
        assert [each.key for each in bank.practices] == ["UC1", "INF1", "SP1", "ME1"]
        uc1 = bank.practice("UC1")
        assert uc1.question == Text("A question?", "Une question ?")
        assert [level.en for level in uc1.levels] == ["Nothing", "Once", "Repeated", "Managed", "Proven"]
        assert (uc1.gate, uc1.measurable, uc1.weight, uc1.validity_days, uc1.minutes) == (True, False, 1, 180, 2)
        assert [(action.practice, action.opens, action.role) for action in uc1.actions] == [("UC1", 2, "business")]
        assert bank.rule_of("UC1") is bank.rule("use_cases") is bank.rules[0]
        assert bank.rules[0].gates == (uc1,)
        assert bank.rules[0].minutes == 2
        assert problems(content) == []

    @pytest.mark.parametrize(("code", "expected"), [("fr", "oui"), ("fr-ca", "oui"), ("en", "yes"), ("de", "yes")])
    def test_a_text_speaks_a_language(self, code: str, expected: str) -> None:
        assert Text("yes", "oui").in_language(code) == expected

    def test_a_version_is_read_once(self, content: Path) -> None:
        assert load_bank("2026.1", content) is load_bank(directory=content)

    def test_the_newest_version_is_current(self, content: Path) -> None:
        for name in ("2026.10", "2026.9", "drafts", "2026.x"):
            (content / name).mkdir()
        assert versions(content) == ["2026.1", "2026.9", "2026.10"]
        assert current_version(content) == "2026.10"

    def test_no_version_at_all(self, tmp_path: Path) -> None:
        with pytest.raises(BankError, match="no version of the question bank"):
            current_version(tmp_path / "missing")

    @pytest.mark.parametrize("version", ["2027.1", "../2026.1", "keys.txt"])
    def test_an_unknown_version(self, content: Path, version: str) -> None:
        with pytest.raises(BankError, match="no version"):
            load_bank(version, content)

    @pytest.mark.parametrize("look_up", ["practice", "rule_of", "rule"])
    def test_an_unknown_key(self, content: Path, look_up: str) -> None:
        with pytest.raises(KeyError):
            getattr(load_bank("2026.1", content), look_up)("UC99")

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("weight = 1", "wieght = 1", "use_cases.toml, UC1: weight is missing"),
            ("minutes = 2", "minutes = 2\nmeasureable = true", "UC1: measureable is not known here"),
            ("weight = 1", "weight = true", "UC1: weight has to be a whole number"),
            ("weight = 1", "weight = 1.5", "UC1: weight has to be a whole number"),
            ("gate = true", 'gate = "yes"', "UC1: gate has to be true or false"),
            ('help.fr = "Une aide."', 'help.de = "Hilfe."', "UC1: help has to be a text per language"),
            ('help.fr = "Une aide."', "help.fr = 3", "UC1: help has to be in quotes"),
            ('{ en = "Once", fr = "Une fois" }', '"Once"', "UC1: levels 1 has to be a text per language"),
            ('role = "business"', 'role = "business"\nwhen = 3', "UC1: when is not known here"),
            ("number = 1", 'number = "one"', "number has to be a whole number"),
            ("[rule]", "[extra]\n[rule]", "use_cases.toml: extra is not known here"),
            ("[[practice.action]]", "[practice.action]", "UC1: action has to be a list of tables"),
            ("[[practice.action]]", "action = [1]\n[practice.then]", "UC1: every action has to be a table"),
            ("[rule]", "[rule", "use_cases.toml cannot be read"),
        ],
    )
    def test_a_slip_is_refused_with_its_place(self, content: Path, old: str, new: str, message: str) -> None:
        change(use_cases(content), old, new)
        with pytest.raises(BankError, match=message):
            load_bank("2026.1", content)


class TestChecking:
    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ('title.fr = "Titre"\n', "", "use_cases, title: the fr text is missing."),
            ('question.en = "A question?"', 'question.en = " "', "UC1, question: the en text is missing."),
            ('en = "Once", fr = "Une fois"', 'en = "Once"', "UC1, level 1: the fr text is missing."),
            (
                '    { en = "Once", fr = "Une fois" },\n',
                "",
                "UC1: has 4 levels; a practice has 5, 0 to 4.",
            ),
            ("weight = 1", "weight = 0", "UC1: weight has to be 1 or more."),
            ("validity_days = 180", "validity_days = 0", "UC1: validity_days has to be 1 or more."),
            ("opens = 2", "opens = 5", "UC1, action for level 5: an action opens a level from 1 to 4."),
            (
                "cost_low = 0",
                "cost_low = 2001",
                "UC1, action for level 2: effort and cost are not negative, "
                "and the low cost is not above the high one.",
            ),
            (
                'role = "business"',
                'role = "boss"',
                "UC1, action for level 2: the role is one of it, business, board, not boss.",
            ),
            ("gate = true", "gate = false", "use_cases: a rule needs at least one gate practice."),
            (
                'why.fr = "La raison."',
                'why.fr = "The reason."',
                None,  # short words can be the same in both languages
            ),
        ],
    )
    def test_content_is_refused(self, content: Path, old: str, new: str, problem: str | None) -> None:
        change(use_cases(content), old, new)
        assert problems(content) == ([problem] if problem else [])

    def test_a_sentence_left_in_english(self, content: Path) -> None:
        sentence = "Business problems come before technology."
        change(use_cases(content), 'why.en = "The reason."', f'why.en = "{sentence}"')
        change(use_cases(content), 'why.fr = "La raison."', f'why.fr = "{sentence}"')
        assert problems(content) == ["use_cases, why: reads the same in both languages."]

    def test_a_double_key(self, content: Path) -> None:
        append(use_cases(content), practice("UC1"))
        assert problems(content) == ["UC1: this key is used 2 times."]

    def test_a_rule_that_is_not_there(self, content: Path) -> None:
        (content / "2026.1" / "metrics.toml").unlink()
        assert problems(content)[0].startswith("2026.1: the rules have to be 1 use_cases, 2 infrastructure, 3 spon")

    @pytest.mark.parametrize("key", ["uc2", "UC", "UC02", "UC_2"])
    def test_a_key_of_another_shape(self, content: Path, key: str) -> None:
        append(use_cases(content), practice(key))
        append(content / "keys.txt", f"{key} use_cases 2026.1\n")
        assert problems(content) == [f"{key}: a key is two to four capitals and a number, like UC1."]


class TestKeysAreForEver:
    def test_a_lost_key(self, content: Path) -> None:
        append(content / "keys.txt", "UC2 use_cases 2026.1\n")
        assert problems(content) == ["UC2: this key is lost. Keep the practice and write retired = true."]

    def test_a_renamed_key(self, content: Path) -> None:
        change(use_cases(content), 'key = "UC1"', 'key = "UC7"')
        assert problems(content) == [
            "UC1: this key is lost. Keep the practice and write retired = true.",
            "UC7: is a new key. Add the line 'UC7 use_cases 2026.1' to keys.txt.",
        ]

    def test_a_key_does_not_move_to_another_rule(self, content: Path) -> None:
        append(content / "keys.txt", "UC2 use_cases 2026.1  # moved\n\n")
        append(content / "2026.1" / "metrics.toml", practice("UC2"))
        assert problems(content) == [
            "UC2: belongs to use_cases and cannot move to metrics. Give the new practice a new key."
        ]

    def test_a_practice_leaves_by_being_retired(self, content: Path) -> None:
        append(use_cases(content), practice("UC2") + "\n")
        append(content / "keys.txt", "UC2 use_cases 2026.1\n")
        change(use_cases(content), 'key = "UC2"\ngate = false', 'key = "UC2"\ngate = false\nretired = true')
        bank = load_bank("2026.1", content)
        assert [each.key for each in bank.rules[0].practices] == ["UC1"]
        assert [each.key for each in bank.rules[0].retired] == ["UC2"]
        assert problems(content) == []
        with pytest.raises(KeyError):
            bank.practice("UC2")

    def test_a_line_that_says_too_little(self, content: Path) -> None:
        append(content / "keys.txt", "UC2 use_cases\n")
        with pytest.raises(BankError, match=r"keys\.txt: a line has 3 words, not 'UC2 use_cases'"):
            problems(content)


class TestVersions:
    def test_adding_a_practice_is_only_content(self, content: Path) -> None:
        new = content / "2026.2"
        new.mkdir()
        for path in (content / "2026.1").iterdir():
            (new / path.name).write_bytes(path.read_bytes())
        append(use_cases(content, "2026.2"), practice("UC2"))
        append(content / "keys.txt", "UC2 use_cases 2026.2\n")
        (content / "published.txt").write_text(f"2026.1 {content_digest('2026.1', content)}\n")
        assert problems(content, "2026.1") == problems(content, "2026.2") == []
        assert [each.key for each in load_bank(directory=content).rules[0].practices] == ["UC1", "UC2"]
        assert [each.key for each in load_bank("2026.1", content).rules[0].practices] == ["UC1"]

    def test_a_published_version_does_not_change(self, content: Path) -> None:
        (content / "published.txt").write_text(f"2026.1 {content_digest('2026.1', content)}\n", encoding="utf-8")
        bank = load_bank("2026.1", content)
        assert check_bank(bank, content) == []
        change(use_cases(content), "A question?", "A better question?")
        assert check_bank(bank, content) == ["2026.1: is published and was changed. Undo that and write a new version."]

    def test_the_digest_sees_every_file_and_no_line_ends(self, content: Path) -> None:
        before = content_digest("2026.1", content)
        path = use_cases(content)
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        assert content_digest("2026.1", content) == before
        path.rename(path.with_name("other.toml"))
        assert content_digest("2026.1", content) != before


class TestWhatShips:
    @pytest.mark.parametrize("version", versions())
    def test_every_version_is_sound(self, version: str) -> None:
        assert check_bank(load_bank(version)) == []

    def test_there_is_a_version(self) -> None:
        assert current_version() == versions(CONTENT)[-1]

    def test_every_rule_has_its_gates_and_takes_under_an_hour(self) -> None:
        bank = load_bank()
        assert all(rule.gates for rule in bank.rules)
        assert sum(rule.minutes for rule in bank.rules) < 60
        assert sum(rule.express_minutes for rule in bank.rules) <= 15

    def test_every_practice_opens_every_level_and_says_what_proves_it(self) -> None:
        bank = load_bank()
        assert [len(rule.practices) for rule in bank.rules] == [11, 11, 11, 12]
        for practice in bank.practices:
            assert [action.opens for action in practice.actions] == [1, 2, 3, 4], practice.key
            assert len(practice.evidence) >= 2, practice.key
            assert (practice.binding is not None) == practice.measurable, practice.key

    def test_what_the_first_version_asked_reads_the_same(self) -> None:
        """An answer stays true when its assessment moves to the newer version."""
        bank = load_bank()
        for old in load_bank("2026.1").practices:
            new = bank.practice(old.key)
            assert (new.question, new.levels, new.gate) == (old.question, old.levels, old.gate)


BINDING = """
[practice.binding]
figure = "kpi:e2e_latency_p95"
comparator = "le"
thresholds = { 3 = "800", 4 = "500.5" }
window_days = 30
minimum_samples = 100
minimum_coverage = "0.8"
site_share = "0.95"
"""


class TestSuggestedBinding:
    @pytest.fixture
    def bound(self, content: Path) -> Path:
        change(use_cases(content), "weight = 1", "measurable = true\nweight = 1")
        append(use_cases(content), BINDING)
        return content

    def test_it_works(self, bound: Path) -> None:
        found = load_bank("2026.1", bound).practice("UC1").binding
        assert found
        assert (found.source, found.figure, found.comparator) == ("kpi", "e2e_latency_p95", "le")
        assert found.thresholds == {3: Decimal(800), 4: Decimal("500.5")}
        assert (found.window_days, found.minimum_coverage, found.site_share) == (30, Decimal("0.8"), Decimal("0.95"))
        assert problems(bound) == []
        assert check_content(None, directory=bound) == []

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ("kpi:e2e", "e2e", "UC1, binding: the figure is written kpi:key or workspace:key."),
            ('"le"', '"about"', "UC1, binding: 'about' is not a valid Comparator"),
            ('"500.5"', '"900"', "UC1, binding: A higher level cannot have an easier threshold than a lower one."),
            ("window_days = 30", "window_days = 0", "UC1, binding: window and samples are 1 or more."),
            ('"0.95"', '"1.5"', "UC1, binding: coverage and share of sites lie between 0 and 1."),
            ("measurable = true", "measurable = false", "UC1, binding: only a measurable practice has one."),
        ],
    )
    def test_nonsense_is_a_problem(self, bound: Path, old: str, new: str, problem: str) -> None:
        change(use_cases(bound), old, new)
        assert problems(bound) == [problem]

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('"0.8"', '"most"', "minimum_coverage has to be a number in quotes"),
            ('"0.8"', "0.8", "minimum_coverage has to be a number in quotes"),
            ("4 =", "5 =", "5 is not known here"),
        ],
    )
    def test_what_cannot_be_read_is_refused(self, bound: Path, old: str, new: str, message: str) -> None:
        change(use_cases(bound), old, new)
        with pytest.raises(BankError, match=message):
            load_bank("2026.1", bound)

    def test_an_unknown_kpi_is_an_error(self, bound: Path) -> None:
        change(use_cases(bound), "kpi:e2e_latency_p95", "kpi:happiness")
        [error] = check_content(None, directory=bound)
        assert error.msg == "UC1, binding: there is no KPI happiness."


class TestSystemCheck:
    def test_sound_content_passes(self, content: Path) -> None:
        assert check_content(None, directory=content) == []

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("weight = 1", "weight = 0", "UC1: weight has to be 1 or more."),
            ("weight = 1", "", "use_cases.toml, UC1: weight is missing."),
        ],
    )
    def test_a_problem_is_an_error(self, content: Path, old: str, new: str, message: str) -> None:
        change(use_cases(content), old, new)
        assert [error.msg for error in check_content(None, directory=content)] == [message]

    def test_no_content_is_an_error(self, tmp_path: Path) -> None:
        [error] = check_content(None, directory=tmp_path)
        assert error.msg.startswith("There is no version of the question bank")
