"""Which addresses may be connected to.

Nothing is reachable until the administrator allows its network. What an address means is judged after unwrapping the
IPv6 forms that carry an IPv4 address, and never on the text of a URL: `2130706433` and `①②⑦.⓪.⓪.①` are loopback too.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from inference_kpis.pull.problems import PullFailed

Address = IPv4Address | IPv6Address

# No allow-list opens these: this host, link-local with the metadata services of clouds, unspecified, multicast.
NEVER = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "100.100.100.200/32"),
        *("::/128", "::1/128", "fe80::/10", "fec0::/10", "ff00::/8", "fd00:ec2::254/128"),
    )
)
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")


def unwrapped(address: Address) -> Address:
    """The IPv4 address inside a mapped, compatible, NAT64, 6to4 or Teredo one; any other as it is."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    embeds = any(address in network for network in _NAT64) or (address in _COMPATIBLE and int(address) > 1)
    return IPv4Address(int(address) & 0xFFFFFFFF) if embeds else address


def check_address(text: str, port: int, *, networks: Sequence[str], demo_endpoints: Collection[str]) -> None:
    """Raise `PullFailed('address_refused')` unless this address is allowed.

    `demo_endpoints` are exact `host:port` pairs on loopback, which only the launcher sets.
    """
    if not _is_allowed(text, port, tuple(networks), frozenset(demo_endpoints)):
        raise PullFailed("address_refused")


@lru_cache(maxsize=10_000)
def _is_allowed(text: str, port: int, networks: tuple[str, ...], demo_endpoints: frozenset[str]) -> bool:
    """A function of its arguments alone; remembered, since each pull asks it twice of the same address."""
    try:
        address = unwrapped(ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    if f"{address}:{port}" in demo_endpoints:
        return True
    if any(address in network for network in NEVER):
        return False
    return any(address in ip_network(network, strict=False) for network in networks)


def parse_url(url: str) -> SplitResult:
    """The parts of a URL that may be pulled. Raises `PullFailed('bad_url')`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise PullFailed("bad_url") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    has_user = "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or has_user or parts.fragment or port == 0:
        raise PullFailed("bad_url")
    if not is_plain:
        raise PullFailed("bad_url")
    return parts


def port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def same_origin(one: SplitResult, other: SplitResult) -> bool:
    return (one.scheme, one.hostname, port_of(one)) == (other.scheme, other.hostname, port_of(other))
