"""Which page of an assessment comes next for somebody, by how they like to answer."""

from django.http import Http404
from django.urls import reverse

from accounts.models import User
from readiness.assessments.models import AnsweringPreference, Assessment
from readiness.assessments.progress import TaskList, task_list
from readiness.bank import Practice, Rule, load_bank


def preference_of(user: User) -> AnsweringPreference:
    """How this person likes to answer; the defaults, unsaved, where nothing was chosen. One query."""
    return AnsweringPreference.objects.filter(user=user).first() or AnsweringPreference(user=user)


def practice_or_404(assessment: Assessment, key: str) -> Practice:
    """The practice of that key, in the version of the bank that this assessment answers."""
    try:
        return load_bank(assessment.bank_version).practice(key)
    except KeyError:
        raise Http404 from None


def rule_or_404(assessment: Assessment, number: int) -> Rule:
    """The rule of that number, in the version of the bank that this assessment answers."""
    for rule in load_bank(assessment.bank_version).rules:
        if rule.number == number:
            return rule
    raise Http404


def practice_url(assessment: Assessment, key: str, preference: AnsweringPreference) -> str:
    """Where this practice is answered: a page of its own, or its place on the page of its rule."""
    if preference.layout == AnsweringPreference.Layout.RULE:
        rule = load_bank(assessment.bank_version).rule_of(key)
        return f"{reverse('readiness:assessment_rule', args=[assessment.pk, rule.number])}#{key}"
    return reverse("readiness:assessment_practice", args=[assessment.pk, key])


def resume_url(assessment: Assessment, tasks: TaskList, preference: AnsweringPreference) -> str:
    """Where to go on, by way of the introduction of a rule that nobody has begun."""
    key = tasks.resume(preference.path)
    return assessment.get_absolute_url() if key is None else _url(assessment, tasks, key, preference, coming_from=None)


def next_url(assessment: Assessment, preference: AnsweringPreference, *, after: str) -> str:
    """What follows a practice that was just answered: another one, or the task list."""
    tasks = task_list(assessment)
    key = tasks.next_open(preference.path, after=after)
    if key is None:
        return assessment.get_absolute_url()
    return _url(assessment, tasks, key, preference, coming_from=load_bank(assessment.bank_version).rule_of(after))


def first_url(assessment: Assessment, rule: Rule, tasks: TaskList, preference: AnsweringPreference) -> str:
    """Where answering a rule begins, or goes on: its first open practice, its first one when all are answered."""
    return practice_url(assessment, tasks.first_of(rule, preference.path), preference)


def _url(
    assessment: Assessment, tasks: TaskList, key: str, preference: AnsweringPreference, *, coming_from: Rule | None
) -> str:
    rule = load_bank(assessment.bank_version).rule_of(key)
    if rule != coming_from and tasks.is_untouched(rule):
        return reverse("readiness:assessment_rule_intro", args=[assessment.pk, rule.number])
    return practice_url(assessment, key, preference)
