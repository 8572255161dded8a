"""Expositions as servers write them, as nobody should, and as an independent parser reads them."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import parser as oracle
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics import parser as openmetrics_oracle

from inference_kpis.protocols.exposition import (
    Limits,
    MalformedExposition,
    Sample,
    family_names,
    parse,
    sample_names,
)
from inference_kpis.protocols.negotiation import OPENMETRICS

WANTED = frozenset(
    {b"a", b"a_total", b"a_bucket", b"my.metric", b":tensorflow:serving:request_count", "naïve".encode()}
)


def read(text: str, content_type: str = "") -> list[Sample]:
    return parse(text.encode(), WANTED, content_type=content_type)


def refused(text: str | bytes, content_type: str = "", limits: Limits | None = None) -> tuple[str, int]:
    body = text.encode() if isinstance(text, str) else text
    with pytest.raises(MalformedExposition) as caught:
        parse(body, WANTED, content_type=content_type, limits=limits or Limits())
    return caught.value.code, caught.value.line


def test_it_works() -> None:
    text = '# HELP a Words.\n# TYPE a gauge\na{model="llama",engine="0"} 3\nother{model="llama"} 9\na_total 17\n'
    assert read(text) == [Sample("a", {"model": "llama", "engine": "0"}, 3.0), Sample("a_total", {}, 17.0)]


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("a 1", Sample("a", {}, 1.0)),
        ("a\t1", Sample("a", {}, 1.0)),
        ("  a   1  ", Sample("a", {}, 1.0)),
        ("a 1\r", Sample("a", {}, 1.0)),
        ('a{b="c"}1', Sample("a", {"b": "c"}, 1.0)),
        ("a{} 1", Sample("a", {}, 1.0)),
        ('a{b="c",} 1', Sample("a", {"b": "c"}, 1.0)),
        ('a { b = "c" , d = "e" } 1', Sample("a", {"b": "c", "d": "e"}, 1.0)),
        ('a{b=""} 1', Sample("a", {"b": ""}, 1.0)),
        ('a{b="}"} 1', Sample("a", {"b": "}"}, 1.0)),
        ('a{b="{",c="a,b=c"} 1', Sample("a", {"b": "{", "c": "a,b=c"}, 1.0)),
        ('a{b="x # y"} 1', Sample("a", {"b": "x # y"}, 1.0)),
        (r'a{b="\\ \" \n"} 1', Sample("a", {"b": '\\ " \n'}, 1.0)),
        (r'a{b="C:\dir\\"} 1', Sample("a", {"b": r"C:\dir" + "\\"}, 1.0)),
        ('a{b="é 漢 ①"} 1', Sample("a", {"b": "é 漢 ①"}, 1.0)),
        ("a 1 1700000000123", Sample("a", {}, 1.0, 1_700_000_000_123)),
        ("a 1 -5", Sample("a", {}, 1.0, -5)),
        ('a{b="c"} 1 1700000000123', Sample("a", {"b": "c"}, 1.0, 1_700_000_000_123)),
        (
            ':tensorflow:serving:request_count{model="m"} 4',
            Sample(":tensorflow:serving:request_count", {"model": "m"}, 4),
        ),
    ],
)
def test_lines_that_may_be_written_so(line: str, sample: Sample) -> None:
    assert read(line + "\n") == [sample]
    assert read(f"# A comment.\n\n{line}") == [sample]


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ('{"my.metric"} 1', Sample("my.metric", {}, 1.0)),
        ('{"my.metric","a.b"="c"} 1', Sample("my.metric", {"a.b": "c"}, 1.0)),
        ('{"my.metric", a="b", "c d"="e",} 1 7', Sample("my.metric", {"a": "b", "c d": "e"}, 1.0, 7)),
        ('{"my.metric","port"=":8080"} 1', Sample("my.metric", {"port": ":8080"}, 1.0)),
        ('{"naïve"} 1', Sample("naïve", {}, 1.0)),
        ('{"a",b="c"} 1', Sample("a", {"b": "c"}, 1.0)),
        ('a{"b.c"="d"} 1', Sample("a", {"b.c": "d"}, 1.0)),
    ],
)
def test_quoted_names(line: str, sample: Sample) -> None:
    assert read(line + "\n", "text/plain;version=1.0.0") == [sample]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("17", 17.0),
        ("+3.5e-2", 0.035),
        ("1e+00", 1.0),
        (".5", 0.5),
        ("+Inf", math.inf),
        ("-Inf", -math.inf),
        ("inf", math.inf),
        ("1e400", math.inf),
        ("0x1p3", 8.0),
        ("-0X1.8p1", -3.0),
        ("0x_1F", 31.0),
        ("1_000", 1000.0),
    ],
)
def test_numbers_are_read_as_go_reads_them(text: str, value: float) -> None:
    assert read(f'a{{b="c"}} {text}\n')[0].value == read(f"a {text}\n")[0].value == value


def test_not_a_number_is_one_of_them() -> None:
    assert math.isnan(read("a NaN\n")[0].value)


@pytest.mark.parametrize(
    "line",
    [
        "a",
        "a ",
        "a one",
        "a 1 2 3",
        "a 1 1.5",
        "a 1 now",
        "a 1__0",
        "a 0x",
        "a 0x1p99999",
        "a --1",
        'a{b="c" 1',
        'a{b="c} 1',
        "a{b=c} 1",
        "a{b} 1",
        "a{=} 1",
        'a{="c"} 1',
        'a{,b="c"} 1',
        'a{b="c",,d="e"} 1',
        'a{b="c"d="e"} 1',
        'a{b="c",b="d"} 1',
        'a{1b="c"} 1',
        'a{b.c="d"} 1',
        "a{b='c'} 1",
        'a{b="c"}',
        'a{b="c"} {d="e"} 1',
        '{"my.metric",b} 1',
        '{"my.metric","other"} 1',
        '{b="c"} 1',
        "{} 1",
    ],
)
def test_a_malformed_line_refuses_the_whole_body(line: str) -> None:
    assert refused(f"a_total 5\n{line}\n") == ("malformed", 2)


@pytest.mark.parametrize("line", ["other{b=c} 1", "other", "other one", 'other{b="c', "other{}}} x", "\x0b", "\x0c"])
def test_lines_of_other_names_are_passed_over(line: str) -> None:
    assert read(f"{line}\na_total 5\n") == [Sample("a_total", {}, 5.0)]


def test_bytes_that_are_no_text_are_refused_under_a_wanted_name_only() -> None:
    assert refused(b'a{b="\xff"} 1\n') == ("malformed", 1)
    assert parse(b'other{b="\xff"} 1\na 1\n', WANTED) == [Sample("a", {}, 1.0)]


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html></html>",
        "\n  <html>",
        '{"status": "ok"}',
        '{\n  "a": 1\n}',
        '{"a":1}',
        '{"escaped \\" quote": 1}',
        "[1, 2]",
        "{}",
        "{",
    ],
)
def test_a_page_that_is_no_exposition_is_called_so(body: str) -> None:
    assert refused(body) == ("not_an_exposition", 0)


@pytest.mark.parametrize("body", ["", "\n", " \n\t\n"])
def test_an_empty_page_is_not_healthy(body: str) -> None:
    assert refused(body) == ("no_samples", 0)


def test_a_page_without_wanted_names_gives_nothing() -> None:
    assert read("# Only words.\nother 1\n") == []


def test_limits_refuse_the_whole_body() -> None:
    small = Limits(samples=2, labels=2, name_characters=3, value_characters=4)
    assert parse(b'a{abc="abcd",b="c"} 1\na 2\n', WANTED, limits=small)[1].value == 2
    assert refused("a 1\na 2\na 3\n", limits=small) == ("too_many_samples", 3)
    assert refused('a{b="1",c="2",d="3"} 1\n', limits=small) == ("too_many_labels", 1)
    assert refused('a{abcd="1"} 1\n', limits=small) == ("label_too_long", 1)
    assert refused('a{b="12345"} 1\n', limits=small) == ("label_too_long", 1)


# --- OpenMetrics -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "sample"),
    [
        ("a_total 17", Sample("a_total", {}, 17.0)),
        ("a_total 17 1700000000.5", Sample("a_total", {}, 17.0, 1_700_000_000_500)),
        ('a_total 17 # {trace="x"} 0.5', Sample("a_total", {}, 17.0)),
        ('a_total{b="c"} 17 # {trace="x"} 0.5 1700000000', Sample("a_total", {"b": "c"}, 17.0)),
        ('a_bucket{le="1"} 3 1700000000 # {} 0.5', Sample("a_bucket", {"le": "1"}, 3.0, 1_700_000_000_000)),
        ('a_total{b=" # {}"} 17', Sample("a_total", {"b": " # {}"}, 17.0)),
    ],
)
def test_openmetrics_counts_in_seconds_and_may_carry_exemplars(line: str, sample: Sample) -> None:
    assert read(f"{line}\n# EOF\n", f"{OPENMETRICS}; version=1.0.0; charset=utf-8") == [sample]


@pytest.mark.parametrize("body", ["a 1\n", "a 1\n# EO", "# EOF\na 1\n", "a 1 nan\n# EOF\n", "a 1 inf\n# EOF\n"])
def test_openmetrics_has_to_be_whole(body: str) -> None:
    assert refused(body, OPENMETRICS)[0] == "malformed"


def test_the_end_mark_is_asked_of_openmetrics_alone() -> None:
    assert read("a 1\n", "text/plain") == read("a 1\n", "application/x-unknown") == [Sample("a", {}, 1.0)]
    assert read("a 1\n# EOF\n", "Application/OpenMetrics-Text") == [Sample("a", {}, 1.0)]


def test_an_exemplar_is_never_taken_for_a_timestamp() -> None:
    assert refused('a_bucket{le="1"} 3 # {trace="x"} 0.5\n', "text/plain")[0] == "malformed"


# --- Against an independent parser -----------------------------------------------------------------------------------

label_names = st.sampled_from(["b", "le", "model_name", "_x9"])
# Carriage returns: the other parser reads its text line by line and takes them for line ends.
label_values = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00\x85\u2028\u2029"), max_size=12)
values = st.one_of(st.floats(allow_nan=False), st.integers(-(10**6), 10**12).map(float))


@st.composite
def lines(draw: st.DrawFn) -> str:
    labels = draw(st.dictionaries(label_names, label_values, max_size=3))
    escaped = {
        key: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for key, value in labels.items()
    }
    inside = ",".join(f'{key}="{value}"' for key, value in escaped.items())
    stamp = draw(st.one_of(st.just(""), st.integers(0, 2 * 10**12).map(lambda ms: f" {ms}")))
    return f"{draw(st.sampled_from(['a', 'a_total', 'other']))}{{{inside}}} {draw(values)!r}{stamp}"


@given(st.lists(lines(), min_size=1, max_size=6))
def test_it_reads_what_the_client_library_reads(written: list[str]) -> None:
    text = "\n".join(written) + "\n"
    expected = [
        (sample.name, sample.labels, sample.value, None if sample.timestamp is None else round(sample.timestamp * 1000))
        for family in oracle.text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name != "other"
    ]
    assert [tuple(sample) for sample in read(text)] == expected


@given(label_values, st.integers(0, 10**6), st.lists(st.floats(0, 100), max_size=20))
def test_what_the_client_library_writes_is_read_in_either_format(model: str, count: int, times: list[float]) -> None:
    registry = CollectorRegistry()
    Counter("requests", "Requests.", ["model"], registry=registry).labels(model).inc(count)
    Gauge("waiting", "Waiting.", registry=registry).set(count)
    latency = Histogram("latency_seconds", "Latency.", ["model"], buckets=(0.1, 1, 10), registry=registry)
    for seconds in times:
        latency.labels(model).observe(seconds, {"trace": '"}'})
    names = ("requests_total", "waiting", "latency_seconds_bucket", "latency_seconds_sum")
    wanted = frozenset(name.encode() for name in names)
    written = [sample for family in registry.collect() for sample in family.samples if sample.name in names]
    expected = sorted((sample.name, sorted(sample.labels.items()), sample.value) for sample in written)
    for encode in (generate_latest, openmetrics.generate_latest):
        content_type = OPENMETRICS if encode is openmetrics.generate_latest else "text/plain"
        got = parse(encode(registry), wanted, content_type=content_type)
        assert sorted((sample.name, sorted(sample.labels.items()), sample.value) for sample in got) == expected


def openmetrics_lines(draw: st.DrawFn) -> str:
    """A family of OpenMetrics with times, start and exemplars, as a strict parser accepts it."""
    label = draw(label_values).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    total, seconds = draw(st.integers(0, 10**9)), draw(st.integers(1, 2 * 10**9))
    stamp = draw(st.sampled_from(["", f" {seconds}", f" {seconds}.25"]))
    exemplar = draw(
        st.sampled_from(["", ' # {trace_id="ab{}c"} 0.5', f" # {{}} 1 {seconds}", ' # {a="}",b="# "} 2e-3'])
    )
    name = draw(st.sampled_from(["a", "other"]))
    return (
        f'# TYPE {name} counter\n{name}_total{{b="{label}"}} {total}{stamp}{exemplar}\n'
        f'{name}_created{{b="{label}"}} {seconds}.5{stamp}\n# EOF\n'
    )


@given(st.composite(openmetrics_lines)())
def test_it_reads_what_the_strict_library_reads(text: str) -> None:
    wanted = frozenset({b"a_total", b"a_created"})
    expected = [
        (
            *(sample.name, sample.labels, sample.value),
            None if sample.timestamp is None else round(float(sample.timestamp) * 1000),
        )
        for family in openmetrics_oracle.text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("a_")
    ]
    assert [tuple(sample) for sample in parse(text.encode(), wanted, content_type=OPENMETRICS)] == expected


@given(st.composite(openmetrics_lines)())
def test_openmetrics_that_was_cut_anywhere_is_refused(text: str) -> None:
    body = text.encode()
    for end in range(len(body) - 1):
        assert refused(body[:end], OPENMETRICS)[0] in {"malformed", "no_samples"}


# Engines know each by what `underscores` makes of it.
SERVED = ["vllm:requests", "gen_ai.server.requests", "0_odd-one", "naïve.日本"]
WRITTEN = [
    (encode, media_type, name, escaping)
    for encode, media_type in ((generate_latest, "text/plain"), (openmetrics.generate_latest, OPENMETRICS))
    for name in SERVED
    for escaping in ("allow-utf-8", "underscores", "dots", "values")
    # There the library itself loses the colon, before it gets here; another form is asked for.
    if (media_type, name) != (OPENMETRICS, "vllm:requests") or escaping not in {"underscores", "dots"}
]


@pytest.mark.parametrize(("encode", "media_type", "name", "escaping"), WRITTEN)
def test_a_series_is_told_however_its_server_escapes(
    encode: Callable[..., bytes], media_type: str, name: str, escaping: str
) -> None:
    registry = CollectorRegistry()
    Counter(name, "Words.", ["model_name"], registry=registry).labels("m").inc(3)
    known = openmetrics.escape_metric_name(f"{name}_total", "underscores")
    body = encode(registry, escaping=escaping)
    content_type = f"{media_type}; version=1.0.0; charset=utf-8; escaping={escaping}"
    got = parse(body, frozenset({known.encode()}), content_type=content_type)
    assert got == [Sample(known, {"model_name": "m"}, 3.0)]
    assert known in sample_names(body, content_type=content_type)
    assert {known, known.removesuffix("_total")} & family_names(body, content_type=content_type)


def test_labels_of_a_series_told_by_another_name_are_legacy_too() -> None:
    body = b'{"gen_ai.requests","gen_ai.request.model"="m"} 3\n'
    assert parse(body, frozenset({b"gen_ai_requests"})) == [Sample("gen_ai_requests", {"gen_ai_request_model": "m"}, 3)]
    escaped = b'U__gen__ai_2e_requests{U__gen__ai_2e_model="m"} 3\n'
    got = parse(escaped, frozenset({b"gen_ai_requests"}), content_type="text/plain;version=1.0.0;escaping=values")
    assert got == [Sample("gen_ai_requests", {"gen_ai_model": "m"}, 3)]


@given(st.binary(max_size=60))
def test_no_bytes_whatever_raise_anything_else(body: bytes) -> None:
    for start in (b"", b"a", b'a{b="', b'{"my.metric"', b"U__a_2"):
        try:
            samples = parse(
                start + body, WANTED, content_type="text/plain; escaping=values" if start[:1] == b"U" else ""
            )
        except MalformedExposition:
            continue
        assert all(sample.name.encode() in WANTED for sample in samples)
