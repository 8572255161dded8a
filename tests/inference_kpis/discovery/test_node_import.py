"""Nodes from a file: first what would change, then everything or nothing."""

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.discovery import importing
from inference_kpis.fleet.models import Node, SiteHealth
from inference_kpis.pull.models import PullState
from tests.factories import NodeFactory, SiteFactory
from tests.pages import words

pytestmark = pytest.mark.django_db
PAGE = "kpis:node_import"
HEADINGS = "name;site;url;price_per_hour\n"


def upload(operator: Client, text: str) -> Any:
    return operator.post(reverse(PAGE), {"table": SimpleUploadedFile("nodes.csv", text.encode())})


def confirmation(preview: Any) -> dict[str, str]:
    """What the form of a preview sends when somebody confirms it."""
    page = preview.content.decode()
    digest = re.search(r'name="digest" value="(\w+)"', page)
    text = re.search(r'<textarea name="text" hidden>\n(.*?)</textarea>', page, re.DOTALL)
    assert digest
    assert text
    return {"digest": digest[1], "text": unescape(text[1])}


def everything() -> list[dict[str, object]]:
    return list(Node.objects.order_by("pk").values())


def test_it_works(operator: Client) -> None:
    SiteFactory(key="lyon")
    node = NodeFactory(name="lyon-01", site__key="paris")
    preview = upload(operator, f"{HEADINGS}lyon-01;lyon;{node.url};2,5\nlyon-02;lyon;http://10.0.0.2:8000/metrics;\n")
    assert "Preview: add 1, change 1, leave 0 as they are" in words(preview)
    assert "price_per_hour" in words(preview)
    assert Node.objects.count() == 1
    assert operator.post(reverse(PAGE), confirmation(preview))["Location"] == reverse("kpis:fleet")
    node.refresh_from_db()
    assert (node.site.key, node.price_per_hour, node.engine) == ("lyon", 2.5, "vllm")
    added = Node.objects.get(name="lyon-02")
    assert (added.engine, added.source, added.pull_interval_seconds, added.price_per_hour) == ("", "pull", 15, None)
    assert PullState.objects.filter(node=added).exists()
    assert SiteHealth.objects.get(site__key="lyon").waiting == 2
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", "details__via")
    assert list(verbs) == [("node.change", "csv"), ("node.register", "csv"), ("fleet.import", None)]


def test_an_export_comes_back_unchanged(operator: Client) -> None:
    NodeFactory(name="=cmd|' /C calc'!A0", price_per_hour="2.5", engine="")
    NodeFactory(name="'quoted", power_watts="300.25", credential_kind="bearer", credential_sealed=b"x")
    NodeFactory(name="pushes", source="push", url="")
    before = everything()
    exported = operator.get(reverse("kpis:node_export")).content.decode()
    preview = upload(operator, exported)
    assert "add 0, change 0, leave 3 as they are" in words(preview)
    assert "Every node is as the file says already." in words(preview)
    assert everything() == before


def test_an_identifier_renames(operator: Client) -> None:
    node = NodeFactory(name="old")
    preview = upload(operator, f"uuid,name,site\n{node.uuid},new,{node.site.key}\n")
    operator.post(reverse(PAGE), confirmation(preview))
    node.refresh_from_db()
    assert node.name == "new"


def test_one_bad_line_keeps_everything_out(operator: Client) -> None:
    SiteFactory(key="lyon")
    text = (
        HEADINGS + "good;lyon;http://10.0.0.1/metrics;1\n"
        "nowhere;mars;http://10.0.0.2/metrics;1\n"
        "no-url;lyon;;1\n"
        "dear;lyon;http://10.0.0.4/metrics;much\n"
        "good;lyon;http://10.0.0.5/metrics;1\n"
    )
    page = words(upload(operator, text))
    assert "4 things to put right; nothing was written" in page
    assert "3 site There is no site with this key" in page
    assert "4 url A node that is pulled needs its metrics URL." in page
    assert "5 price_per_hour Enter a number." in page
    assert "6 name Line 2 is about the same node." in page
    assert Node.objects.count() == 0
    # Nor can it be confirmed past the page.
    operator.post(reverse(PAGE), {"text": text, "digest": ""})
    assert Node.objects.count() == 0


