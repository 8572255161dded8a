"""Writing, changing, removing and putting back annotations. Each leaves a line in the audit trail."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.audit import record
from accounts.models import MachineKey, User
from inference_kpis.annotations.models import Annotation


def save_annotation(annotation: Annotation, *, by: User) -> Annotation:
    """Write a new or changed annotation of a person."""
    verb = "annotation.change" if annotation.pk else "annotation.add"
    with transaction.atomic():
        if annotation.pk is None:
            annotation.created_by = by
        annotation.save()
        record(verb, annotation, actor=by)
    return annotation


def post_annotation(annotation: Annotation, *, key: MachineKey) -> tuple[Annotation, bool]:
    """Write what a machine posted, and whether it is new. One with a known reference replaces what that one said.

    What a person removed stays removed.
    """
    annotation.created_via = str(key)
    try:
        with transaction.atomic():
            known = (
                Annotation.objects.select_for_update().filter(reference=annotation.reference).first()
                if annotation.reference
                else None
            )
            if known:
                annotation.pk, annotation.created_at, annotation.removed_at = (
                    known.pk,
                    known.created_at,
                    known.removed_at,
                )
            annotation.save(force_update=known is not None)
            record(
                "annotation.change" if known else "annotation.add", annotation, actor=None, via=annotation.created_via
            )
    except IntegrityError:
        # The same reference came twice at once: the other one was first, and this one changes it.
        if not Annotation.objects.filter(reference=annotation.reference).exists():
            raise
        annotation.pk = None
        return post_annotation(annotation, key=key)
    return annotation, known is None


def remove_annotation(annotation: Annotation, *, by: User, now: datetime) -> None:
    with transaction.atomic():
        if Annotation.objects.kept().filter(pk=annotation.pk).update(removed_at=now):
            record("annotation.remove", annotation, actor=by)


def put_annotation_back(annotation: Annotation, *, by: User) -> None:
    with transaction.atomic():
        if Annotation.objects.filter(pk=annotation.pk).exclude(removed_at=None).update(removed_at=None):
            record("annotation.put_back", annotation, actor=by)
