"""What is done with comments: written, changed, taken back, closed; all of it is shown on the page of the practice."""

from datetime import UTC, datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import SignedInRequest, signed_in
from readiness import access
from readiness.assessments.way import practice_or_404
from readiness.exceptions import ReadinessError
from readiness.teamwork import commenting
from readiness.teamwork.forms import CommentForm, EditCommentForm
from readiness.teamwork.models import Comment


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def comment_add(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    """Say something: the form below a practice, and its own page to answer, or where something has to be put right."""
    assessment = access.get_practice_assessment_for(request.user, pk, key)
    practice = practice_or_404(assessment, key)
    audience = access.people_who_see(assessment, key)
    comments = Comment.objects.filter(assessment=assessment, practice=key).select_related("written_by")
    form = CommentForm(
        request.POST if request.method == "POST" else None,
        audience=audience,
        comments=comments,
        initial={"parent": request.GET.get("parent")},
    )
    if form.is_valid():
        try:
            comment = commenting.write_comment(
                assessment=assessment,
                practice=key,
                **form.cleaned_data,
                audience=audience,
                by=request.user,
                now=datetime.now(UTC),
            )
        except ReadinessError as error:
            form.add_error("text", str(error))
        else:
            return redirect(comment)
    asked = form["parent"].value()
    parent = comments.filter(pk=asked).first() if str(asked or "").isdecimal() else None
    return render(
        request,
        "readiness/teamwork/comment_add.html",
        {"assessment": assessment, "practice": practice, "form": form, "parent": parent},
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def comment_edit(request: SignedInRequest, pk: int) -> HttpResponse:
    comment = access.get_own_comment_for(request.user, pk)
    form = EditCommentForm(request.POST if request.method == "POST" else None, initial={"text": comment.text})
    if form.is_valid():
        audience = access.people_who_see(comment.assessment, comment.practice)
        try:
            commenting.edit_comment(
                comment=comment, text=form.cleaned_data["text"], audience=audience, now=datetime.now(UTC)
            )
        except ReadinessError as error:
            form.add_error("text", str(error))
        else:
            return redirect(comment)
    return render(
        request,
        "readiness/teamwork/comment_edit.html",
        {
            "comment": comment,
            "assessment": comment.assessment,
            "practice": practice_or_404(comment.assessment, comment.practice),
            "form": form,
        },
    )


@signed_in
@require_POST
def comment_delete(request: SignedInRequest, pk: int) -> HttpResponse:
    comment = access.get_own_comment_for(request.user, pk)
    commenting.delete_comment(comment=comment, now=datetime.now(UTC))
    messages.success(request, _("Comment deleted."))
    return redirect(comment)


@signed_in
@require_POST
def comment_resolve(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close a thread, or open it again with `reopen`."""
    comment = access.get_comment_for(request.user, pk)
    is_resolved = "reopen" not in request.POST
    commenting.resolve_comment(comment=comment, is_resolved=is_resolved, by=request.user, now=datetime.now(UTC))
    return redirect(comment)


@signed_in
@require_POST
def mention_read(request: SignedInRequest, pk: int, key: str) -> HttpResponse:
    assessment = access.get_practice_assessment_for(request.user, pk, key)
    practice_or_404(assessment, key)
    commenting.read_mentions(assessment=assessment, practice=key, by=request.user, now=datetime.now(UTC))
    messages.success(request, _("Marked as read."))
    return redirect("readiness:assessment_practice", pk, key)
