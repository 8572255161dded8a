"""The pages on which operators add a site, change it and take an empty one out of service."""

from datetime import UTC, datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from inference_kpis import access
from inference_kpis.fleet.models import Site
from inference_kpis.fleet.regions import region_choices
from inference_kpis.fleet.registration import add_site, change_site, restore_site, retire_site

# The page of a site has the key in its address; these are pages already.
RESERVED = frozenset({"new"})
SAME_NAME = gettext_lazy("There is a site of this name, or of one that is written alike.")


class SiteForm(forms.ModelForm):
    worker_region = forms.ChoiceField(
        label=gettext_lazy("Pulled from"),
        required=False,
        help_text=gettext_lazy("Workers near the nodes pull them, so that only readings travel."),
    )

    class Meta:
        model = Site
        fields = ("name", "region", "tier", "worker_region")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = region_choices(self.instance.worker_region)
        if len(choices) > 1:
            cast(forms.ChoiceField, self.fields["worker_region"]).choices = choices
        else:
            del self.fields["worker_region"]

    def clean_name(self) -> str:
        """A new site's key comes from its name and then stays: addresses and senders hold it."""
        name: str = self.cleaned_data["name"]
        if self.instance.pk:
            return name
        self.instance.key = slugify(name)[: Site._meta.get_field("key").max_length]
        if not self.instance.key:
            raise forms.ValidationError(_("Write a name with at least one letter or digit."))
        if self.instance.key in RESERVED:
            raise forms.ValidationError(_("This word is taken by a page. Add another word to the name."))
        if Site.objects.filter(key=self.instance.key).exists():
            raise forms.ValidationError(SAME_NAME)
        return name


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def site_add(request: SignedInRequest) -> HttpResponse:
    form = SiteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            site = add_site(form.save(commit=False), by=request.user, now=datetime.now(UTC))
        except IntegrityError:
            # Somebody took the name since the form looked.
            form.add_error("name", SAME_NAME)
        else:
            messages.success(request, _("Site %(name)s saved.") % {"name": site.name})
            return redirect(f"{reverse('kpis:node_add')}?site={site.pk}")
    context: dict[str, Any] = {"form": form}
    return render(request, "inference_kpis/dashboards/site_add.html", context)


@has_role(Role.OPERATOR)
@require_http_methods(["GET", "HEAD", "POST"])
def site_edit(request: SignedInRequest, key: str) -> HttpResponse:
    site = access.get_writable_site_for(request.user, key)
    form = SiteForm(request.POST or None, instance=site)
    if request.method == "POST" and form.is_valid():
        saved = change_site(form.save(commit=False), changed=form.changed_data, by=request.user)
        messages.success(request, _("Site %(name)s saved.") % {"name": saved.name})
        return redirect(saved)
    # A form that was refused has written into its instance already.
    name = Site.objects.values_list("name", flat=True).get(pk=site.pk)
    return render(request, "inference_kpis/dashboards/site_edit.html", {"form": form, "site": site, "name": name})


@has_role(Role.OPERATOR)
@require_POST
def site_retire(request: SignedInRequest, key: str) -> HttpResponse:
    site = access.get_writable_site_for(request.user, key)
    if not retire_site(site, by=request.user, now=datetime.now(UTC)):
        messages.error(request, _("This site still hosts nodes. Move them or take them out of service first."))
        return redirect(site)
    messages.success(request, _("Site %(name)s is out of service; its readings are kept.") % {"name": site.name})
    return redirect("kpis:site_list")


@has_role(Role.OPERATOR)
@require_POST
def site_restore(request: SignedInRequest, key: str) -> HttpResponse:
    site = access.get_writable_site_for(request.user, key)
    restore_site(site, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Site %(name)s is in service again.") % {"name": site.name})
    return redirect(site)
