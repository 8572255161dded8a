"""What may be entered as a certificate, and what is said of the rest."""

from datetime import UTC, datetime, timedelta

import pytest

from inference_kpis.pull.certificates import BadCertificate, authorities, client_certificate, days_left
from tests.inference_kpis.certificates import Authority, Issued

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
AUTHORITY = Authority(NOW)
OURS, OTHER = AUTHORITY.issue("vigie"), AUTHORITY.issue("other")
EXPIRED, LOCKED = AUTHORITY.issue("old", days=-1), AUTHORITY.issue("locked", lock="password")


def refused(certificate: str, key: str) -> str:
    with pytest.raises(BadCertificate) as caught:
        client_certificate(certificate, key, NOW)
    return caught.value.code


def test_it_works() -> None:
    checked = client_certificate(f"Words.\n{OURS.certificate}{AUTHORITY.pem}", f"\n{OURS.key}", NOW)
    assert (checked.name, checked.expires_at) == ("vigie", NOW + timedelta(days=90))
    assert checked.chain == OURS.certificate + AUTHORITY.pem
    assert "PRIVATE" not in repr(checked)


@pytest.mark.parametrize(
    ("issued", "code"),
    [
        (Issued("words", OURS.key), "no_certificate"),
        (Issued("", OURS.key), "no_certificate"),
        (Issued(OURS.key, OURS.key), "no_certificate"),
        (Issued(OURS.certificate.replace("MII", "AAA"), OURS.key), "no_certificate"),
        (Issued(OURS.certificate, "words"), "no_key"),
        (Issued(OURS.certificate, OURS.certificate), "no_key"),
        (Issued(OURS.certificate, OTHER.key), "key_does_not_match"),
        (Issued(AUTHORITY.pem + OURS.certificate, OURS.key), "key_does_not_match"),
        (LOCKED, "key_locked"),
        (EXPIRED, "expired"),
        (Issued(OURS.certificate, "x" * 200_000), "too_long"),
        (Issued("é" * 200_000, OURS.key), "too_long"),
    ],
)
def test_what_cannot_be_used_is_called_what_it_is(issued: Issued, code: str) -> None:
    assert refused(issued.certificate, issued.key) == code


def test_a_bundle_keeps_its_certificates_alone() -> None:
    assert (
        authorities(f"# Words.\n{AUTHORITY.pem}\nmore\n{EXPIRED.certificate}", NOW)
        == AUTHORITY.pem + EXPIRED.certificate
    )


@pytest.mark.parametrize(
    ("bundle", "code"),
    [("words", "no_authority"), (EXPIRED.certificate, "expired"), (OURS.certificate * 51, "too_long")],
)
def test_a_bundle_that_vouches_for_nothing_is_refused(bundle: str, code: str) -> None:
    with pytest.raises(BadCertificate) as caught:
        authorities(bundle, NOW)
    assert caught.value.code == code


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (23, 0), (24, 1), (-1, -1), (24 * 30, 30)])
def test_days_are_whole(hours: int, days: int) -> None:
    assert days_left(NOW + timedelta(hours=hours), NOW) == days
