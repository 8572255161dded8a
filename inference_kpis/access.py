"""Who may see and change what on the machine side: everybody who signs in reads the fleet, operators write it."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from accounts.models import MachineKey, Role, User
from inference_kpis.fleet.models import Node

WRITE_FLEET = {Role.OPERATOR, Role.ADMINISTRATOR}


def can_write_fleet(user: User) -> bool:
    return user.role in WRITE_FLEET


def can_read_kpis(reader: User | AnonymousUser | MachineKey) -> bool:
    """Everybody who is signed in, and keys with that scope. Both read the whole fleet: a key's sites bound its writing."""
    if isinstance(reader, MachineKey):
        return MachineKey.Scope.READ_KPIS in reader.scopes
    return reader.is_authenticated


def get_node(uuid: UUID) -> Node:
    """A node in service; everybody who is signed in may see it."""
    node = Node.objects.in_service().select_related("site").filter(uuid=uuid).first()
    if node is None:
        raise Http404
    return node


def get_writable_node_for(user: User, uuid: UUID) -> Node:
    """A node, for somebody who writes the fleet."""
    if not can_write_fleet(user):
        raise Http404
    return get_node(uuid)
