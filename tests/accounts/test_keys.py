"""Machine keys: known by a prefix, proved by a secret that is nowhere kept, good until they expire or are revoked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.keys import LAST_USE_PRECISION, find_key
from accounts.models import MachineKey, hash_secret

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


def issue(**values: Any) -> tuple[MachineKey, str]:
    return MachineKey.issue(**{"name": "Prometheus of Lyon", "scopes": [MachineKey.Scope.WRITE_READINGS], **values})


def test_it_works() -> None:
    key, text = issue()
    assert find_key(text, NOW) == key
    kind, prefix, secret = text.split("_", 2)
    assert (kind, prefix) == ("vig", key.prefix)
    assert len(secret) >= 43
    assert str(key) == f"Prometheus of Lyon (vig_{prefix}…)"


def test_the_secret_is_kept_only_as_a_hash() -> None:
    key, text = issue()
    secret = text.split("_", 2)[2]
    stored = MachineKey.objects.values().get()
    assert stored["secret_hash"] == hash_secret(secret)
    assert secret not in str(stored)
    assert key.prefix in text


def test_two_keys_are_never_alike() -> None:
    texts = {issue()[1] for _ in range(20)}
    assert len({text.split("_", 2)[2] for text in texts}) == 20
    with pytest.raises(IntegrityError), transaction.atomic():
        MachineKey.objects.update(prefix="same")


def broken(text: str) -> list[str]:
    _, prefix, secret = text.split("_", 2)
    return [
        "",
        "vig",
        "vig_",
        f"vig_{prefix}",
        f"vig_{prefix}_",
        f"vig_{prefix}_{secret[:-1]}",
        f"vig_{prefix}_{secret}x",
        f"vig_{prefix}_{hash_secret(secret)}",
        f"vig_{prefix.upper()}x_{secret}",
        f"key_{prefix}_{secret}",
        f"{prefix}_{secret}",
        secret,
        f"vig_\x00_{secret}",
        f"vig_{prefix}_é",
    ]


def test_anything_else_is_no_key() -> None:
    _, text = issue()
    assert [find_key(wrong, NOW) for wrong in broken(text)] == [None] * len(broken(text))


@pytest.mark.parametrize(
    ("values", "is_good"),
    [
        ({"expires_at": None}, True),
        ({"expires_at": NOW + timedelta(microseconds=1)}, True),
        ({"expires_at": NOW}, False),
        ({"expires_at": NOW - timedelta(days=1)}, False),
        ({"revoked_at": NOW - timedelta(days=1)}, False),
        ({"revoked_at": NOW + timedelta(days=1)}, False),
    ],
)
def test_a_key_is_good_until_it_expires_or_is_revoked(values: dict[str, Any], is_good: bool) -> None:
    key, text = issue()
    MachineKey.objects.update(**values)
    assert find_key(text, NOW) == (key if is_good else None)


def test_a_renewed_key_has_another_text() -> None:
    key, old = issue()
    new = key.renew()
    assert find_key(old, NOW) is None
    assert find_key(new, NOW) == key


def test_the_last_use_is_known_to_the_minute() -> None:
    _, text = issue()
    for later, used in ((0, 0), (59, 0), (60, 0), (61, 61)):
        find_key(text, NOW + timedelta(seconds=later))
        assert MachineKey.objects.get().last_used_at == NOW + timedelta(seconds=used)
    assert timedelta(seconds=60) == LAST_USE_PRECISION


def test_a_refused_key_was_not_used() -> None:
    _, text = issue(expires_at=NOW)
    find_key(text, NOW)
    assert MachineKey.objects.get().last_used_at is None


def test_it_costs_one_query_and_one_write_a_minute(django_assert_num_queries: Any) -> None:
    _, text = issue()
    with django_assert_num_queries(2):
        find_key(text, NOW)
    with django_assert_num_queries(1):
        find_key(text, NOW)
