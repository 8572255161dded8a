"""The translations: texts are found wherever they stand, and nothing of the French is missing or out of step."""

import re
from collections.abc import Callable
from pathlib import Path

import polib
import pytest

from config import translations

BAD_TYPOGRAPHY = re.compile(r"'| [:;?!»]|« | %%")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sources and a catalogue of their own, both empty."""
    (tmp_path / "pages").mkdir()
    monkeypatch.setattr(translations, "BASE_DIR", tmp_path)
    monkeypatch.setattr(translations, "SOURCES", ("pages",))
    monkeypatch.setattr(translations, "CATALOGUE", tmp_path / "locale" / "fr" / "django.po")
    return tmp_path


@pytest.fixture
def saying(tree: Path) -> Callable[..., list[str]]:
    """What is wrong when the sources say `english` and the catalogue answers with these texts."""

    def problems(english: str, *french: str, plural: str = "", flag: str = "") -> list[str]:
        call = f"ngettext({english!r}, {plural!r}, n)" if plural else f"_({english!r})"
        (tree / "pages" / "views.py").write_text(call, encoding="utf-8")
        translations.update()
        catalogue = polib.pofile(str(translations.CATALOGUE))
        entry = catalogue[0]
        if plural:
            entry.msgstr_plural = dict(enumerate(french))
        else:
            entry.msgstr = french[0]
        entry.flags += [flag] if flag else []
        catalogue.save()
        return translations.problems()

    return problems


class TestExtract:
    @pytest.mark.parametrize(
        ("name", "source", "expected"),
        [
            ("views.py", 'message = _("Saved.")', (None, "Saved.", None)),
            ("views.py", 'message = _("Saved "\n    "twice.")', (None, "Saved twice.", None)),
            ("views.py", 'ngettext("%(n)d node", "%(n)d nodes", n)', (None, "%(n)d node", "%(n)d nodes")),
            ("views.py", 'pgettext("verb", "Open")', ("verb", "Open", None)),
            ("views.py", 'npgettext("verb", "%(n)d open", "%(n)d open", n)', ("verb", "%(n)d open", "%(n)d open")),
            ("page.html", '<h1>{% translate "Fleet" %}</h1>', (None, "Fleet", None)),
            ("page.html", '{% translate "Open" context "state" %}', ("state", "Open", None)),
            ("page.html", '{% translate "80% of it" %}', (None, "80%% of it", None)),
            (
                "page.html",
                "<p>\n    {% blocktranslate trimmed %}\n      {{ a }} of\n      {{ b }}\n    {% endblocktranslate %}</p>",
                (None, "%(a)s of %(b)s", None),
            ),
            (
                "page.html",
                "{% blocktranslate count n=n %}{{ n }} team{% plural %}{{ n }} teams{% endblocktranslate %}",
                (None, "%(n)s team", "%(n)s teams"),
            ),
        ],
    )
    def test_it_works(self, tree: Path, name: str, source: str, expected: translations.Message) -> None:
        (tree / "pages" / name).write_text(source, encoding="utf-8")
        assert translations.extract() == {expected: {f"pages/{name}"}}

    def test_a_text_is_found_once_with_every_file_that_holds_it(self, tree: Path) -> None:
        (tree / "pages" / "inner").mkdir()
        for name in ("views.py", "inner/forms.py"):
            (tree / "pages" / name).write_text('_("Node")', encoding="utf-8")
        assert translations.extract() == {(None, "Node", None): {"pages/views.py", "pages/inner/forms.py"}}

    @pytest.mark.parametrize(
        ("name", "source"),
        [
            ("views.py", 'message = "Saved."'),
            ("views.py", "_(message)"),
            ("views.py", '_("")'),
            ("page.html", "<h1>Fleet</h1>"),
            ("page.js", '_("Node")'),
            ("migrations/0001_initial.py", '_("Node")'),
        ],
    )
    def test_what_is_not_marked_or_no_source_is_left_alone(self, tree: Path, name: str, source: str) -> None:
        path = tree / "pages" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
        assert translations.extract() == {}


class TestUpdate:
    def test_new_texts_come_in_empty_and_lost_ones_go(self, tree: Path) -> None:
        page = tree / "pages" / "page.html"
        for text in ("Old", "New"):
            page.write_text(f'{{% translate "{text}" %}}', encoding="utf-8")
            translations.update()
        assert [(entry.msgid, entry.msgstr) for entry in polib.pofile(str(translations.CATALOGUE))] == [("New", "")]

    def test_what_was_translated_stays(self, saying: Callable[..., list[str]]) -> None:
        saying("Node", "Nœud")
        translations.update()
        assert polib.pofile(str(translations.CATALOGUE))[0].msgstr == "Nœud"

    def test_an_update_without_a_change_leaves_the_file_as_it_is(self, saying: Callable[..., list[str]]) -> None:
        saying("A sentence that is longer than a line. " * 5, "Une phrase plus longue qu’une ligne. " * 5)
        translations.update()
        before = translations.CATALOGUE.read_bytes()
        translations.update()
        assert translations.CATALOGUE.read_bytes() == before
        assert max(map(len, before.decode().splitlines())) > 100


class TestProblems:
    @pytest.mark.parametrize(
        ("english", "french"),
        [
            ("Node", "Nœud"),
            ("KPI", "KPI"),
            ("Node %(name)s saved.", "Nœud %(name)s enregistré."),
            ("%(share)s%% of %(total)s", "%(share)s\u00a0%% de %(total)s"),
            ("{minutes} min old", "vieux de {minutes}\u00a0min"),
        ],
    )
    def test_it_works(self, saying: Callable[..., list[str]], english: str, french: str) -> None:
        assert saying(english, french) == []

    def test_it_names_a_text_that_is_missing_from_the_catalogue(
        self, tree: Path, saying: Callable[..., list[str]]
    ) -> None:
        saying("Node", "Nœud")
        (tree / "pages" / "page.html").write_text('{% translate "Site" %}', encoding="utf-8")
        assert translations.problems() == ["not in the catalogue: 'Site'"]

    def test_it_names_a_text_that_left_the_sources(self, tree: Path, saying: Callable[..., list[str]]) -> None:
        saying("Node", "Nœud")
        (tree / "pages" / "views.py").write_text("", encoding="utf-8")
        assert translations.problems() == ["in the catalogue but nowhere else: 'Node'"]

    def test_it_names_a_fuzzy_text(self, saying: Callable[..., list[str]]) -> None:
        assert saying("Node", "Nœud", flag="fuzzy") == ["fuzzy: 'Node'"]

    def test_it_names_a_text_that_is_not_translated(self, saying: Callable[..., list[str]]) -> None:
        assert saying("Node", "") == ["not translated: 'Node'"]

    def test_both_forms_of_a_plural_have_to_be_translated(self, saying: Callable[..., list[str]]) -> None:
        assert saying("a node", "un nœud", "", plural="%(n)d nodes") == ["not translated: 'a node'"]

    @pytest.mark.parametrize(
        ("english", "french"),
        [
            ("Node %(name)s saved.", "Nœud enregistré."),
            ("Node %(name)s saved.", "Nœud %(nom)s enregistré."),
            ("Node %(name)s saved.", "Nœud %(name) enregistré."),
            ("Node saved.", "Nœud %(name)s enregistré."),
            ("%(ready)d rules", "%(ready)s règles"),
            ("%(share)s%% of it", "%(share)s % du tout"),
            ("{minutes} min old", "vieux de {n} min"),
        ],
    )
    def test_it_names_a_text_with_other_placeholders(
        self, saying: Callable[..., list[str]], english: str, french: str
    ) -> None:
        assert saying(english, french) == [f"other placeholders: {english!r}"]

    @pytest.mark.parametrize(
        ("french", "expected"),
        [
            (("un nœud", "%(n)d nœuds"), []),
            (("%(n)d nœud", "%(n)d nœuds"), []),
            (("un nœud", "%(count)d nœuds"), ["other placeholders: '%(n)d node'"]),
            (("un nœud", "plusieurs nœuds"), ["other placeholders: '%(n)d node'"]),
        ],
    )
    def test_only_a_singular_may_leave_its_number_out(
        self, saying: Callable[..., list[str]], french: tuple[str, str], expected: list[str]
    ) -> None:
        assert saying("%(n)d node", *french, plural="%(n)d nodes") == expected


class TestMain:
    @pytest.mark.parametrize(
        ("french", "code", "printed"),
        [("Nœud", 0, "Translations are complete.\n"), ("", 1, "not translated: 'Node'\n")],
    )
    def test_checking_says_what_is_wrong(
        self,
        saying: Callable[..., list[str]],
        capsys: pytest.CaptureFixture[str],
        french: str,
        code: int,
        printed: str,
    ) -> None:
        saying("Node", french)
        assert (translations.main("check"), capsys.readouterr().out) == (code, printed)

    def test_compiling_writes_what_django_reads(self, saying: Callable[..., list[str]]) -> None:
        saying("Node", "Nœud")
        assert translations.main("compile") == 0
        compiled = polib.mofile(str(translations.CATALOGUE.with_suffix(".mo")))
        assert [(entry.msgid, entry.msgstr) for entry in compiled] == [("Node", "Nœud")]

    @pytest.mark.parametrize("verb", ["", "publish"])
    def test_an_unknown_verb_is_refused(self, verb: str) -> None:
        assert translations.main(verb) == 2


class TestFrench:
    def test_it_is_complete(self) -> None:
        assert translations.problems() == []

    def test_punctuation_does_not_break_off(self) -> None:
        """A line never starts with a colon, a closing quotation mark or a per cent sign; apostrophes are curly."""
        texts = [
            text
            for entry in polib.pofile(str(translations.CATALOGUE))
            for text in (entry.msgstr, *entry.msgstr_plural.values())
        ]
        assert texts
        assert [text for text in texts if BAD_TYPOGRAPHY.search(text)] == []
