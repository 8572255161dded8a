"""A node's certificates on its form: checked, sealed, kept, replaced, forgotten, and a key never shown."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from inference_kpis.fleet.models import Node
from inference_kpis.pull.models import PullTls
from tests.factories import NodeFactory
from tests.inference_kpis.certificates import Authority
from tests.inference_kpis.dashboards.asking import NOW, text_of
from tests.inference_kpis.dashboards.test_node_edit import edit

pytestmark = pytest.mark.django_db
AUTHORITY = Authority(NOW)
OURS, NEWER = AUTHORITY.issue("vigie"), AUTHORITY.issue("newer")


@pytest.fixture
def node(operator: Client) -> Node:
    """With authorities and a certificate."""
    node = NodeFactory()
    sent = {"authorities": AUTHORITY.pem, "client_certificate": OURS.certificate, "client_key": OURS.key}
    assert edit(operator, node, **sent).status_code == 302
    return node


def test_it_works(node: Node) -> None:
    kept = PullTls.objects.get(node=node)
    opened = kept.tls()
    assert (opened.authorities, opened.certificate, opened.key.strip()) == (
        AUTHORITY.pem,
        OURS.certificate,
        OURS.key.strip(),
    )
    assert kept.client_name == "vigie"
    assert b"PRIVATE" not in bytes(kept.client_sealed or b"")
    assert "PRIVATE" not in repr(opened)


def test_a_key_is_never_shown(operator: Client, node: Node) -> None:
    secret = OURS.key.splitlines()[1]
    pages = [node.get_absolute_url(), reverse("kpis:node_edit", args=[node.uuid])]
    assert all(secret not in operator.get(url).content.decode() for url in pages)
    refused = edit(operator, node, name="", client_certificate=OURS.certificate, client_key=OURS.key)
    assert refused.status_code == 200
    assert secret not in refused.content.decode()
    assert secret not in str(AuditEvent.objects.values())
    assert "vigie, until" in text_of(operator.get(pages[0]))


def test_what_is_there_stays_until_it_is_replaced_or_forgotten(operator: Client, node: Node) -> None:
    edit(operator, node, authorities=AUTHORITY.pem)
    assert PullTls.objects.get().client_name == "vigie"
    edit(operator, node, authorities="", client_certificate=NEWER.certificate, client_key=NEWER.key)
    kept = PullTls.objects.get()
    assert (kept.client_name, kept.authorities) == ("newer", "")
    edit(operator, node, forget_client="on")
    assert not PullTls.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"client_certificate": OURS.certificate}, "client_key", "Enter the certificate and its key."),
        ({"client_key": OURS.key}, "client_certificate", "Enter the certificate and its key."),
        (
            {"client_certificate": OURS.certificate, "client_key": NEWER.key},
            "client_key",
            "The key does not belong to the certificate.",
        ),
        (
            {"client_certificate": "words", "client_key": OURS.key},
            "client_certificate",
            "This is no certificate in PEM.",
        ),
        ({"authorities": "words"}, "authorities", "This is no bundle of certificates in PEM."),
    ],
)
def test_what_cannot_be_used_is_refused_and_changes_nothing(
    operator: Client, values: dict[str, object], field: str, words: str
) -> None:
    page = edit(operator, NodeFactory(), **values)
    assert list(page.context["form"].errors) == [field]
    assert words in text_of(page)
    assert not PullTls.objects.exists()


def test_a_node_without_a_certificate_has_none_to_forget(operator: Client, node: Node) -> None:
    plain = NodeFactory()
    assert b"forget_client" not in operator.get(reverse("kpis:node_edit", args=[plain.uuid])).content
    assert b"forget_client" in operator.get(reverse("kpis:node_edit", args=[node.uuid])).content


def test_there_is_no_way_not_to_verify(operator: Client, node: Node) -> None:
    page = operator.get(reverse("kpis:node_edit", args=[node.uuid]))
    assert not [name for name in page.context["form"].fields if "verify" in name or "insecure" in name]
