"""Everything an exposition holds, family by family."""

import pytest

from inference_kpis.protocols.exposition import MalformedExposition
from inference_kpis.protocols.families import families
from tests.inference_kpis.expositions import recorded


def test_it_works() -> None:
    found = {family.name: family for family in families(recorded("unknown"))}
    requests = found["acme_served_requests_total"]
    assert (requests.type, requests.said.help) == ("counter", "Requests that the server answered.")
    assert requests.labels == {"model": ["llama", "mistral"], "status": ["200", "503"]}
    latency = found["acme_request_latency_milliseconds"]
    assert (latency.type, len(latency.series)) == ("histogram", 2)
    assert found["acme_preprocess_seconds"].type == "summary"
    assert found["acme_uptime"].type == ""
    assert "acme_request_latency_milliseconds_bucket" not in found


def test_openmetrics_names_a_counter_without_its_ending() -> None:
    body = b"# TYPE jobs counter\n# UNIT jobs things\n# HELP jobs All.\njobs_total 5\njobs_created 1\n# EOF\n"
    content_type = "application/openmetrics-text; version=1.0.0"
    found = {family.name: family for family in families(body, content_type=content_type)}
    assert (found["jobs_total"].type, found["jobs_total"].said.unit) == ("counter", "things")
    assert "jobs_created" in found


def test_buckets_make_a_histogram_whatever_is_said() -> None:
    (family,) = families(b't_bucket{le="+Inf"} 1\nt_sum 1\nt_count 1\n')
    assert (family.name, family.type) == ("t", "histogram")


def test_hostile_lines_of_comment_are_only_text() -> None:
    (family,) = families(b"# TYPE\n# HELP a " + b"<b>" * 1000 + b"\n# TYPE a nonsense\n#\n# TYPE \xff\xff x\na 1\n")
    assert (family.type, len(family.said.help)) == ("", 300)


def test_what_cannot_be_read_is_refused() -> None:
    with pytest.raises(MalformedExposition):
        families(b"a 1\nb{ 2\n")
