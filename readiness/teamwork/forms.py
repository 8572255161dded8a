"""The forms of working together: whom to ask, what to reply, what to say, how to be reminded."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField, alphabetical
from accounts.models import Team, User
from readiness.bank import Bank
from readiness.teamwork.models import Comment, WorkPreference


class HolderField(forms.ChoiceField):
    """A person or a team, in two groups; cleans into `(person, None)` or `(None, team)`."""

    def offer(self, people: Iterable[User], teams: Iterable[Team]) -> None:
        self._found: dict[str, tuple[User | None, Team | None]] = {}
        self._found |= {f"person-{each.pk}": (each, None) for each in people}
        self._found |= {f"team-{each.pk}": (None, each) for each in teams}

        def named(kind: str) -> list[tuple[str, str]]:
            pairs = [(key, str(person or team)) for key, (person, team) in self._found.items() if key.startswith(kind)]
            return sorted(pairs, key=lambda pair: alphabetical(pair[1]))

        people_first = (_("People"), named("person")), (_("Teams"), named("team"))
        self.choices = [("", _("Choose")), *((label, pairs) for label, pairs in people_first if pairs)]

    def clean(self, value: Any) -> tuple[User | None, Team | None]:
        return self._found[super().clean(value)]


class AssignForm(forms.Form):
    """Whom to ask, until when; the practices are ticked on the task list, or a whole rule is chosen."""

    to = HolderField(label=_("Ask"), error_messages={"required": _("Choose a person or a team.")})
    rule = forms.TypedChoiceField(label=_("What"), required=False, coerce=int, empty_value=None)
    due_on = forms.DateField(
        label=_("Until (optional)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = forms.CharField(label=_("Note (optional)"), max_length=1000, required=False)

    def __init__(
        self, *args: Any, bank: Bank, language: str, people: QuerySet[User], teams: QuerySet[Team], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.bank = bank
        cast(HolderField, self.fields["to"]).offer(people, teams)
        rules = [(str(rule.number), f"{rule.number}. {rule.title.in_language(language)}") for rule in bank.rules]
        cast(forms.ChoiceField, self.fields["rule"]).choices = [("", _("The practices ticked below")), *rules]

    def clean_due_on(self) -> Any:
        due_on = self.cleaned_data["due_on"]
        if due_on and due_on < timezone.localdate():
            raise forms.ValidationError(_("Choose today or a day to come."))
        return due_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        ticked = self.data.getlist("practice") if hasattr(self.data, "getlist") else []
        number = cleaned.get("rule")
        keys = [each.key for rule in self.bank.rules for each in rule.practices if rule.number == number]
        known = [each.key for each in self.bank.practices]
        cleaned["practices"] = keys if number else [key for key in known if key in ticked]
        if not cleaned["practices"]:
            self.add_error(None, _("Tick at least one practice, or choose a whole rule."))
        return cleaned


class HandOnForm(forms.Form):
    to = HolderField(label=_("Ask instead of you"), error_messages={"required": _("Choose a person or a team.")})
    note = forms.CharField(label=_("Note (optional)"), max_length=1000, required=False)

    def __init__(self, *args: Any, people: QuerySet[User], teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(HolderField, self.fields["to"]).offer(people, teams)


class DeclineForm(forms.Form):
    reason = forms.CharField(label=_("Why you decline"), max_length=500)


class CommentForm(forms.Form):
    text = forms.CharField(
        label=_("Comment"),
        help_text=_("“@” and a name tells that person. Links can be followed; everything else is plain text."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write something first.")},
    )
    mention = NameChoiceField(
        label=_("Tell (optional)"), queryset=User.objects.none(), required=False, empty_label=_("nobody in particular")
    )
    parent = forms.ModelChoiceField(queryset=Comment.objects.none(), required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, audience: QuerySet[User], comments: QuerySet[Comment] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["mention"]).queryset = audience
        if comments is not None:
            cast(forms.ModelChoiceField, self.fields["parent"]).queryset = comments

    def clean_text(self) -> str:
        return self.cleaned_data["text"].replace("\r\n", "\n")


class EditCommentForm(forms.Form):
    text = forms.CharField(label=_("Comment"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))

    def clean_text(self) -> str:
        return self.cleaned_data["text"].replace("\r\n", "\n")


class WorkPreferenceForm(forms.ModelForm):
    class Meta:
        model = WorkPreference
        fields = ("wants_digest", "language")
