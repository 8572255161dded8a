"""People, teams and keys are managed here for now."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.forms import SetPasswordMixin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.audit import record
from accounts.models import AuditEvent, MachineKey, Membership, Team, User


class PersonForm(SetPasswordMixin, forms.ModelForm):
    """A person and, when given, a new password."""

    password1, password2 = SetPasswordMixin.create_password_fields(_("New password"), _("New password, again"))

    class Meta:
        model = User
        fields = ("email", "name", "role", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_new = self.instance.pk is None
        self.fields["password1"].required = self.fields["password2"].required = is_new

    def clean_email(self) -> str:
        """In small letters, as sign-in looks for it."""
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        self.validate_passwords()
        if self.cleaned_data.get("password1"):
            self.validate_password_for_user(self.instance)
        return cleaned

    def save(self, commit: bool = True) -> User:
        if self.cleaned_data.get("password1"):
            self.instance.set_password(self.cleaned_data["password1"])
        return super().save(commit)


class RecordedAdmin(admin.ModelAdmin):
    """What is added, changed or deleted here leaves a line in the audit trail: `<noun>.add`, `.change`, `.delete`."""

    noun = ""

    def subject(self, obj: Any) -> str:
        return str(obj)

    def details(self, form: Any) -> dict[str, Any]:
        """What else the line says, once everything is saved."""
        return {"fields": form.changed_data}

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        verb = f"{self.noun}.{'change' if change else 'add'}"
        record(verb, self.subject(form.instance), actor=cast(User, request.user), **self.details(form))

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            record(f"{self.noun}.delete", self.subject(obj), actor=cast(User, request.user))
        return super().log_deletions(request, queryset)


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0


@admin.register(User)
class UserAdmin(RecordedAdmin):
    noun = "person"
    form = PersonForm
    inlines = (MembershipInline,)
    list_display = ("email", "name", "role", "is_active", "is_demo")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")

    def subject(self, obj: User) -> str:
        return obj.email

    def details(self, form: Any) -> dict[str, Any]:
        changed = [field for field in form.changed_data if not field.startswith("password")]
        changed += ["password"] if form.cleaned_data.get("password1") else []
        return {"fields": changed, "teams": [team.name for team in form.instance.teams.all()]}

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(RecordedAdmin):
    noun = "team"
    inlines = (MembershipInline,)
    list_display = ("name", "is_demo")
    search_fields = ("name",)

    def details(self, form: Any) -> dict[str, Any]:
        return {"members": [person.email for person in form.instance.members.all()]}


class MachineKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=MachineKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = MachineKey
        fields = ("name", "scopes", "quota_per_minute", "expires_at", "revoked_at")


@admin.register(MachineKey)
class MachineKeyAdmin(RecordedAdmin):
    noun = "key"
    form = MachineKeyForm
    list_display = ("name", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at")
    readonly_fields = ("prefix", "created_at", "last_used_at")

    def save_model(self, request: HttpRequest, obj: MachineKey, form: forms.ModelForm, change: bool) -> None:
        if change:
            obj.save()
        else:
            text = obj.renew()
            messages.warning(request, _("Copy this key now, it is shown only once: %(key)s") % {"key": text})

    def has_delete_permission(self, request: HttpRequest, obj: MachineKey | None = None) -> bool:
        """A key is revoked: what it wrote and when it was last used stays known."""
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(admin.ModelAdmin):
    list_display = ("at", "actor", "verb", "subject")
    list_filter = ("verb",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return False
