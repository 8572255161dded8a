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


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 0


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    form = PersonForm
    inlines = (MembershipInline,)
    list_display = ("email", "name", "role", "is_active", "is_demo")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        changed = [field for field in form.changed_data if not field.startswith("password")]
        record("person.change" if change else "person.add", obj.email, actor=cast(User, request.user), fields=changed)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    inlines = (MembershipInline,)
    list_display = ("name", "is_demo")
    search_fields = ("name",)


class MachineKeyForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=MachineKey.Scope.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = MachineKey
        fields = ("name", "scopes", "expires_at", "revoked_at")


@admin.register(MachineKey)
class MachineKeyAdmin(admin.ModelAdmin):
    form = MachineKeyForm
    list_display = ("name", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at")
    readonly_fields = ("prefix", "created_at", "last_used_at")

    def save_model(self, request: HttpRequest, obj: MachineKey, form: forms.ModelForm, change: bool) -> None:
        if change:
            obj.save()
        else:
            text = obj.renew()
            messages.warning(request, _("Copy this key now, it is shown only once: %(key)s") % {"key": text})
        record("key.change" if change else "key.add", f"{obj.name} {obj.prefix}", actor=cast(User, request.user))


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
