"""The inbox of nodes that push unregistered."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, MachineKey
from inference_kpis.fleet.models import Node, Site
from inference_kpis.push.models import WaitingNode
from tests.factories import NodeFactory, SiteFactory, machine_key
from tests.inference_kpis.dashboards.asking import NOW
from tests.pages import queries, words

pytestmark = pytest.mark.django_db
LIST = "/en/fleet/waiting/"


@pytest.fixture
def site() -> Site:
    return SiteFactory(key="lyon", name="Lyon")


@pytest.fixture
def key(site: Site) -> MachineKey:
    return machine_key(site, name="Gateway")[0]


def waits(key: MachineKey, name: str = "lyon-09") -> WaitingNode:
    return WaitingNode.objects.create(key=key, name=name, first_at=NOW, last_at=NOW)


def post(operator: Client, name: str, waiting: WaitingNode, **values: str) -> str:
    return words(operator.post(reverse(f"kpis:waiting_{name}", args=[waiting.pk]), values, follow=True))


def test_it_works(operator: Client, key: MachineKey, site: Site) -> None:
    waiting = waits(key)
    assert "1 waiting node" in words(operator.get("/en/fleet/"))
    page = words(operator.get(LIST))
    assert "lyon-09 Gateway" in page
    assert "Register at Lyon" in page
    done = post(operator, "register", waiting, site="lyon")
    assert "Node lyon-09 is registered; what it sends from now on is stored." in done
    assert "Nobody waits" in done
    node = Node.objects.get()
    assert (node.name, node.site, node.source) == ("lyon-09", site, "push")


def test_the_site_is_chosen_where_there_are_several(operator: Client, site: Site) -> None:
    paris = SiteFactory(key="paris", name="Paris")
    waiting = waits(machine_key(site, paris)[0])
    assert "Lyon Paris Register" in words(operator.get(LIST))
    post(operator, "register", waiting, site="paris")
    assert Node.objects.get().site == paris


def test_a_site_that_the_key_may_not_write_is_refused(operator: Client, key: MachineKey) -> None:
    SiteFactory(key="paris")
    assert "Choose one of the sites that the key may write for." in post(operator, "register", waits(key), site="paris")
    assert not Node.objects.exists()


def test_a_name_that_is_taken_elsewhere_is_explained(operator: Client, key: MachineKey) -> None:
    NodeFactory(name="lyon-09", site=SiteFactory(name="Paris"))
    waiting = waits(key)
    assert "A node of this name stands at Paris, which the key may not write for." in words(operator.get(LIST))
    assert "Another node has the name lyon-09 by now." in post(operator, "register", waiting, site="lyon")


def test_a_key_without_sites_is_explained(operator: Client) -> None:
    waits(machine_key()[0])
    assert "The key may write for no site: an administrator gives it one." in words(operator.get(LIST))


def test_ignoring_can_be_taken_back(operator: Client, key: MachineKey) -> None:
    waiting = waits(key)
    assert "lyon-09 is shown no more; you find it under “Ignored”." in post(operator, "ignore", waiting)
    assert "Nobody waits" in words(operator.get(LIST))
    assert "Let it wait again" in words(operator.get(LIST, {"ignored": "1"}))
    post(operator, "ignore", waiting, back="1")
    assert "Register at Lyon" in words(operator.get(LIST))
    assert set(AuditEvent.objects.values_list("verb", flat=True)) == {"waiting_node.ignore", "waiting_node.heed"}


def test_what_a_revoked_key_sent_waits_no_longer(operator: Client, key: MachineKey) -> None:
    waits(key)
    MachineKey.objects.update(revoked_at=NOW)
    assert "Nobody waits" in words(operator.get(LIST))


def test_twenty_cost_as_many_queries_as_one(operator: Client, key: MachineKey) -> None:
    waits(key)
    few = queries(operator, LIST)
    for at in range(20):
        waits(machine_key(SiteFactory())[0], f"node-{at}")
    assert queries(operator, LIST) == few
