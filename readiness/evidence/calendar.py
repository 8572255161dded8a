"""What runs out, and when: pieces of evidence, exemptions, and the levels of rules that fall with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from readiness.assessments.models import Evidence
from readiness.assessments.results import Result, RuleResult
from readiness.bank import Practice, Rule
from readiness.calendars import CalendarDay
from readiness.scoring import Ageing, Change, Fall, changes, falls

HORIZON = timedelta(days=366)


@dataclass(frozen=True)
class Entry:
    """One day on which something of one rule of one team changes; `fall` is what that does to the level, if anything."""

    day: date
    team: str
    assessment_pk: int
    rule: Rule
    changes: tuple[tuple[Change, Practice, Evidence | None], ...]
    fall: Fall | None

    @property
    def title(self) -> str:
        """The day in one sentence, whole in every language."""
        names = {"team": self.team, "number": self.rule.number}
        if self.fall is None:
            return _("Rule %(number)s of %(team)s: evidence or an exemption runs out") % names
        if self.fall.level_after is None:
            return _("Rule %(number)s of %(team)s is no longer assessable") % names
        return _("Rule %(number)s of %(team)s falls to level %(level)s") % {**names, "level": self.fall.level_after}

    @property
    def details(self) -> list[str]:
        return [sentence(change, practice, piece) for change, practice, piece in self.changes]

    @property
    def url(self) -> str:
        return reverse("readiness:assessment_result", args=[self.assessment_pk])


def sentence(change: Change, practice: Practice, piece: Evidence | None) -> str:
    """What happens to one piece or exemption on a day."""
    names = {
        "practice": practice.title.in_language(get_language() or "en"),
        "piece": piece.title if piece else "",
    }
    match change.ageing:
        case Ageing.COUNTS_LESS:
            return _("“%(piece)s” (%(practice)s) is past its validity and counts one class lower.") % names
        case Ageing.COUNTS_NOT:
            return _("“%(piece)s” (%(practice)s) is so old that it counts no more.") % names
    return _("“%(practice)s” was set aside until now and is asked again.") % names


def entries_of(results: Iterable[Result], *, today: date, until: date) -> list[Entry]:
    """Every such day in (today, until], soonest first; no query."""
    found = [
        entry for result in results for rule in result.rules for entry in _entries_of_rule(result, rule, today, until)
    ]
    return sorted(found, key=lambda entry: (entry.day, entry.team, entry.rule.number))


def _entries_of_rule(result: Result, rule: RuleResult, today: date, until: date) -> Iterable[Entry]:
    practices = {practice.key: practice for practice in rule.rule.practices}
    by_day: dict[date, list[tuple[Change, Practice, Evidence | None]]] = {}
    for change in changes(rule.answers, today=today, until=until):
        pieces: Sequence[Evidence] = ()
        answer = result.answers.get(change.practice)
        if answer:
            pieces = list(answer.evidence.all())
        piece = None if change.piece is None else pieces[change.piece]
        by_day.setdefault(change.day, []).append((change, practices[change.practice], piece))
    falling = {fall.day: fall for fall in falls(rule.answers, today=today, until=until)}
    team = result.assessment.team.name
    for day, found in by_day.items():
        yield Entry(day, team, result.assessment.pk, rule.rule, tuple(found), falling.get(day))


def as_days(entries: Iterable[Entry], base_url: str) -> list[CalendarDay]:
    """Entries for a calendar program."""
    return [
        CalendarDay(
            f"rule-{entry.assessment_pk}-{entry.rule.number}-{entry.day.isoformat()}@vigie",
            entry.day,
            entry.title,
            base_url + entry.url,
            "\n".join(entry.details),
        )
        for entry in entries
    ]
