"""The page on which operators add a site, for the node that they are about to register there."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, has_role
from accounts.models import Role
from inference_kpis.fleet.models import Site
from inference_kpis.fleet.registration import add_site

SAME_NAME = gettext_lazy("There is a site of this name, or of one that is written alike.")


class SiteForm(forms.ModelForm):
    class Meta:
        model = Site
        fields = ("name", "region", "tier")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        self.instance.key = slugify(name)[: Site._meta.get_field("key").max_length]
        if not self.instance.key:
            raise forms.ValidationError(_("Write a name with at least one letter or digit."))
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
