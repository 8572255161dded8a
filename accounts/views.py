"""The pages of one's own account that the sign-in does not bring along."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SignedInRequest, signed_in
from accounts.forms import TokenForm
from accounts.models import PersonalToken
from accounts.tokens import TooManyTokens, issue_token, revoke_token


@signed_in
@require_safe
def token_list(request: SignedInRequest) -> HttpResponse:
    return _token_page(request, TokenForm())


@signed_in
@never_cache
@require_POST
def token_add(request: SignedInRequest) -> HttpResponse:
    """The page with the text of the new token, this once."""
    form, now = TokenForm(request.POST), datetime.now(UTC)
    if not form.is_valid():
        return _token_page(request, form)
    try:
        _token, text = issue_token(
            user=request.user,
            name=form.cleaned_data["name"],
            scopes=form.scopes,
            expires_at=form.expires_at(now),
            now=now,
        )
    except TooManyTokens as error:
        form.add_error(None, str(error))
        return _token_page(request, form)
    return _token_page(request, TokenForm(), text=text)


@signed_in
@require_POST
def token_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(PersonalToken, pk=pk, user=request.user)
    revoke_token(token=token, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Revoked. Scripts with this token get no answer any more."))
    return redirect("accounts:token_list")


def _token_page(request: SignedInRequest, form: TokenForm, *, text: str | None = None) -> HttpResponse:
    tokens = PersonalToken.objects.usable(datetime.now(UTC)).filter(user=request.user)
    return render(request, "accounts/token_list.html", {"form": form, "tokens": tokens, "text": text})
