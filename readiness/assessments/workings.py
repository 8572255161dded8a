"""The numbers that went into a rule's level and index, to be shown where the page says how they are computed."""

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from readiness.scoring import EvidenceClass, RuleScore, confidence, rounded

CLASSES = {
    EvidenceClass.NONE: gettext_lazy("Weight without evidence (E0)"),
    EvidenceClass.ATTACHED: gettext_lazy("Weight with dated evidence (E1)"),
    EvidenceClass.REVIEWED: gettext_lazy("Weight with reviewed evidence (E2)"),
    EvidenceClass.MEASURED: gettext_lazy("Weight that is measured (E3)"),
}


def workings(score: RuleScore, bank_version: str) -> list[tuple[str, str]]:
    """(name, value) in the reader's language; the index as the sum it is, and the weight by class of evidence."""
    weight = sum(each.practice.weight for each in score.applicable)
    rows = [
        (_("Question bank"), bank_version),
        (
            _("Weight that applies"),
            _("%(weight)s of %(total)s")
            % {"weight": weight, "total": sum(each.practice.weight for each in score.practices)},
        ),
    ]
    if score.index is not None:
        total = sum(each.practice.weight * each.verified for each in score.applicable)
        index = number_format(rounded(score.index), 1)
        rows.append((_("Index"), f"100 × {total} ÷ (4 × {weight}) = {index}"))
    shares = confidence([score]).items()
    return rows + [(str(CLASSES[kind]), f"{number_format(rounded(share * 100), 1)}\u00a0%") for kind, share in shares]
