"""Collections put together: however requests cut, delay and repeat what was scraped, the sums are the same."""

import zlib
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.engines import ENGINES
from inference_kpis.protocols.points import Buckets, Point, Series
from inference_kpis.protocols.remote_write import Version, decode
from inference_kpis.push import assembly
from inference_kpis.push.assembly import GRACE_MS, MOST_RECEIVED, Settled, Stream, receive, series_key, settle
from inference_kpis.readings.algebra import Distribution, Increase
from inference_kpis.readings.increases import MOST_SERIES
from tests.inference_kpis.expositions import vllm
from tests.inference_kpis.push.senders import gone, scrape, write_one

VLLM = ENGINES["vllm"]
STEP_MS = 15_000
AT = 1_700_000_000_000


def scraped(step: int, requests: int, **values: int) -> list[Point]:
    return decode(write_one(scrape("n", vllm(requests, **values), AT + step * STEP_MS)), Version.ONE)


def send(stream: Stream, points: Sequence[Point], now_ms: int) -> tuple[Stream, list[Settled]]:
    """One request, after which the state goes through its stored form."""
    for point in points:
        receive(stream, series_key(point.series), point, now_ms)
    settled = list(settle(stream, VLLM, now_ms))
    return Stream.from_bytes(stream.to_bytes()), settled


def sums(settled: Sequence[Settled]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reading in (reading for each in settled for reading in each.readings.values()):
        for key, value in reading.measures.items():
            amount = value.amount if isinstance(value, Increase) else 0
            amount = value.count if isinstance(value, Distribution) else amount
            found[key] = found.get(key, 0) + amount
    return found


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[int], list[list[Point]], list[int]]:
    """Requests per scrape, the parts in the order that they arrive, and how long after the one before, in ms.

    Each series travels in one of up to four shards; a shard keeps its order, may lag behind the others by any number of
    scrapes, and may send a part twice.
    """
    requests = [0]
    for grown in draw(st.lists(st.integers(0, 500), min_size=2, max_size=6)):
        requests.append(requests[-1] + grown)
    number = draw(st.integers(1, 4))
    width = len(scraped(0, 0))
    shard_of = draw(st.lists(st.integers(0, number - 1), min_size=width, max_size=width))
    queues: list[list[list[Point]]] = [[] for _ in range(number)]
    for step in range(1, len(requests) - 1):
        points = scraped(step, requests[step])
        for shard in range(number):
            part = [point for point, at in zip(points, shard_of, strict=True) if at == shard]
            queues[shard] += [part] * draw(st.integers(1, 2))
    arriving = [scraped(0, 0)]
    while any(queues):
        arriving.append(draw(st.sampled_from([queue for queue in queues if queue])).pop(0))
    arriving.append(scraped(len(requests) - 1, requests[-1]))
    pauses = draw(st.lists(st.sampled_from([10, 3000, GRACE_MS]), min_size=len(arriving), max_size=len(arriving)))
    return requests, arriving, pauses


@given(deliveries())
def test_no_way_of_sending_loses_or_adds_anything(delivery: tuple[list[int], list[list[Point]], list[int]]) -> None:
    requests, arriving, pauses = delivery
    stream, now_ms, settled = Stream(), AT, []
    for points, pause in zip(arriving, pauses, strict=True):
        now_ms += pause
        stream, found = send(stream, points, now_ms)
        settled += found
    settled += send(stream, [], now_ms + GRACE_MS)[1]
    total = requests[-1]
    expected = {"requests": total, "output_tokens": total * 10, "prompt_tokens": total * 5, "e2e_latency": total}
    assert {key: amount for key, amount in sums(settled).items() if key in expected} == expected
    times = [each.at_ms for each in settled]
    assert times == sorted(set(times))


def test_a_whole_scrape_does_not_wait() -> None:
    stream, first = send(Stream(), scraped(0, 0), AT)
    assert first == []
    stream, second = send(stream, scraped(1, 10), AT + STEP_MS)
    assert [each.at_ms for each in second] == [AT, AT + STEP_MS]
    assert stream.settle_by_ms is None


def test_a_scrape_of_which_a_part_is_missing_waits_and_no_longer_than_it_must() -> None:
    stream, _ = send(Stream(), [*scraped(0, 0), *scraped(1, 10)], AT)
    stream, found = send(stream, scraped(2, 20)[:-2], AT)
    assert (found, stream.settle_by_ms) == ([], AT + GRACE_MS)
    stream, found = send(stream, [], AT + GRACE_MS - 1)
    assert found == []
    stream, found = send(stream, [], AT + GRACE_MS)
    assert [each.at_ms for each in found] == [AT + 2 * STEP_MS]


