"""Writing about a practice: who is named is told, and nobody is named who may not see it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from readiness.assessments.models import Assessment
from readiness.exceptions import ReadinessError
from readiness.teamwork.mentions import mentioned
from readiness.teamwork.models import Comment, Mention


class MayNotSee(ReadinessError):
    """Somebody is named who may not see the practice."""

    code = "may_not_see"

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__()
        self.message = gettext(
            "%(names)s may not see this practice, so nothing was sent. Assign it to them first, or leave the name out."
        ) % {"names": ", ".join(names)}


class Deleted(ReadinessError):
    code = "deleted"
    message = _("This comment was deleted meanwhile.")


def write_comment(
    *,
    assessment: Assessment,
    practice: str,
    text: str,
    mention: User | None,
    parent: Comment | None,
    audience: QuerySet[User],
    by: User,
    now: datetime,
) -> Comment:
    """Say something, and tell who is named: by "@name" in the text, or as `mention`. Raises `MayNotSee`.

    `audience` is everybody who may see the practice. An answer to an answer joins the thread of the first. Who writes has
    read what named them in this practice.
    """
    named = _named(audience, text, mention)
    with transaction.atomic():
        comment = Comment.objects.create(
            assessment=assessment,
            practice=practice,
            parent_id=(parent.parent_id or parent.pk) if parent else None,
            text=text,
            written_by=by,
            written_at=now,
        )
        Mention.objects.bulk_create(Mention(comment=comment, user_id=pk) for pk in sorted(named - {by.pk}))
        read_mentions(assessment=assessment, practice=practice, by=by, now=now)
    return comment


def edit_comment(*, comment: Comment, text: str, audience: QuerySet[User], now: datetime) -> None:
    """Change one's own words; who is newly named is told. Raises `MayNotSee`, `Deleted`."""
    named = _named(audience, text, None)
    with transaction.atomic():
        locked = Comment.objects.select_for_update().get(pk=comment.pk)
        if locked.deleted_at:
            raise Deleted
        if locked.text == text:
            return
        locked.text, locked.edited_at = text, now
        locked.save()
        new = named - {locked.written_by_id}
        Mention.objects.bulk_create((Mention(comment=locked, user_id=pk) for pk in sorted(new)), ignore_conflicts=True)


def delete_comment(*, comment: Comment, now: datetime) -> None:
    """Take one's words back: the text is gone, the place and the answers stay; nobody is told of it any more."""
    with transaction.atomic():
        Comment.objects.filter(pk=comment.pk, deleted_at=None).update(text="", deleted_at=now)
        Mention.objects.filter(comment=comment).delete()


def resolve_comment(*, comment: Comment, is_resolved: bool, by: User, now: datetime) -> None:
    """Close a thread, or open it again."""
    values = {"resolved_by": by, "resolved_at": now} if is_resolved else {"resolved_by": None, "resolved_at": None}
    Comment.objects.filter(pk=comment.parent_id or comment.pk).update(**values)


def read_mentions(*, assessment: Assessment, practice: str, by: User, now: datetime) -> int:
    """This person has read what named them in a practice; how many mentions that were."""
    mine = Mention.objects.filter(user=by, read_at=None, comment__assessment=assessment, comment__practice=practice)
    return mine.update(read_at=now)


def _named(audience: QuerySet[User], text: str, mention: User | None) -> set[int]:
    named = {mention.pk} if mention else set()
    if "@" in text:
        named |= mentioned(text, dict(User.objects.filter(is_active=True).values_list("pk", "name")))
    if not named:
        return named
    seeing = set(audience.filter(pk__in=named).values_list("pk", flat=True))
    if blind := named - seeing:
        # Of two people of one name, the one who may see it is meant.
        names = dict(User.objects.filter(pk__in=named).values_list("pk", "name"))
        known = {names[pk].casefold() for pk in seeing}
        if unknown := sorted({names[pk] for pk in blind if names[pk].casefold() not in known}):
            raise MayNotSee(unknown)
    return seeing
