"""What must not be in a log line."""

import pytest

from config.logs import without_secrets


@pytest.mark.parametrize(
    ("request_line", "wanted"),
    [
        ("GET /en/account/password/reset/key/3-cxyz12-0a1b2c/", "GET /en/account/password/reset/key/…/"),
        ("GET /fr/account/password/reset/key/3-set-password/", "GET /fr/account/password/reset/key/…/"),
        ("GET /en/fleet/?page=2", "GET /en/fleet/?page=2"),
    ],
)
def test_a_password_link_leaves_no_key(request_line: str, wanted: str) -> None:
    assert without_secrets(None, "info", {"request": request_line, "code": 200}) == {"request": wanted, "code": 200}


def test_a_line_without_a_request_stays() -> None:
    assert without_secrets(None, "info", {"event": "task_failed"}) == {"event": "task_failed"}
