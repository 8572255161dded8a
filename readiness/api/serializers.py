"""What is answered of assessments, and what is written to them, field by field."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Team
from inference_kpis.api.serializers import UtcField
from inference_kpis.push.api.serializers import ErrorOut
from readiness.api.base import Body
from readiness.assessments.forms import NextForm
from readiness.assessments.models import Answer, Assessment, Evidence
from readiness.assessments.replies import Reply
from readiness.scoring import HIGHEST_LEVEL

# --- Answered --------------------------------------------------------------------------------------------------------


class TeamOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class AssessmentOut(serializers.Serializer):
    """One assessment of the list; `answered` counts what was answered or set aside and needs nobody any more."""

    id = serializers.IntegerField()
    team = TeamOut()
    bank_version = serializers.CharField()
    state = serializers.ChoiceField(Assessment.State.choices)
    started_by = serializers.CharField()
    started_at = UtcField()
    submitted_by = serializers.CharField(allow_null=True)
    submitted_at = UtcField(allow_null=True)
    reviewed_by = serializers.CharField(allow_null=True)
    approved_at = UtcField(allow_null=True)
    remark = serializers.CharField(help_text="What a reviewer asked of the whole when it was sent back.")
    answered = serializers.IntegerField()
    practices = serializers.IntegerField(help_text="How many practices its version of the bank asks.")


class AssessmentPageOut(serializers.Serializer):
    assessments = AssessmentOut(many=True)
    next = serializers.URLField(allow_null=True, help_text="Address of the next page.")


class EvidenceOut(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(Evidence.Kind.choices)
    title = serializers.CharField()
    url = serializers.CharField(help_text="Empty for what is no link.")
    file_name = serializers.CharField(help_text="Empty for what is no file.")
    sha256 = serializers.CharField(source="blob_id", allow_null=True, help_text="Of the file's content, in hex.")
    dated_on = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True, help_text="An end before the practice's usual validity.")
    added_by = serializers.CharField()
    added_at = UtcField()
    reviewed_by = serializers.CharField(allow_null=True)
    reviewed_at = UtcField(allow_null=True)
    refusal = serializers.CharField(help_text="Why a reviewer does not count it as reviewed; empty if nobody refused.")


class EvidencePageOut(serializers.Serializer):
    evidence = EvidenceOut(many=True)


class RemarkOut(serializers.Serializer):
    id = serializers.IntegerField()
    text = serializers.CharField()
    written_by = serializers.CharField()
    written_at = UtcField()
    resolved_at = UtcField(allow_null=True, help_text="Null while the team has not answered it.")


class NotApplicableOut(serializers.Serializer):
    reason = serializers.CharField(source="not_applicable_reason")
    until = serializers.DateField(source="not_applicable_until")
    approved_by = serializers.CharField(
        source="not_applicable_approved_by", allow_null=True, help_text="Null: it counts as unanswered until then."
    )


class AnswerOut(serializers.Serializer):
    """What is answered; with neither level nor `not_applicable` it is work in progress."""

    level = serializers.IntegerField(allow_null=True, min_value=0, max_value=HIGHEST_LEVEL)
    note = serializers.CharField()
    not_applicable = serializers.SerializerMethodField()
    version = serializers.IntegerField(help_text="Send it along when you change the answer.")
    answered_by = serializers.CharField()
    answered_at = UtcField()
    awaits_confirmation = serializers.BooleanField(help_text="Carried over: it counts once confirmed or changed.")
    evidence = EvidenceOut(many=True, source="evidence.all")

    @extend_schema_field(NotApplicableOut(allow_null=True))
    def get_not_applicable(self, answer: Answer) -> dict[str, Any] | None:
        return NotApplicableOut(answer).data if answer.is_not_applicable else None


class AskedPracticeOut(serializers.Serializer):
    """One practice of an assessment."""

    practice = serializers.CharField(source="practice.key")
    rule = serializers.CharField()
    is_gate = serializers.BooleanField(source="practice.gate")
    answer = AnswerOut(allow_null=True, help_text="Null while nobody has written anything.")
    remarks = RemarkOut(many=True, help_text="What reviewers asked of it.")


class AssessmentDetailOut(AssessmentOut):
    can_answer = serializers.BooleanField(help_text="Whether you may answer it now.")
    can_review = serializers.BooleanField(help_text="Whether you may decide on it now.")
    asked = AskedPracticeOut(many=True, help_text="Every practice of the bank, in its order.")


class ReplyOut(serializers.Serializer):
    level = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    not_applicable_reason = serializers.CharField()
    not_applicable_until = serializers.DateField(allow_null=True)


class StaleAnswerOut(ErrorOut):
    """A stale write: what stands, and what was sent and not written."""

    standing = AnswerOut()
    yours = ReplyOut()


# --- Written ---------------------------------------------------------------------------------------------------------


class StartIn(Body):
    team = serializers.IntegerField(min_value=1, max_value=2**63 - 1, help_text="Id of one of your teams.")
    way = serializers.ChoiceField(
        [NextForm.CARRY, NextForm.AFRESH],
        default=NextForm.CARRY,
        help_text="`carry`: start from the last approved answers, which wait to be confirmed.",
    )

    def validate_team(self, pk: int) -> Team:
        team = self.context["teams"].filter(pk=pk).first()
        if team is None:
            raise serializers.ValidationError(_("Choose one of your teams."))
        return team


class NotApplicableIn(serializers.Serializer):
    reason = serializers.CharField(max_length=500)
    until = serializers.DateField(help_text="When to look at it again, in the future.")

    def validate_until(self, until: Any) -> Any:
        if until <= timezone.localdate():
            raise serializers.ValidationError(_("Choose a date in the future on which to look at it again."))
        return until


class AnswerIn(Body):
    """A whole answer: what is left out is empty."""

    version = serializers.IntegerField(min_value=0, help_text="The version you saw; 0 where there was no answer.")
    level = serializers.IntegerField(
        min_value=0, max_value=HIGHEST_LEVEL, allow_null=True, default=None, help_text="Null: work in progress."
    )
    note = serializers.CharField(max_length=4000, allow_blank=True, default="")
    not_applicable = NotApplicableIn(allow_null=True, default=None)

    def validate_note(self, note: str) -> str:
        return note.replace("\r\n", "\n")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Adds the reply as `reply`."""
        aside = attrs["not_applicable"]
        if aside and attrs["level"] is not None:
            raise serializers.ValidationError({"not_applicable": [_("Send a level, or why it does not apply.")]})
        if aside:
            reply = Reply(None, attrs["note"], aside["reason"], aside["until"])
        else:
            reply = Reply(attrs["level"], attrs["note"])
        return {**attrs, "reply": reply}


