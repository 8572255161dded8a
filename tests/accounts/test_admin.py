"""The administration site: people, teams and keys, made by administrators, with a trail of who did what."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from accounts.keys import find_key
from accounts.models import AuditEvent, MachineKey, Membership, Role, Team, User
from tests.factories import PASSWORD, SiteFactory, UserFactory, machine_key, member_of, signed_in
from tests.pages import words

pytestmark = pytest.mark.django_db
NEW = "a much better battery"


@pytest.fixture
def administrator() -> User:
    return UserFactory(role=Role.ADMINISTRATOR, name="Ada Administrator")


@pytest.fixture
def browser(administrator: User) -> Client:
    return signed_in(administrator)


def memberships(*rows: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    """The table of memberships below a person or a team, as the browser sends it."""
    head = {"membership_set-TOTAL_FORMS": len(rows), "membership_set-INITIAL_FORMS": initial}
    return head | {f"membership_set-{i}-{name}": value for i, row in enumerate(rows) for name, value in row.items()}


def person_form(**fields: Any) -> dict[str, Any]:
    return {
        "email": "olive@example.test",
        "name": "Olive Owner",
        "role": "contributor",
        "is_active": "on",
        "password1": NEW,
        "password2": NEW,
        **memberships(),
        **fields,
    }


def test_it_works(browser: Client, administrator: User) -> None:
    """An administrator makes a team, then a person on it, who signs in."""
    browser.post(reverse("admin:accounts_team_add"), {"name": "Support", **memberships()})
    team = Team.objects.get()
    rows = memberships({"team": team.pk})
    response = browser.post(reverse("admin:accounts_user_add"), person_form(**rows))
    assert response["Location"] == reverse("admin:accounts_user_changelist")
    person = User.objects.get(email="olive@example.test")
    assert (person.name, person.role, list(person.teams.all())) == ("Olive Owner", "contributor", [team])
    login = Client().post(reverse("account_login"), {"login": person.email, "password": NEW})
    assert login["Location"] == reverse("readiness:overview")


# --- Who comes in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_stranger_is_sent_to_the_one_sign_in_page(client: Client, administrator: User, language: str) -> None:
    admin, login = f"/{language}/admin/", f"/{language}/account/login/"
    response = client.get(admin, follow=True)
    last = response.redirect_chain[-1][0]
    assert last.startswith(f"{login}?next=")
    assert response.templates[0].name == "account/login.html"
    signed = client.post(login, {"login": administrator.email, "password": PASSWORD, "next": admin})
    assert signed["Location"] == admin
    assert client.get(admin).status_code == 200


def test_its_own_sign_in_form_takes_no_password(client: Client, administrator: User) -> None:
    """It would know no limit of failures."""
    url = reverse("admin:login")
    response = client.post(url, {"username": administrator.email, "password": PASSWORD})
    assert response["Location"].startswith(reverse("account_login"))
    assert client.get(reverse("admin:index")).status_code == 302


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_other_roles_are_refused(role: Role) -> None:
    response = signed_in(UserFactory(role=role)).get(reverse("admin:index"), follow=True)
    assert response.status_code == 403
    assert "Your role does not allow this" in words(response)


# --- People --------------------------------------------------------------------------------------------------------


def test_a_new_person_leaves_a_line_in_the_trail(browser: Client, administrator: User) -> None:
    browser.post(reverse("admin:accounts_user_add"), person_form())
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb, event.subject) == (administrator, "person.add", "olive@example.test")
    assert set(event.details["fields"]) == {"email", "name", "password"}
    assert NEW not in str(event.details)


def test_a_changed_role_leaves_one_too(browser: Client) -> None:
    person = UserFactory()
    url = reverse("admin:accounts_user_change", args=[person.pk])
    browser.post(url, person_form(email=person.email, name=person.name, role="reviewer", password1="", password2=""))
    person.refresh_from_db()
    assert (person.role, person.check_password(PASSWORD)) == ("reviewer", True)
    event = AuditEvent.objects.get()
    assert (event.verb, event.details) == ("person.change", {"fields": ["role"], "teams": []})


def test_joining_a_team_leaves_one_too(browser: Client) -> None:
    person, team = UserFactory(), Team.objects.create(name="Support")
    rows = memberships({"team": team.pk, "user": person.pk})
    fields = person_form(email=person.email, name=person.name, password1="", password2="", **rows)
    browser.post(reverse("admin:accounts_user_change", args=[person.pk]), fields)
    assert list(person.teams.all()) == [team]
    assert AuditEvent.objects.get().details == {"fields": [], "teams": ["Support"]}


def test_a_new_password_ends_other_sessions(browser: Client) -> None:
    person = UserFactory()
    theirs = signed_in(person)
    url = reverse("admin:accounts_user_change", args=[person.pk])
    browser.post(url, person_form(email=person.email, name=person.name))
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert theirs.get(reverse("readiness:overview")).status_code == 302
    assert AuditEvent.objects.get().details["fields"] == ["password"]


def test_an_address_is_kept_in_small_letters(browser: Client) -> None:
    """Else its person could not sign in, and somebody else could have it in capitals."""
    browser.post(reverse("admin:accounts_user_add"), person_form(email="Olive@Example.TEST"))
    assert User.objects.filter(email="olive@example.test").exists()
    again = browser.post(reverse("admin:accounts_user_add"), person_form(email="OLIVE@example.test"))
    assert set(again.context["adminform"].form.errors) == {"email"}


def test_after_a_change_of_address_only_the_new_one_signs_in(browser: Client) -> None:
    person = UserFactory(email="olive@example.test")
    signs_in = {"login": person.email, "password": PASSWORD}
    assert Client().post(reverse("account_login"), signs_in).status_code == 302
    fields = person_form(email="olive.new@example.test", password1="", password2="")
    browser.post(reverse("admin:accounts_user_change", args=[person.pk]), fields)
    assert Client().post(reverse("account_login"), signs_in).status_code == 200
    signs_in["login"] = "olive.new@example.test"
    assert Client().post(reverse("account_login"), signs_in).status_code == 302


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"email": "nobody"}, "email"),
        ({"role": "emperor"}, "role"),
        ({"password1": "short", "password2": "short"}, "password2"),
        ({"password2": "another one altogether"}, "password2"),
        ({"password1": "", "password2": ""}, "password1"),
    ],
)
def test_odd_values_are_refused(browser: Client, fields: dict[str, str], wrong: str) -> None:
    response = browser.post(reverse("admin:accounts_user_add"), person_form(**fields))
    assert wrong in response.context["adminform"].form.errors
    assert not User.objects.filter(email="olive@example.test").exists()


def test_people_cannot_be_deleted(browser: Client) -> None:
    person = UserFactory()
    assert browser.post(reverse("admin:accounts_user_delete", args=[person.pk]), {"post": "yes"}).status_code == 403
    delete = {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"}
    browser.post(reverse("admin:accounts_user_changelist"), delete)
    assert User.objects.filter(pk=person.pk).exists()


def test_who_is_switched_off_is_out_at_once(browser: Client) -> None:
    person = UserFactory()
    theirs = signed_in(person)
    fields = person_form(email=person.email, name=person.name, password1="", password2="")
    del fields["is_active"]
    browser.post(reverse("admin:accounts_user_change", args=[person.pk]), fields)
    assert theirs.get(reverse("readiness:overview")).status_code == 302


# --- Teams ---------------------------------------------------------------------------------------------------------


def test_a_team_is_made_with_its_members(browser: Client, administrator: User) -> None:
    olive, colin = UserFactory(), UserFactory()
    rows = memberships({"user": olive.pk}, {"user": colin.pk})
    browser.post(reverse("admin:accounts_team_add"), {"name": "Support", **rows})
    team = Team.objects.get()
    assert set(team.members.all()) == {olive, colin}
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb, event.subject) == (administrator, "team.add", "Support")
    assert event.details == {"members": sorted([olive.email, colin.email])}


def test_who_leaves_a_team_leaves_a_line_in_the_trail(browser: Client) -> None:
    team = Team.objects.create(name="Support")
    stays, leaves = member_of(team), member_of(team)
    ids = {row.user_id: row.pk for row in Membership.objects.all()}
    rows = memberships(
        {"id": ids[stays.pk], "team": team.pk, "user": stays.pk},
        {"id": ids[leaves.pk], "team": team.pk, "user": leaves.pk, "DELETE": "on"},
        initial=2,
    )
    browser.post(reverse("admin:accounts_team_change", args=[team.pk]), {"name": "Support", **rows})
    assert list(team.members.all()) == [stays]
    event = AuditEvent.objects.get()
    assert (event.verb, event.details) == ("team.change", {"members": [stays.email]})


def test_a_team_that_wrote_nothing_is_deleted_and_remembered(browser: Client, administrator: User) -> None:
    team = Team.objects.create(name="Support")
    browser.post(reverse("admin:accounts_team_delete", args=[team.pk]), {"post": "yes"})
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb, event.subject) == (administrator, "team.delete", "Support")
    assert not Team.objects.exists()


def test_a_name_is_given_once(browser: Client) -> None:
    Team.objects.create(name="Support")
    browser.post(reverse("admin:accounts_team_add"), {"name": "Support", **memberships()})
    assert Team.objects.count() == 1


# --- Machine keys --------------------------------------------------------------------------------------------------


def test_a_key_is_shown_once(browser: Client, administrator: User) -> None:
    fields = {"name": "Prometheus of Lyon", "scopes": ["readings:write"]}
    response = browser.post(reverse("admin:accounts_machinekey_add"), fields)
    (told,) = [str(message) for message in get_messages(response.wsgi_request) if "only once" in str(message)]
    text = re.search(r"vig_\S+", told)
    key = MachineKey.objects.get()
    assert text is not None
    assert find_key(text[0], datetime.now(UTC)) == key
    assert key.scopes == ["readings:write"]
    assert text[0] in words(browser.get(response["Location"]))
    secret = text[0].split("_", 2)[2]
    for page in ("admin:accounts_machinekey_changelist", "admin:index"):
        assert secret not in browser.get(reverse(page)).content.decode()
    assert secret not in str([*MachineKey.objects.values(), *AuditEvent.objects.values()])
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb) == (administrator, "key.add")
    assert event.subject == f"Prometheus of Lyon (vig_{key.prefix}…)"


def test_what_a_key_may_write_for_is_in_the_trail(browser: Client) -> None:
    key, site = machine_key()[0], SiteFactory(name="Lyon")
    browser.post(reverse("admin:inference_kpis_keysite_add"), {"key": key.pk, "site": site.pk})
    row = key.sites.get()
    browser.post(reverse("admin:inference_kpis_keysite_delete", args=[row.pk]), {"post": "yes"})
    events = list(AuditEvent.objects.order_by("id").values_list("verb", "subject"))
    assert events == [("key_site.add", str(row)), ("key_site.delete", str(row))]


def test_a_key_is_revoked_and_keeps_its_secret(browser: Client) -> None:
    key, text = machine_key()
    before = key.secret_hash
    when = {"revoked_at_0": "2026-11-02", "revoked_at_1": "10:00:00"}
    fields = {"name": key.name, "scopes": ["readings:write"], **when}
    browser.post(reverse("admin:accounts_machinekey_change", args=[key.pk]), fields)
    key.refresh_from_db()
    assert key.revoked_at is not None
    assert key.secret_hash == before
    assert find_key(text, datetime.now(UTC)) is None
    assert AuditEvent.objects.get().verb == "key.change"


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_a_key_needs_a_scope_that_there_is(browser: Client, scopes: list[str]) -> None:
    browser.post(reverse("admin:accounts_machinekey_add"), {"name": "x", "scopes": scopes})
    assert not MachineKey.objects.exists()


def test_a_key_is_revoked_and_not_deleted(browser: Client) -> None:
    key, _ = machine_key()
    url = reverse("admin:accounts_machinekey_delete", args=[key.pk])
    assert browser.post(url, {"post": "yes"}).status_code == 403
    assert MachineKey.objects.exists()


# --- The trail -----------------------------------------------------------------------------------------------------


def test_the_trail_is_read_and_never_written(browser: Client, administrator: User) -> None:
    event = AuditEvent.objects.create(actor=administrator, verb="person.add", subject="olive@example.test")
    assert "olive@example.test" in words(browser.get(reverse("admin:accounts_auditevent_changelist")))
    page = reverse("admin:accounts_auditevent_change", args=[event.pk])
    assert browser.get(page).status_code == 200
    for url in (page, reverse("admin:accounts_auditevent_delete", args=[event.pk])):
        assert browser.post(url, {"post": "yes", "verb": "x", "subject": "x"}).status_code == 403
    assert browser.get(reverse("admin:accounts_auditevent_add")).status_code == 403
    assert AuditEvent.objects.get().verb == "person.add"
