"""The same few people, sites and nodes in every test."""

from typing import Any

import factory
from django.test import Client

from accounts.models import MachineKey, Membership, Role, Team, User
from inference_kpis.fleet.models import Node, Site
from inference_kpis.formulas.models import CustomKpi
from inference_kpis.pull.models import PullState
from inference_kpis.push.models import KeySite

PASSWORD = "correct horse battery"


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.test")
    name = factory.Sequence(lambda n: f"Person {n}")
    role = Role.CONTRIBUTOR
    password = factory.django.Password(PASSWORD)


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")


class SiteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Site

    key = factory.Sequence(lambda n: f"site-{n}")
    name = factory.Sequence(lambda n: f"Site {n}")
    tier = "edge"


class NodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Node

    name = factory.Sequence(lambda n: f"node-{n:04}")
    site = factory.SubFactory(SiteFactory)
    engine = "vllm"
    url = "http://10.0.0.1:8000/metrics"
    pull_interval_seconds = 15


class CustomKpiFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CustomKpi

    key = factory.Sequence(lambda n: f"custom_{n:03}")
    name_en = factory.Sequence(lambda n: f"Energy of an answer {n}")
    name_fr = factory.Sequence(lambda n: f"Énergie d’une réponse {n}")
    description_en = "Power of all nodes divided by the requests of a second."
    description_fr = "Puissance de tous les nœuds divisée par les requêtes d’une seconde."
    formula = "total(power) / rate(requests)"
    unit = shown_in = "J/request"
    direction = "lower"


def member_of(team: Team, role: str = Role.CONTRIBUTOR, **values: Any) -> User:
    """A person on a team."""
    user = UserFactory(role=role, **values)
    Membership.objects.create(team=team, user=user)
    return user


def machine_key(*sites: Site, **values: Any) -> tuple[MachineKey, str]:
    """A key that may write for these sites, and its text."""
    key, text = MachineKey.issue(**{"name": "test", "scopes": [MachineKey.Scope.WRITE_READINGS], **values})
    KeySite.objects.bulk_create(KeySite(key=key, site=site) for site in sites)
    return key, text


def scheduled(node: Node, due_at: Any) -> PullState:
    """The node's place on the schedule."""
    return PullState.objects.create(node=node, next_pull_at=due_at)


def signed_in(person: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(person)
    return client