class EvidenceIn(Body):
    title = serializers.CharField(max_length=200, help_text="What it shows.")
    url = serializers.URLField(max_length=500, allow_blank=True, default="", help_text="Left out: a note.")
    dated_on = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["dated_on"] > timezone.localdate():
            raise serializers.ValidationError({"dated_on": [_("Evidence cannot be dated in the future.")]})
        if attrs["valid_until"] and attrs["valid_until"] <= attrs["dated_on"]:
            raise serializers.ValidationError({"valid_until": [_("Its end lies after its date.")]})
        return attrs


class SubmitIn(Body):
    confirming = serializers.IntegerField(
        min_value=0, default=0, help_text="How many carried answers you confirm by submitting."
    )


class SendBackIn(Body):
    remark = serializers.CharField(max_length=2000, allow_blank=True, default="", help_text="What has to change.")


class RemarkIn(Body):
    text = serializers.CharField(max_length=2000, help_text="What has to change in this practice.")


class DecisionIn(Body):
    is_accepted = serializers.BooleanField()
    reason = serializers.CharField(max_length=2000, allow_blank=True, default="", help_text="Why not, if not.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["is_accepted"] and not attrs["reason"]:
            raise serializers.ValidationError({"reason": [_("Say why this practice applies.")]})
        return attrs


class Nothing(Body):
    """A request without fields."""
