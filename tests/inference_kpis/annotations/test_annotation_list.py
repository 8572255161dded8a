"""The pages of annotations."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, Role, User
from inference_kpis.annotations.models import Annotation
from tests.factories import SiteFactory, UserFactory, signed_in
from tests.pages import queries, words

pytestmark = pytest.mark.django_db
LIST = "kpis:annotation_list"


@pytest.fixture
def author() -> User:
    return UserFactory(role=Role.OPERATOR, name="Ada")


@pytest.fixture
def operator(author: User) -> Client:
    return signed_in(author)


def add(browser: Client, **values: Any) -> Any:
    data = {"kind": "release", "title": "v2", "starts_at": "2026-11-22T10:00", "scope": "fleet", **values}
    return browser.post(reverse("kpis:annotation_add"), data)


def test_it_works(operator: Client) -> None:
    site = SiteFactory(name="Lyon")
    assert add(operator, scope="site", site=site.pk, text="New weights").status_code == 302
    text = words(operator.get(reverse(LIST)))
    assert "Release v2 · Lyon New weights" in text
    assert "Ada" in text
    assert AuditEvent.objects.get().verb == "annotation.add"


def test_it_is_changed_removed_and_put_back(operator: Client) -> None:
    add(operator)
    annotation = Annotation.objects.get()
    changed = {"kind": "note", "title": "v3", "starts_at": "2026-11-22T10:00", "scope": "fleet"}
    operator.post(reverse("kpis:annotation_edit", args=[annotation.pk]), changed)
    operator.post(reverse("kpis:annotation_remove", args=[annotation.pk]))
    assert not Annotation.objects.kept().exists()
    assert "Removed in the last 7 days Note · v3" in words(operator.get(reverse(LIST)))
    operator.post(reverse("kpis:annotation_restore", args=[annotation.pk]))
    assert Annotation.objects.kept().get().title == "v3"


def test_another_operator_reads_only(operator: Client) -> None:
    add(operator)
    other = signed_in(UserFactory(role=Role.OPERATOR))
    pk = Annotation.objects.get().pk
    assert other.get(reverse("kpis:annotation_edit", args=[pk])).status_code == 404
    assert other.post(reverse("kpis:annotation_remove", args=[pk])).status_code == 404
    assert "Remove" not in words(other.get(reverse(LIST)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"title": ""}, "This field is required."),
        ({"ends_at": "2026-11-22T09:00"}, "The end comes after the start."),
        ({"scope": "site"}, "Choose the site."),
        ({"link": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"kind": "party"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said(operator: Client, change: dict[str, str], sentence: str) -> None:
    page = add(operator, **change)
    assert page.status_code == 200
    assert sentence in words(page)
    assert not Annotation.objects.exists()


def test_without_one_it_says_what_to_do(operator: Client) -> None:
    assert "No annotation yet" in words(operator.get(reverse(LIST)))
    assert "Add an annotation" not in words(signed_in(UserFactory()).get(reverse(LIST)))


def test_the_file_holds_no_formula(operator: Client) -> None:
    add(operator, title="=1+1")
    body = operator.get(reverse("kpis:annotation_csv")).content.decode()
    assert body.startswith("start_utc,end_utc,kind,title")
    assert ",release,'=1+1,,fleet,,,Ada" in body


def test_twenty_cost_as_many_queries_as_one(operator: Client, author: User) -> None:
    add(operator)
    with_one = queries(operator, reverse(LIST))
    for number in range(19):
        site = SiteFactory()
        Annotation.objects.create(
            title=str(number), starts_at=timezone.now(), scope="site", site=site, created_by=author
        )
    assert queries(operator, reverse(LIST)) == with_one
