"""Who may ask: people with their session, and their scripts with a personal access token."""

from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import PersonalToken, User
from accounts.tokens import find_token

WRONG_TOKEN = _("This access token is unknown, revoked or expired. Make a new one in your account.")


class PersonalTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer vigp_…`: the request is that of the token's person."""

    def authenticate(self, request: Request) -> tuple[User, PersonalToken] | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        token = find_token(text.strip(), datetime.now(UTC))
        if token is None:
            raise exceptions.AuthenticationFailed(WRONG_TOKEN)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MayUseAssessments(BasePermission):
    """Somebody who is signed in, or a token with the scope. Which objects, each view asks `readiness.access`."""

    message = _("This needs a sign-in, or an access token with the scope for it.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.user, User):
            return False
        scope = PersonalToken.Scope
        needed = scope.READ_ASSESSMENTS if request.method in SAFE_METHODS else scope.WRITE_ASSESSMENTS
        return not isinstance(request.auth, PersonalToken) or needed in request.auth.scopes


class PersonalTokenScheme(OpenApiAuthenticationExtension):
    """How the schema describes personal access tokens."""

    target_class = PersonalTokenAuthentication
    name = "personalToken"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "vigp_<prefix>_<secret>"}
