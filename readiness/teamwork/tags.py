"""What pages of assessments show of working together; they do not know this subject, so they ask through tags."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import Team, User
from readiness import access
from readiness.assessments.models import Assessment
from readiness.bank import Practice, load_bank
from readiness.teamwork.forms import AssignForm, CommentForm
from readiness.teamwork.models import Assignment, Comment
from readiness.work import WorkItem

register = template.Library()


@dataclass(frozen=True)
class Teamwork:
    """Who has what in one assessment, and how much is said about each practice."""

    assignments: dict[str, Assignment]
    comments: Counter[str]
    today: date


@register.simple_tag
def teamwork_of(assessment: Assessment) -> Teamwork:
    """Two queries."""
    standing = Assignment.objects.standing().with_answered().filter(assessment=assessment)
    said = Comment.objects.filter(assessment=assessment, deleted_at=None).order_by()
    return Teamwork(
        {each.practice: each for each in standing.select_related("person", "team")},
        Counter(said.values_list("practice", flat=True)),
        timezone.localdate(),
    )


@register.inclusion_tag("readiness/teamwork/task_marks.html")
def task_marks(teamwork: Teamwork, practice: Practice) -> dict[str, Any]:
    """Beside one practice of the task list: who has it until when, and how many comments there are."""
    assignment = teamwork.assignments.get(practice.key)
    return {
        "assignment": assignment,
        "is_overdue": assignment and not assignment.is_answered and assignment.is_overdue(teamwork.today),
        "comments": teamwork.comments[practice.key],
    }


@register.inclusion_tag("readiness/teamwork/assign_form.html")
def assign_form(assessment: Assessment) -> dict[str, Any]:
    """The form below the task list whose ticks stand beside its practices; two queries."""
    form = AssignForm(
        bank=load_bank(assessment.bank_version),
        language=get_language() or "en",
        people=access.people_to_ask(),
        teams=Team.objects.all(),
    )
    return {"assessment": assessment, "form": form}


@register.inclusion_tag("readiness/teamwork/practice_teamwork.html", takes_context=True)
def practice_teamwork(context: Context, assessment: Assessment, practice: Practice) -> dict[str, Any]:
    """Who was asked to answer a practice, and the threads about it; a constant number of queries."""
    user = context["request"].user
    here = {"assessment": assessment, "practice": practice.key}
    assignment = Assignment.objects.standing().with_answered().filter(**here).select_related("person", "team").first()
    comments = Comment.objects.filter(**here).select_related("written_by", "resolved_by").prefetch_related("mentions")
    threads: dict[int, tuple[Comment, list[Comment]]] = {}
    for comment in comments:
        if comment.parent_id is None:
            threads[comment.pk] = comment, []
        elif comment.parent_id in threads:
            threads[comment.parent_id][1].append(comment)
    unread = [m for each in comments for m in each.mentions.all() if m.user_id == user.pk and m.read_at is None]
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "assessment": assessment,
        "practice": practice,
        "assignment": assignment,
        "can_assign": assessment.is_editable and not context.get("is_guest") and context.get("can_answer"),
        "today": timezone.localdate(),
        "threads": list(threads.values()),
        "count": sum(each.deleted_at is None for each in comments),
        "has_unread": bool(unread),
        "form": CommentForm(audience=User.objects.none(), auto_id="comment_%s"),
        "user": user,
    }


@register.simple_tag
def kind_name(names: dict[str, str], item: WorkItem) -> str:
    """The name of what sort of work something is."""
    return str(names[item.kind])
