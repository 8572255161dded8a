"""The forms of answering; a new practice is a change of content, not of these."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField
from accounts.models import Team
from readiness.assessments.models import Answer, AnsweringPreference
from readiness.assessments.replies import NOTHING, Reply
from readiness.bank import Practice

NOT_APPLICABLE = "na"
MINE, THEIRS, MERGED = "mine", "theirs", "merged"


class StartForm(forms.Form):
    team = NameChoiceField(label=_("Team"), queryset=Team.objects.none())

    def __init__(self, *args: Any, teams: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["team"]).queryset = teams


class AnswerForm(forms.Form):
    """One practice: a level or "not applicable", a note, and optionally a piece of evidence.

    The levels are worded by the bank; `language` picks the wording. A draft may go without a level. After a stale
    write `compared_version` is the version that was shown beside it, and `choice` what to do about that.
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
    compared_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)

    def __init__(self, *args: Any, practice: Practice, language: str, is_draft: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"].required = not is_draft
        levels = [(str(number), text.in_language(language)) for number, text in enumerate(practice.levels)]
        not_applicable = [] if practice.gate else [(NOT_APPLICABLE, _("This does not apply to us"))]
        cast(forms.ChoiceField, self.fields["level"]).choices = [*levels, *not_applicable]
        if practice.gate:
            del self.fields["not_applicable_reason"], self.fields["not_applicable_until"]

    @property
    def choice(self) -> str:
        """The button that was pressed beside a comparison, if any."""
        return self.data.get(self.add_prefix("choice"), "")

    def clean_note(self) -> str:
        # A form sends line ends in pairs, a script single ones; the note is the same.
        return self.cleaned_data["note"].replace("\r\n", "\n")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.choice == MINE and cleaned.get("compared_version") is not None:
            cleaned["seen_version"] = cleaned["compared_version"]
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
        return Reply(int(cleaned["level"]) if cleaned["level"] else None, cleaned["note"])


def is_draft(posted: Mapping[str, Any]) -> bool:
    """Whether somebody who comes back later left something without having chosen a level."""
    written = ("note", "evidence_title")
    return "continue" not in posted and any(str(posted.get(name, "")).strip() for name in written)


def initial_of(reply: Reply, version: int) -> dict[str, object]:
    """What the form shows for a reply that was seen at a version."""
    return {
        "level": NOT_APPLICABLE if reply.is_not_applicable else reply.level,
        "note": reply.note,
        "not_applicable_reason": reply.not_applicable_reason,
        "not_applicable_until": reply.not_applicable_until,
        "seen_version": version,
    }


def form_of(answer: Answer | None, practice: Practice, language: str, prefix: str | None = None) -> AnswerForm:
    """The form as it stands before anybody writes in it."""
    initial = initial_of(answer.reply, answer.version) if answer else initial_of(NOTHING, 0)
    return AnswerForm(initial=initial, practice=practice, language=language, prefix=prefix)


class PreferenceForm(forms.Form):
    """One of the two at a time: how many practices a page shows, or which come first."""

    layout = forms.ChoiceField(choices=AnsweringPreference.Layout.choices, required=False)
    path = forms.ChoiceField(choices=AnsweringPreference.Path.choices, required=False)
    practice = forms.CharField(max_length=20, required=False)


class NextForm(forms.Form):
    """How the next assessment of a team starts."""

    CARRY, AFRESH = "carry", "afresh"

    way = forms.ChoiceField(choices=[(CARRY, CARRY), (AFRESH, AFRESH)])


class ConfirmForm(forms.Form):
    rule = forms.IntegerField(min_value=1)


class SubmitForm(forms.Form):
    """How many earlier answers the page said would be confirmed by submitting."""

    confirming = forms.IntegerField(min_value=0, required=False)


class UpgradeForm(forms.Form):
    """The version that the preview was of."""

    version = forms.CharField(max_length=20)


class UndoForm(forms.Form):
    """How many answers the page said would no longer count."""

    losses = forms.IntegerField(min_value=0)


class RestoreForm(forms.Form):
    change = forms.IntegerField(min_value=1)
    seen_version = forms.IntegerField(min_value=0)


class RemarkForm(forms.Form):
    text = forms.CharField(
        label=_("What has to change in this practice"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class SendBackForm(forms.Form):
    remark = forms.CharField(
        label=_("What has to change in general (optional)"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RefusalForm(forms.Form):
    """Whether a practice may be set aside, and why not."""

    is_accepted = forms.BooleanField(required=False)
    reason = forms.CharField(max_length=2000, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("is_accepted") and not cleaned.get("reason"):
            self.add_error("reason", _("Say why this practice applies."))
        return cleaned
