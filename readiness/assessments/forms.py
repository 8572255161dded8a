"""The forms of answering; a new practice is a change of content, not of these."""

from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField
from accounts.models import Team
from readiness.assessments.answering import Reply
from readiness.bank import Practice

NOT_APPLICABLE = "na"


class StartForm(forms.Form):
    team = NameChoiceField(label=_("Team"), queryset=Team.objects.none())

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["team"]).queryset = teams


class AnswerForm(forms.Form):
    """One practice: a level or "not applicable", a note, and optionally a piece of evidence.

    The levels are worded by the bank; `language` picks the wording.
    """

    level = forms.ChoiceField(
        label=_("Which is the highest statement that is true, with all below it?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a level."), "invalid_choice": _("Choose one of the levels shown.")},
    )
    not_applicable_reason = forms.CharField(label=_("Why it does not apply"), max_length=500, required=False)
    not_applicable_until = forms.DateField(
        label=_("Look at it again on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(
        label=_("Note (optional)"),
        help_text=_("What a colleague should know about this answer."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    evidence_title = forms.CharField(
        label=_("Evidence (optional)"),
        help_text=_("What it shows. A link or one sentence is enough."),
        max_length=200,
        required=False,
    )
    evidence_url = forms.URLField(label=_("Link (optional)"), max_length=500, required=False, assume_scheme="https")
    evidence_dated_on = forms.DateField(
        label=_("Date of the evidence"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, practice: Practice, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = [(str(number), text.in_language(language)) for number, text in enumerate(practice.levels)]
        not_applicable = [] if practice.gate else [(NOT_APPLICABLE, _("This does not apply to us"))]
        cast(forms.ChoiceField, self.fields["level"]).choices = [*levels, *not_applicable]
        if practice.gate:
            del self.fields["not_applicable_reason"], self.fields["not_applicable_until"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        today = timezone.localdate()
        if cleaned.get("level") == NOT_APPLICABLE:
            if not cleaned.get("not_applicable_reason"):
                self.add_error("not_applicable_reason", _("Say why this practice does not apply to you."))
            until = cleaned.get("not_applicable_until")
            if not until or until <= today:
                self.add_error("not_applicable_until", _("Choose a date in the future on which to look at it again."))
        if cleaned.get("evidence_url") and not cleaned.get("evidence_title"):
            self.add_error("evidence_title", _("Say in a few words what the link shows."))
        if cleaned.get("evidence_title"):
            dated_on = cleaned.get("evidence_dated_on")
            if not dated_on and "evidence_dated_on" not in self.errors:
                self.add_error("evidence_dated_on", _("Give the date of the evidence: it counts for a limited time."))
            elif dated_on and dated_on > today:
                self.add_error("evidence_dated_on", _("Evidence cannot be dated in the future."))
        return cleaned

    @property
    def reply(self) -> Reply:
        cleaned = self.cleaned_data
        if cleaned["level"] == NOT_APPLICABLE:
            return Reply(None, cleaned["note"], cleaned["not_applicable_reason"], cleaned["not_applicable_until"])
        return Reply(int(cleaned["level"]), cleaned["note"])


class SendBackForm(forms.Form):
    remark = forms.CharField(label=_("What has to change"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
