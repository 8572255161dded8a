"""The pulling client against servers that are slow, broken or hostile: each costs its own time-out and nothing else."""

import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inference_kpis.pull.client import MAX_BODY_BYTES, Fetched, Limits, Target, authorization, fetch_all

# What nothing here should need, and what a server that never ends is given.
TIMEOUT, SHORT = 20, 0.3
BODY = b"requests_total 5\n"
Answer = Callable[[BaseHTTPRequestHandler], None]


def plain(body: bytes = BODY, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Content-Type": "text/plain", **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(body)

    return answer


def unframed(body: bytes) -> Answer:
    """Without a length: the end of the connection is the end of the body."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(body)

    return answer


def endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b"x" * 65536)


def dripping(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000000")
    request.end_headers()
    for _ in range(200):
        request.wfile.write(b"drip")
        request.wfile.flush()
        time.sleep(0.05)


def cut_short(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b"too little")


def needs_key(request: BaseHTTPRequestHandler) -> None:
    plain(BODY, 200 if request.headers["Authorization"] == "Bearer s3cret" else 401)(request)


def headers_back(request: BaseHTTPRequestHandler) -> None:
    plain(json.dumps(dict(request.headers)).encode())(request)


def form_back(request: BaseHTTPRequestHandler) -> None:
    length = int(request.headers["Content-Length"])
    plain(request.command.encode() + b" " + request.rfile.read(length))(request)


def bomb(request: BaseHTTPRequestHandler) -> None:
    deflate = zlib.compressobj(1, wbits=16 + zlib.MAX_WBITS)
    block = bytes(1024 * 1024)
    compressed = b"".join(deflate.compress(block) for _ in range(64)) + deflate.flush()
    plain(compressed, Content_Encoding="gzip")(request)


ANSWERS: dict[str, Answer] = {
    "/metrics": plain(),
    "/gzip": plain(gzip.compress(BODY), Content_Encoding="gzip"),
    "/unframed": unframed(BODY),
    "/half": unframed(b"requests_total 5\ntokens_total 12"),
    "/bomb": bomb,
    "/not-gzip": plain(b"plain words", Content_Encoding="gzip"),
    "/half-gzip": plain(gzip.compress(BODY * 100)[:-20], Content_Encoding="gzip"),
    "/brotli": plain(BODY, Content_Encoding="br"),
    "/large": plain(b"x" * (MAX_BODY_BYTES + 1)),
    "/endless": endless,
    "/dripping": dripping,
    "/cut-short": cut_short,
    "/error": plain(b"", 500),
    "/no-content": plain(b"", 204),
    "/key": needs_key,
    "/forbidden": plain(b"", 403),
    "/headers-back": headers_back,
    "/form-back": form_back,
    "/slash": plain(b"", 301, Location="/metrics"),
    "/twice": plain(b"", 302, Location="/slash"),
    "/nowhere": plain(b"", 302),
    "/elsewhere": plain(b"", 302, Location="http://localhost:1/metrics"),
    "/secret": plain(b"", 302, Location="http://169.254.169.254/latest/meta-data"),
    "/other-scheme": plain(b"", 302, Location="file:///etc/passwd"),
    "/headers": plain(BODY, 200, **{f"X-{i}": "y" * 8000 for i in range(3)}, X_Long="z" * 20_000),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        # The client hangs up on what it has seen enough of.
        with suppress(OSError):
            ANSWERS[self.path](self)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def fetch(url: str, port: int, authorization: str = "", timeout: float = TIMEOUT) -> Fetched:
    limits = Limits((), frozenset({f"127.0.0.1:{port}"}))
    return fetch_all([Target(1, 1, url, timeout, authorization)], limits)[0]


def post(path: str, port: int) -> Fetched:
    target = Target(1, 1, f"http://127.0.0.1:{port}{path}", TIMEOUT, form={"query": 'up{a="b"}'})
    return fetch_all([target], Limits((), frozenset({f"127.0.0.1:{port}"})))[0]


def test_a_form_is_posted_and_never_to_where_a_redirect_leads(port: int) -> None:
    assert post("/form-back", port).body == b"POST query=up%7Ba%3D%22b%22%7D"
    assert (post("/slash", port).problem, post("/bomb", port).problem) == ("redirected", "too_large")


@pytest.mark.parametrize("path", ["/metrics", "/gzip", "/slash", "/unframed"])
def test_it_works(port: int, path: str) -> None:
    before = time.time_ns() // 1_000_000
    got = fetch(f"http://127.0.0.1:{port}{path}", port)
    assert (got.body, got.problem) == (BODY, "")
    assert before <= got.started_ms <= time.time_ns() // 1_000_000


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/bomb", "too_large"),
        ("/large", "too_large"),
        ("/endless", "too_large"),
        ("/not-gzip", "bad_encoding"),
        ("/half-gzip", "bad_encoding"),
        ("/brotli", "bad_encoding"),
        ("/half", "cut_short"),
        ("/cut-short", "cut_short"),
        ("/error", "status"),
        ("/no-content", "status"),
        ("/key", "not_allowed"),
        ("/forbidden", "not_allowed"),
        ("/twice", "redirected"),
        ("/nowhere", "redirected"),
        ("/elsewhere", "redirected"),
        ("/secret", "redirected"),
        ("/other-scheme", "redirected"),
        ("/headers", "bad_http"),
    ],
)
def test_a_hostile_answer_has_a_name(port: int, path: str, problem: str) -> None:
    got = fetch(f"http://127.0.0.1:{port}{path}", port)
    assert (got.problem, got.body) == (problem, b"")


def test_a_body_that_drips_is_bounded_too(port: int) -> None:
    assert fetch(f"http://127.0.0.1:{port}/dripping", port, timeout=SHORT).problem == "timed_out"


def test_a_slow_node_costs_its_own_time_and_no_other(port: int) -> None:
    limits = Limits((), frozenset({f"127.0.0.1:{port}"}))
    asked = [("/dripping", SHORT)] * 5 + [("/metrics", TIMEOUT)] * 20
    targets = [Target(i, 1, f"http://127.0.0.1:{port}{path}", timeout) for i, (path, timeout) in enumerate(asked)]
    got = fetch_all(targets, limits)
    assert [each.problem for each in got] == ["timed_out"] * 5 + [""] * 20
    assert [each.target.node_id for each in got] == list(range(25))


# --- What is sent ----------------------------------------------------------------------------------------------------


def test_text_is_asked_for_first_and_nothing_else_is_told(port: int) -> None:
    sent = json.loads(fetch(f"http://127.0.0.1:{port}/headers-back", port, timeout=7.5).body)
    assert sent["Accept"].startswith("text/plain;version=0.0.4")
    assert sent["Accept-Encoding"] == "gzip"
    assert sent["X-Prometheus-Scrape-Timeout-Seconds"] == "7.5"
    assert not {"Authorization", "Cookie", "Referer"} & sent.keys()


def test_a_key_opens_and_does_not_show(port: int) -> None:
    got = fetch(f"http://127.0.0.1:{port}/key", port, authorization("bearer", "s3cret"))
    assert got.body == BODY
    assert "s3cret" not in repr(got)


@pytest.mark.parametrize(
    ("kind", "credential", "header"),
    [("bearer", "s3cret", "Bearer s3cret"), ("basic", "lé:on", "Basic bMOpOm9u"), ("none", "", "")],
)
def test_credentials_are_written_as_their_kind_asks(kind: str, credential: str, header: str) -> None:
    assert authorization(kind, credential) == header


def test_the_environment_names_no_proxy(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch(f"http://127.0.0.1:{port}/metrics", port).body == BODY


# --- Where it goes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:{port}/metrics", "address_refused"),
        ("http://localhost:{port}/metrics", "address_refused"),
        ("http://[::1]:{port}/metrics", "address_refused"),
        ("http://[::ffff:127.0.0.1]:{port}/metrics", "address_refused"),
        ("http://2130706433:{port}/metrics", "address_refused"),
        ("http://127.1:{port}/metrics", "address_refused"),
        ("http://user:pw@127.0.0.1/metrics", "bad_url"),
    ],
)
def test_what_is_not_allowed_is_not_connected_to(port: int, url: str, problem: str) -> None:
    """Without the exact exception of the demo fleet, loopback is refused however it is written."""
    everything = Limits(("0.0.0.0/0", "::/0"), frozenset())
    assert fetch_all([Target(1, 1, url.format(port=port), TIMEOUT)], everything)[0].problem == problem


def answering(monkeypatch: pytest.MonkeyPatch, port: int, *answers: tuple[str, ...]) -> list[str]:
    """Resolve every name to these addresses, one answer after the other; the names that were asked for."""
    asked: list[str] = []

    def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_name_with_one_refused_address_is_refused(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a second try would reach the other address."""
    answering(monkeypatch, port, ("127.0.0.1", "169.254.169.254"))
    assert fetch(f"http://fleet.example:{port}/metrics", port).problem == "address_refused"


def test_a_name_that_changes_its_mind_is_asked_once(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was judged is the one that is connected to."""
    asked = answering(monkeypatch, port, ("127.0.0.1",), ("169.254.169.254",))
    assert fetch(f"http://fleet.example:{port}/metrics", port).body == BODY
    assert asked == ["fleet.example"]


def test_a_redirect_is_judged_like_any_address(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, port, ("127.0.0.1",), ("169.254.169.254",))
    assert fetch(f"http://fleet.example:{port}/slash", port).problem == "address_refused"


def test_a_name_that_nobody_knows_is_named(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert fetch("http://no-such-host.invalid/metrics", port).problem == "unresolvable"


def test_a_closed_port_is_named() -> None:
    with socket.socket() as bound:
        # Bound and not listening: nobody else gets it meanwhile.
        bound.bind(("127.0.0.1", 0))
        closed = bound.getsockname()[1]
        assert fetch(f"http://127.0.0.1:{closed}/metrics", closed).problem == "connection_failed"


def self_signed(folder: Path) -> Path:
    """A certificate that nobody vouches for, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    written = folder / "certificate.pem"
    pem = serialization.Encoding.PEM
    written.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    return written


def test_a_certificate_that_nobody_vouches_for_is_named(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))

    class QuietServer(Server):
        def handle_error(self, *_: object) -> None:
            """The client hangs up in the middle of the handshake."""

    with QuietServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert fetch(f"https://127.0.0.1:{server.server_port}/metrics", server.server_port).problem == "tls_failed"
        server.shutdown()
