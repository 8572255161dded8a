"""The page of who is asked: a form of some practices, and nothing else of the assessment."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, signed_in
from readiness import access
from readiness.exceptions import ReadinessError
from readiness.perceptions import asking
from readiness.perceptions.forms import BlindAnswerForm


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def blind_answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Answer, or go on with it; once the round is closed, read what one answered."""
    invitation = access.get_blind_invitation_for(request.user, pk)
    blind_round = invitation.round
    practices = blind_round.asked
    given = {each.practice: (each.level, each.comment) for each in invitation.answers.all()}
    is_open = blind_round.is_open(timezone.localdate())
    posted = request.POST if request.method == "POST" else None
    form = BlindAnswerForm(posted, practices=practices, language=get_language() or "en", given=given)
    if form.is_valid():
        try:
            asking.save_blind_answers(invitation=invitation, replies=form.replies, now=datetime.now(UTC))
        except ReadinessError as error:
            messages.error(request, str(error))
            return redirect("readiness:blind_answer", pk)
        left = len(practices) - len(given.keys() | form.replies.keys())
        if left:
            said = ngettext("Saved. %(count)d practice is left.", "Saved. %(count)d practices are left.", left)
            messages.success(request, said % {"count": left})
            return redirect("readiness:blind_answer", pk)
        messages.success(request, _("Saved. You answered everything; until the round closes you may change it."))
        return redirect("readiness:blind_list")
    context = {
        "invitation": invitation,
        "blind_round": blind_round,
        "form": form,
        "given": given,
        "left": len(practices) - len(given),
        "is_open": is_open,
        "own": [(each, given.get(each.key)) for each in practices],
    }
    return render(request, "readiness/perceptions/blind_answer.html", context)
