"""Settings: a fresh checkout starts, production asks for its secrets, and a slip is a sentence that says what to write."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.config.loading import PRODUCTION, settings_with

Patch = pytest.MonkeyPatch


def refusal(monkeypatch: Patch, **environment: str) -> str:
    """The sentence with which the settings refuse to load."""
    with pytest.raises(ImproperlyConfigured) as caught:
        settings_with(monkeypatch, **environment)
    return str(caught.value)


def test_it_works(monkeypatch: Patch) -> None:
    found = settings_with(monkeypatch)
    assert (found.ENVIRONMENT, found.DEBUG, found.IN_PRODUCTION) == ("development", False, False)
    assert found.ALLOWED_HOSTS == ["localhost", "127.0.0.1", "testserver"]
    assert found.PULL_NETWORKS == []
    assert (found.RAW_RETENTION_DAYS, found.MINUTE_RETENTION_DAYS) == (15, 45)
    assert found.DATABASES["default"]["OPTIONS"]["options"] == "-c synchronous_commit=on"


# --- Production ----------------------------------------------------------------------------------------------------


def test_production_starts_with_its_secrets_and_hosts(monkeypatch: Patch) -> None:
    found = settings_with(monkeypatch, **{**PRODUCTION, "VIGIE_ALLOWED_HOSTS": "vigie.example, vigie.intern"})
    assert found.ALLOWED_HOSTS == ["vigie.example", "vigie.intern"]
    assert found.CSRF_TRUSTED_ORIGINS == ["https://vigie.example", "https://vigie.intern"]
    assert PRODUCTION["VIGIE_SECRET_KEY"] == found.SECRET_KEY
    assert found.SESSION_COOKIE_SECURE is found.CSRF_COOKIE_SECURE is found.SECURE_SSL_REDIRECT is True
    assert found.SESSION_COOKIE_NAME.startswith("__Host-")
    assert found.SECURE_PROXY_SSL_HEADER is None


@pytest.mark.parametrize("name", ["VIGIE_SECRET_KEY", "VIGIE_CREDENTIAL_KEYS", "VIGIE_ALLOWED_HOSTS"])
@pytest.mark.parametrize("value", [None, ""])
def test_production_refuses_to_start_without(monkeypatch: Patch, name: str, value: str | None) -> None:
    environment = {**PRODUCTION, name: value or ""}
    if value is None:
        del environment[name]
    assert refusal(monkeypatch, **environment).startswith(f"{name} is not set. ")


def test_the_secrets_of_development_are_not_those_of_production(monkeypatch: Patch) -> None:
    development, production = settings_with(monkeypatch), settings_with(monkeypatch, **PRODUCTION)
    assert development.SECRET_KEY != production.SECRET_KEY
    assert set(development.CREDENTIAL_KEYS).isdisjoint(production.CREDENTIAL_KEYS)


def test_a_proxy_is_trusted_only_when_told(monkeypatch: Patch) -> None:
    found = settings_with(monkeypatch, **PRODUCTION, VIGIE_BEHIND_PROXY="true")
    assert found.SECURE_PROXY_SSL_HEADER == ("HTTP_X_FORWARDED_PROTO", "https")


# --- Slips ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["staging", "Production", ""])
def test_an_unknown_environment_is_refused(monkeypatch: Patch, written: str) -> None:
    sentence = f"VIGIE_ENVIRONMENT is '{written}'. Write one of: development, test, production."
    assert refusal(monkeypatch, VIGIE_ENVIRONMENT=written) == sentence


@pytest.mark.parametrize(
    ("name", "written", "wanted"),
    [
        ("VIGIE_PULL_BATCH_SIZE", "many", "a whole number from 1 on"),
        ("VIGIE_PULL_BATCH_SIZE", "0", "a whole number from 1 on"),
        ("VIGIE_EMAIL_URL", "gopher://mail", "the address of a mail server"),
        ("VIGIE_EMAIL_URL", "s3cret", "the address of a mail server"),
        ("VIGIE_RAW_RETENTION_DAYS", "-1", "a whole number from 1 on"),
        ("VIGIE_RAW_RETENTION_DAYS", "1.5", "a whole number from 1 on"),
        ("VIGIE_MINUTE_RETENTION_DAYS", "٣", "a whole number from 1 on"),
        ("VIGIE_TIME_ZONE", "Paris", "the name of a time zone"),
        ("VIGIE_TIME_ZONE", "", "the name of a time zone"),
        ("VIGIE_LOG_LEVEL", "loud", "one of: DEBUG, INFO, WARNING, ERROR"),
        ("VIGIE_PULL_NETWORKS", "10.0.0.0/8,lan", "networks such as 10.0.0.0/8"),
        ("VIGIE_CREDENTIAL_KEYS", "c2hvcnQ=", "Fernet keys"),
        ("DATABASE_URL", "mysql://root:s3cret@db/vigie", "the address of a PostgreSQL database"),
        ("DATABASE_URL", "sqlite:///vigie", "the address of a PostgreSQL database"),
        ("DATABASE_URL", "postgres://root:s3cret@db:port/vigie", "the address of a PostgreSQL database"),
        ("REDIS_URL", "localhost:6379", "the address of a Redis server"),
        ("REDIS_URL", "http://localhost", "the address of a Redis server"),
    ],
)
def test_what_is_not_understood_is_refused(monkeypatch: Patch, name: str, written: str, wanted: str) -> None:
    sentence = refusal(monkeypatch, **{name: written})
    assert sentence.startswith(f"{name} is not understood. Write {wanted}")
    assert "s3cret" not in sentence


def test_a_mail_server_is_taken_apart(monkeypatch: Patch) -> None:
    settings = settings_with(monkeypatch, VIGIE_EMAIL_URL="smtp+tls://vigie:p%40ss@mail.example:587")
    assert (settings.EMAIL_HOST, settings.EMAIL_PORT) == ("mail.example", 587)
    assert (settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD, settings.EMAIL_USE_TLS) == ("vigie", "p@ss", True)


def test_a_yes_or_no_is_one(monkeypatch: Patch) -> None:
    for written in ("maybe", "ja", "2"):
        sentence = refusal(monkeypatch, **PRODUCTION, VIGIE_BEHIND_PROXY=written)
        assert sentence == "VIGIE_BEHIND_PROXY is not understood. Write true or false."


def test_lists_may_have_spaces(monkeypatch: Patch) -> None:
    found = settings_with(monkeypatch, VIGIE_PULL_NETWORKS=" 10.0.0.0/8 ,192.168.1.7/24,, ")
    assert found.PULL_NETWORKS == ["10.0.0.0/8", "192.168.1.7/24"]


# --- Servers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host", "name"),
    [
        ("postgres://vigie:pw@db.example:5432/company", "db.example", "company"),
        ("postgres://vigie:pw@/company?host=/run/postgresql", "/run/postgresql", "company"),
        ("postgres://vigie:pw@%2Frun%2Fpostgresql/company", "/run/postgresql", "company"),
        ("postgresql:///vigie", "", "vigie"),
    ],
)
def test_postgresql_is_found_by_name_or_socket(monkeypatch: Patch, url: str, host: str, name: str) -> None:
    database = settings_with(monkeypatch, DATABASE_URL=url).DATABASES["default"]
    assert (database["HOST"], database["NAME"]) == (host, name)
    assert "host" not in database["OPTIONS"]


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("rediss://user:pw@redis.example:6380/2", "rediss://user:pw@redis.example:6380/2"),
        ("unix:///run/broker.sock", "redis+socket:///run/broker.sock?virtual_host=0"),
        ("unix:///run/broker.sock?db=3", "redis+socket:///run/broker.sock?virtual_host=3"),
    ],
)
def test_the_broker_is_the_same_server_in_celery_s_spelling(monkeypatch: Patch, url: str, broker: str) -> None:
    found = settings_with(monkeypatch, REDIS_URL=url)
    assert found.CELERY_BROKER_URL == found.broker_url(url) == broker
    assert found.CACHES["default"]["LOCATION"] == url


def test_a_pool_is_kept_except_in_tests(monkeypatch: Patch) -> None:
    assert settings_with(monkeypatch).DATABASES["default"]["OPTIONS"]["pool"]["max_size"] == 8
    assert settings_with(monkeypatch, VIGIE_ENVIRONMENT="test").DATABASES["default"]["OPTIONS"]["pool"] is False


@pytest.mark.parametrize("raw", ["45", "60"])
def test_minutes_have_to_outlive_the_readings_they_are_made_of(monkeypatch: Patch, raw: str) -> None:
    sentence = refusal(monkeypatch, VIGIE_RAW_RETENTION_DAYS=raw, VIGIE_MINUTE_RETENTION_DAYS="45")
    assert "Write more days than VIGIE_RAW_RETENTION_DAYS" in sentence


@pytest.mark.parametrize(("finer", "coarser"), [("MINUTE", "HOUR"), ("HOUR", "DAY")])
def test_coarser_roll_ups_have_to_be_kept_as_long_as_finer_ones(monkeypatch: Patch, finer: str, coarser: str) -> None:
    days = {f"VIGIE_{finer}_RETENTION_DAYS": "400", f"VIGIE_{coarser}_RETENTION_DAYS": "399"}
    assert f"Write at least as many days as VIGIE_{finer}_RETENTION_DAYS" in refusal(monkeypatch, **days)
