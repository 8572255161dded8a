"""Who may do what. Each view is decorated with a role rule from here; objects come through each app's `access.py`."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from accounts.models import Role, User

View = Callable[..., HttpResponseBase]


class SignedInRequest(HttpRequest):
    """What a view behind `signed_in` or `has_role` is given: its person is known. For annotations only."""

    user: User
    htmx: HtmxDetails


def signed_in(view: View) -> View:
    """Anybody who may sign in."""
    return login_required(view)


def has_role(*roles: Role) -> Callable[[View], View]:
    """Only people in one of `roles`; administrators always."""
    allowed = {*roles, Role.ADMINISTRATOR}

    def decorate(view: View) -> View:
        @wraps(view)
        def check(request: SignedInRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if request.user.role not in allowed:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return login_required(check)

    return decorate
