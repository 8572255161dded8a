"""What somebody reads on a page, and what it costs."""

import re
from html import unescape
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


def words(response: Any) -> str:
    """The text of an HTML answer, without its markup, on one line; spaces that do not break are kept."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    # A number and its unit are one word.
    body = re.sub(r'</span><span class="(number|unit)">', "", body)
    text = re.sub(r"[ \t\r\n]+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))
    return re.sub(r" ?([\u00a0\u202f]) ?", r"\1", text)


def queries(browser: Client, url: str) -> int:
    """How many statements a page runs."""
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(url).status_code == 200
    return len(captured)