def test_series_that_ended_are_not_waited_for() -> None:
    stream, _ = send(Stream(), [*scraped(0, 0), *scraped(1, 10)], AT)
    ended = decode(write_one(gone(scrape("n", vllm(0), AT), AT + 2 * STEP_MS)), Version.ONE)
    stream, found = send(stream, ended, AT)
    assert [(each.is_up, each.readings) for each in found] == [(False, {})]


def test_the_distribution_of_a_scrape_in_two_parts_is_that_of_the_whole() -> None:
    stream, _ = send(Stream(), [*scraped(0, 0), *scraped(1, 10)], AT)
    points = scraped(2, 110)
    stream, _ = send(stream, points[::2], AT)
    stream, found = send(stream, points[1::2], AT)
    assert found[0].readings["m"].measures["e2e_latency"] == Distribution(
        {(0.3, 1.0): (50, 40, 10)}, 50_000_000, STEP_MS
    )


def test_a_histogram_whose_part_does_not_come_is_left_out_and_caught_up_with() -> None:
    stream, _ = send(Stream(), [*scraped(0, 0), *scraped(1, 10)], AT)
    whole = scraped(2, 110)
    torn = [point for point in whole if ("le", "1.0") not in point.series.labels]
    stream, _ = send(stream, torn, AT)
    stream, found = send(stream, [], AT + GRACE_MS)
    assert "e2e_latency" not in found[0].readings["m"].measures
    assert found[0].readings["m"].measures["requests"] == Increase(100, STEP_MS)
    stream, _ = send(stream, scraped(3, 210), AT + GRACE_MS)
    _, found = send(stream, [], AT + 2 * GRACE_MS)
    assert sums(found)["e2e_latency"] == 200


def other(number: int) -> Point:
    return Point(Series("vllm:prompt_tokens_total", (("model_name", str(number)),)), AT, 1.0)


def test_what_one_stream_may_hold_is_bounded() -> None:
    stream = Stream()
    codes = [receive(stream, series_key(other(n).series), other(n), AT) for n in range(MOST_SERIES + 2)]
    assert codes[-3:] == ["", "too_many_series", "too_many_series"]
    moments = [other(0)._replace(at_ms=AT + 1 + n) for n in range(MOST_RECEIVED)]
    assert receive(stream, "x", moments[0], AT) == ""
    codes = [receive(stream, "x", moment, AT) for moment in moments[1:]]
    assert codes[-1] == "too_many_moments"


def test_a_sender_that_shows_other_series_each_time_does_not_fill_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, "MOST_SERIES", 100)
    stream = Stream()
    for step in range(1, 300):
        for number in range(8):
            point = Point(Series("vllm:prompt_tokens_total", (("a", f"{step} {number}"),)), AT + step * STEP_MS, 1.0)
            delta = point._replace(series=Series("b", point.series.labels), start_ms=point.at_ms - 1, is_delta=True)
            for each in (point, delta):
                receive(stream, series_key(each.series), each, AT)
        stream, _ = send(stream, [], AT + GRACE_MS)
    held = len(stream.last), sum(map(len, stream.settled.values())), len(stream.totals)
    assert max(held) <= 100


def points() -> Iterator[Point]:
    series = [Series("a", ()), Series("b", (("c", "\x1f,=\"'"),))]
    yield Point(series[0], AT, 1.5, AT - 5)
    yield Point(series[1], AT, Buckets((0.1, 1.0), (1, 2, 3), 0.5), AT - 5, is_delta=True)
    yield Point(series[0], AT + 1000, None)


def test_a_stream_is_read_back_as_it_was() -> None:
    stream = Stream()
    for point in points():
        receive(stream, series_key(point.series), point, AT)
    assert Stream.from_bytes(stream.to_bytes()) == stream


@pytest.mark.parametrize(("one", "other"), [({"a": "b,c=d"}, {"a": "b", "c": "d"}), ({"a": "1"}, {"b": "1"})])
def test_no_two_series_share_a_key(one: dict[str, str], other: dict[str, str]) -> None:
    assert series_key(Series("x", tuple(one.items()))) != series_key(Series("x", tuple(other.items())))


def test_a_stream_that_was_kept_uncompressed_is_still_read() -> None:
    stream, _ = send(Stream(), scraped(0, 10), 0)
    assert Stream.from_bytes(zlib.decompress(stream.to_bytes())) == stream
