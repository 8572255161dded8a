"""Which addresses may be connected to, whatever way they are written."""

import pytest

from inference_kpis.pull.guard import check_address, parse_url, port_of, same_origin
from inference_kpis.pull.problems import PullFailed

EVERYTHING = ("0.0.0.0/0", "::/0")
# No allow-list opens these.
NEVER = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "100.100.100.200"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "fd00:ec2::254"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
    *("64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:80ff:fffe"),
    *("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "①②⑦.⓪.⓪.①", "localhost", ""),
]


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_allowed(address: str) -> None:
    with pytest.raises(PullFailed, match="address_refused"):
        check_address(address, 80, networks=EVERYTHING, demo_endpoints=())


@pytest.mark.parametrize(
    ("address", "networks", "is_allowed"),
    [
        ("10.1.2.3", (), False),
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("11.1.2.3", ("10.0.0.0/8",), False),
        ("10.1.2.3", ("10.1.2.0/24", "10.9.0.0/16"), True),
        ("10.1.2.3", ("10.1.2.99/24",), True),
        ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
        ("64:ff9b::a01:203", ("10.0.0.0/8",), True),
        ("64:ff9b::a01:203", ("64:ff9b::/96",), False),
        ("2001:db8::7", ("2001:db8::/32",), True),
        ("2001:db9::7", ("2001:db8::/32",), False),
    ],
)
def test_an_address_needs_an_allowed_network(address: str, networks: tuple[str, ...], is_allowed: bool) -> None:
    if is_allowed:
        check_address(address, 8000, networks=networks, demo_endpoints=())
    else:
        with pytest.raises(PullFailed):
            check_address(address, 8000, networks=networks, demo_endpoints=())


def test_the_demo_fleet_is_let_in_by_exact_host_and_port() -> None:
    demo = {"127.0.0.1:20001"}
    check_address("127.0.0.1", 20001, networks=(), demo_endpoints=demo)
    for address, port in (("127.0.0.1", 20002), ("127.0.0.2", 20001), ("::1", 20001)):
        with pytest.raises(PullFailed):
            check_address(address, port, networks=EVERYTHING, demo_endpoints=demo)


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://host/", "file:///etc/passwd", "http://", "http://user:secret@host/", "http://host/#part", "host/", ""),
        *("http://user@host/", "http://@host/", "http://:secret@host/", "http://host\\@127.0.0.1/", "http://[::1/"),
        *("http://host:port/", "http://host:-1/", "http://host/\t", "http://host\0/", "javascript:alert(1)"),
        *("http://host:0/", "http://host:99999/", "http://host/a b", "http://hôte/", "http://host/\r\nX: 1", "//host/"),
    ],
)
def test_some_urls_cannot_be_pulled(url: str) -> None:
    with pytest.raises(PullFailed, match="bad_url"):
        parse_url(url)


def test_an_origin_is_scheme_host_and_port() -> None:
    metrics = parse_url("http://host/metrics")
    assert port_of(metrics) == 80
    assert same_origin(metrics, parse_url("http://host:80/metrics/"))
    for other in ("https://host/metrics", "http://other/metrics", "http://host:81/metrics"):
        assert not same_origin(metrics, parse_url(other))
