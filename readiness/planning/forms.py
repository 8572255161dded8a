"""The forms of the plan: terms for several steps at once, one action, its status, and what a list shows."""

from datetime import date
from typing import Any, cast

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import NameChoiceField
from accounts.models import Team, User
from readiness.actions.models import Action, ActionQuerySet
from readiness.bank import load_bank

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
AMOUNTS = ("effort_days", "build_cost", "run_cost")


def people() -> QuerySet[User]:
    """Who can own an action."""
    return User.objects.filter(is_active=True)


class TermsForm(forms.Form):
    """Owner and date for all steps that are planned together."""

    owner = NameChoiceField(label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("nobody yet"))
    due_on = forms.DateField(
        label=_("Due on"),
        required=False,
        widget=DATE,
        help_text=_("With an owner and a date within 180 days, a level can be held on condition until then."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(NameChoiceField, self.fields["owner"]).queryset = people()

    def clean_due_on(self) -> date | None:
        due_on = self.cleaned_data["due_on"]
        if due_on and due_on < timezone.localdate():
            raise forms.ValidationError(_("Choose a date from today on."))
        return due_on


class ActionForm(forms.ModelForm):
    """An action; what the bank recommends keeps its team, rule and practice, and its words unless others are given."""

    practice = forms.ChoiceField(
        label=_("Practice"), required=False, help_text=_("Leave it empty when the action is about the whole rule.")
    )
    rule = forms.TypedChoiceField(label=_("Rule"), coerce=int)
    opens = forms.TypedChoiceField(
        label=_("Opens level"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "—"), *((level, level) for level in range(1, 5))],
        help_text=_("The level of the practice that is reached once this is done."),
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    class Meta:
        model = Action
        fields = (
            *("team", "rule", "practice", "opens", "title", "owner", "due_on"),
            *("effort_days", "build_cost", "run_cost", "blocked_by"),
        )
        field_classes = {"team": NameChoiceField, "owner": NameChoiceField}
        widgets = {"due_on": DATE, "blocked_by": forms.CheckboxSelectMultiple}

    def __init__(self, *args: Any, teams: QuerySet[Team], waitable: ActionQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        action, language = self.instance, get_language() or "en"
        bank = load_bank(action.bank_version)
        cast(NameChoiceField, self.fields["team"]).queryset = teams
        cast(NameChoiceField, self.fields["owner"]).queryset = people()
        cast(forms.ChoiceField, self.fields["rule"]).choices = [
            (rule.number, f"{rule.number} · {rule.title.in_language(language)}") for rule in bank.rules
        ]
        cast(forms.ChoiceField, self.fields["practice"]).choices = [
            ("", "—"),
            *((each.key, f"{each.key} · {each.title.in_language(language)}") for each in bank.practices),
        ]
        cast(forms.ModelMultipleChoiceField, self.fields["blocked_by"]).queryset = waitable
        if not waitable.exists():
            del self.fields["blocked_by"]
        self.fields["seen_version"].initial = action.version if action.pk else 0
        self.fields["title"].required = not action.recommendation
        if action.recommendation:
            self.fields["title"].help_text = _("Leave it empty to keep the words of the question bank.")
        if action.pk:
            self.fields["team"].disabled = True
        for name in ("rule", "practice", "opens") if action.recommendation else ():
            self.fields[name].disabled = True
        for name in ("build_cost", "run_cost"):
            self.fields[name].help_text = _("In %(currency)s.") % {"currency": settings.CURRENCY}
        for name in AMOUNTS:
            # A text field, so that a French decimal comma is understood.
            self.fields[name].localize = True
            self.fields[name].widget = forms.TextInput(attrs={"inputmode": "decimal"})
            self.fields[name].widget.is_localized = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        practice, rule = cleaned.get("practice"), cleaned.get("rule")
        bank = load_bank(self.instance.bank_version)
        if practice and rule and bank.rule_of(practice).number != rule:
            self.add_error("practice", _("This practice belongs to another rule."))
        if cleaned.get("opens") and not practice:
            self.add_error("opens", _("Say which practice it opens a level of."))
        return cleaned


class MoveForm(forms.Form):
    """Another status, with the reason that some need."""

    status = forms.ChoiceField(label=_("Status"), choices=Action.Status.choices)
    reason = forms.CharField(
        label=_("Reason"), max_length=300, required=False, help_text=_("Needed to block or drop an action.")
    )
    seen_version = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


OPEN, OVERDUE = "open", "overdue"


class FilterForm(forms.Form):
    """Which actions a page shows; what is left empty does not narrow."""

    team = NameChoiceField(label=_("Team"), queryset=Team.objects.none(), required=False, empty_label=_("all"))
    rule = forms.TypedChoiceField(label=_("Rule"), required=False, coerce=int, empty_value=None)
    owner = NameChoiceField(label=_("Owner"), queryset=User.objects.none(), required=False, empty_label=_("all"))
    status = forms.ChoiceField(label=_("Status"), required=False)

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        cast(NameChoiceField, self.fields["team"]).queryset = teams
        cast(NameChoiceField, self.fields["owner"]).queryset = people()
        cast(forms.ChoiceField, self.fields["rule"]).choices = [
            ("", _("all")),
            *((rule.number, f"{rule.number} · {rule.title.in_language(language)}") for rule in load_bank().rules),
        ]
        cast(forms.ChoiceField, self.fields["status"]).choices = [
            ("", _("all")),
            (OPEN, _("open")),
            (OVERDUE, _("overdue")),
            *Action.Status.choices,
        ]

    def narrow(self, actions: ActionQuerySet, today: date) -> ActionQuerySet:
        """The actions that were asked for; a field that was not understood says so and does not narrow."""
        self.is_valid()
        asked = self.cleaned_data
        for name in ("team", "rule", "owner"):
            if asked.get(name):
                actions = actions.filter(**{name: asked[name]})
        status = asked.get("status")
        if status == OPEN:
            return actions.open()
        if status == OVERDUE:
            return actions.overdue(today)
        return actions.filter(status=status) if status else actions
