"""The forms of blind rounds: what to ask whom, what somebody answers, what is decided then."""

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.alphabet import alphabetical
from accounts.models import User
from readiness.bank import Bank, Practice
from readiness.perceptions.models import CIRCLES
from readiness.perceptions.spread import Circle
from readiness.scoring import HIGHEST_LEVEL

CANNOT_SAY = "cannot_say"
ROWS_AT_OPENING = 8
ROWS_LATER = 3


def _due_on(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, error_messages={"required": _("Choose a day.")})


class BlindOpenForm(forms.Form):
    """What is asked, until when, and what is promised; the people stand in a set of forms beside it."""

    what = forms.ChoiceField(label=_("What"), required=False)
    promise = forms.ChoiceField(
        label=_("What people are promised"),
        choices=[
            ("anonymous", _("Anonymous: only how often each level was chosen is shown, in groups of three or more.")),
            ("named", _("Named: once the round is closed, everybody’s name stands beside their levels.")),
        ],
        widget=forms.RadioSelect,
        initial="anonymous",
    )
    due_on = _due_on(_("Answers until"))
    note = forms.CharField(
        label=_("Note (optional)"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, bank: Bank, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.bank = bank
        rules = [(str(rule.number), f"{rule.number}. {rule.title.in_language(language)}") for rule in bank.rules]
        cast(forms.ChoiceField, self.fields["what"]).choices = [
            ("", _("The practices ticked below")),
            ("gates", _("The gate practices of every rule")),
            ("all", _("All practices")),
            *rules,
        ]

    def clean_due_on(self) -> Any:
        if self.cleaned_data["due_on"] < timezone.localdate():
            raise forms.ValidationError(_("Choose today or a day to come."))
        return self.cleaned_data["due_on"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        what = cleaned.get("what")
        ticked = self.data.getlist("practice") if hasattr(self.data, "getlist") else []
        cleaned["practices"] = [
            practice.key
            for rule in self.bank.rules
            for practice in rule.practices
            if what in {"all", str(rule.number)}
            or (what == "gates" and practice.gate)
            or (not what and practice.key in ticked)
        ]
        if "what" in cleaned and not cleaned["practices"]:
            self.add_error(None, _("Tick at least one practice, or choose a whole rule."))
        return cleaned


class InviteForm(forms.Form):
    """One person and the circle that they answer for; an empty one is left out."""

    person = forms.ChoiceField(label=_("Person"), required=False)
    circle = forms.ChoiceField(label=_("Circle"), required=False, choices=[("", _("Choose")), *CIRCLES])

    def __init__(self, *args: Any, people: dict[str, User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        cast(forms.ChoiceField, self.fields["person"]).choices = [
            ("", _("nobody")),
            *((pk, str(person)) for pk, person in people.items()),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("person") and not cleaned.get("circle") and "circle" in cleaned:
            person = self.people[cleaned["person"]]
            self.add_error("circle", gettext("Choose the circle that %(person)s answers for.") % {"person": person})
        return cleaned


class InviteForms(forms.BaseFormSet):
    """Cleans into `invited`, each person with their circle."""

    @property
    def invited(self) -> list[tuple[User, Circle]]:
        """Only once it is valid."""
        rows = [form.cleaned_data for form in self.forms]
        people = self.form_kwargs["people"]
        return [(people[row["person"]], Circle(row["circle"])) for row in rows if row.get("person")]

    @property
    def wrong(self) -> list[str]:
        """Each sentence once, those of single rows included."""
        found = [
            *self.non_form_errors(),
            *(text for form in self.forms for texts in form.errors.values() for text in texts),
        ]
        return list(dict.fromkeys(map(str, found)))

    def clean(self) -> None:
        if any(form.errors for form in self.forms):
            return
        invited = [person for person, _circle in self.invited]
        if not invited:
            raise forms.ValidationError(_("Choose at least one person to ask."))
        if len(set(invited)) < len(invited):
            raise forms.ValidationError(_("Choose each person once: everybody answers for one circle."))


def invite_forms(data: QueryDict | None, people: dict[str, User], *, rows: int) -> InviteForms:
    """So many empty rows; `people` are those whom they may name."""
    made = forms.formset_factory(InviteForm, formset=InviteForms, extra=rows, max_num=50)
    return cast(InviteForms, made(data, prefix="people", form_kwargs={"people": people}))


def offered(people: Iterable[User]) -> dict[str, User]:
    """Whom rows may name, in the order of their names."""
    return {str(each.pk): each for each in sorted(people, key=lambda each: alphabetical(str(each)))}


class ExtendForm(forms.Form):
    due_on = _due_on(_("Answers until"))


class BlindAnswerForm(forms.Form):
    """One question a practice, each optional: what is left open is answered another time.

    `asked` holds (practice, its choice, its comment) in the order of the bank.
    """

    def __init__(
        self,
        *args: Any,
        practices: Iterable[Practice],
        language: str,
        given: dict[str, tuple[int | None, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.practices = list(practices)
        for practice in self.practices:
            level, comment = given.get(practice.key, (None, ""))
            chosen = CANNOT_SAY if practice.key in given and level is None else level
            statements = [(str(number), text.in_language(language)) for number, text in enumerate(practice.levels)]
            self.fields[practice.key] = forms.ChoiceField(
                label=practice.question.in_language(language),
                choices=[*statements, (CANNOT_SAY, _("I cannot say"))],
                widget=forms.RadioSelect,
                required=False,
                initial=None if chosen is None else str(chosen),
            )
            self.fields[f"{practice.key}-comment"] = forms.CharField(
                label=_("Comment"), max_length=1000, required=False, initial=comment
            )

    @property
    def asked(self) -> list[tuple[Practice, forms.BoundField, forms.BoundField]]:
        return [(each, self[each.key], self[f"{each.key}-comment"]) for each in self.practices]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for practice in self.practices:
            if cleaned.get(f"{practice.key}-comment") and not cleaned.get(practice.key) and practice.key in cleaned:
                said = _("Choose a level or “I cannot say” beside your comment.")
                self.add_error(practice.key, said)
        return cleaned

    @property
    def replies(self) -> dict[str, tuple[int | None, str]]:
        """(level, comment) by practice that was answered; None is "I cannot say". Only once it is valid."""
        return {
            each.key: (
                None if self.cleaned_data[each.key] == CANNOT_SAY else int(self.cleaned_data[each.key]),
                self.cleaned_data[f"{each.key}-comment"],
            )
            for each in self.practices
            if self.cleaned_data[each.key]
        }


class DecideForm(forms.Form):
    level = forms.TypedChoiceField(
        label=_("Level"),
        coerce=int,
        choices=[(str(level), str(level)) for level in range(HIGHEST_LEVEL + 1)],
        error_messages={"required": _("Choose a level."), "invalid_choice": _("Choose a level.")},
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)
    seen_version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