@pytest.mark.parametrize(
    ("uuid", "sentence"),
    [("11111111-1111-4111-8111-111111111111", "No node in service has this identifier"), ("x", "No node in service")],
)
def test_an_unknown_identifier_is_refused(operator: Client, uuid: str, sentence: str) -> None:
    SiteFactory(key="lyon")
    assert sentence in words(upload(operator, f"uuid,name,site\n{uuid},a,lyon"))


def test_a_name_that_another_node_has_is_refused(operator: Client) -> None:
    node, other = NodeFactory(), NodeFactory()
    page = words(upload(operator, f"uuid,name,site\n{node.uuid},{other.name},{node.site.key}"))
    assert "2 name Node with this Name already exists." in page


def test_a_fleet_that_has_moved_is_previewed_again(operator: Client) -> None:
    node = NodeFactory(name="lyon-01")
    confirmed = confirmation(upload(operator, f"name,site,price_per_hour\nlyon-01,{node.site.key},2\n"))
    Node.objects.update(price_per_hour=2)
    again = operator.post(reverse(PAGE), confirmed)
    assert "The fleet has changed since this preview." in words(again)
    assert AuditEvent.objects.count() == 0


def test_confirming_twice_writes_once(operator: Client) -> None:
    SiteFactory(key="lyon")
    confirmed = confirmation(upload(operator, HEADINGS + "a;lyon;http://10.0.0.1/metrics;1\n"))
    assert operator.post(reverse(PAGE), confirmed).status_code == 302
    assert operator.post(reverse(PAGE), confirmed).status_code == 200
    assert Node.objects.count() == 1


def test_a_page_does_not_run_what_a_file_says(operator: Client) -> None:
    SiteFactory(key="lyon")
    text = HEADINGS + "</textarea><script>alert(1)</script>;lyon;http://10.0.0.1/metrics;1\n"
    preview = upload(operator, text)
    assert b"<script>alert" not in preview.content
    assert confirmation(preview)["text"] == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name\nx", "These columns are missing: site."),
        ("name,site,secret\nx,y,z", "These columns are not known: secret."),
        ('name,site\n"x', "The file is no table that can be read."),
        ("x" * (4 * 1024 * 1024 + 1), "The file is larger than 4 MB."),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(operator: Client, text: str, sentence: str) -> None:
    assert sentence in words(upload(operator, text))


def test_a_file_changes_so_many_nodes_at_most(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_CHECKED", 1)
    site = SiteFactory()
    unchanged = "".join(f"{node.name},{site.key}\n" for node in NodeFactory.create_batch(3, site=site))
    new = "".join(f"new-{number},{site.key}\n" for number in range(3))
    assert "leave 3 as they are" in words(upload(operator, f"name,site\n{unchanged}"))
    assert "adds or changes more than 1,000 nodes" in words(upload(operator, f"name,site\n{new}"))


def test_a_spreadsheet_may_write_numbers_its_own_way(operator: Client) -> None:
    node = NodeFactory(name="lyon-01", price_per_hour="2.5", power_watts="1250")
    table = f"name;site;price_per_hour;power_watts\nlyon-01;{node.site.key};2,5;1 250,0\n"
    assert "leave 1 as they are" in words(upload(operator, table))


def test_without_a_file_it_says_so(operator: Client) -> None:
    assert "CSV file: This field is required." in words(operator.post(reverse(PAGE), {}))
    assert "The submitted file is empty." in words(upload(operator, ""))


def test_who_only_reads_may_not(browser: Client) -> None:
    SiteFactory(key="lyon")
    assert upload(browser, HEADINGS + "a;lyon;http://10.0.0.1/metrics;1\n").status_code == 403
    assert Node.objects.count() == 0
