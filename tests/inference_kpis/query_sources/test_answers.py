"""Answers of a query API: decoded as they stand, and refused where they are none."""

import json
from typing import Any

import pytest

from inference_kpis.query_sources.answers import Naming, read_index, read_samples, slices
from inference_kpis.query_sources.problems import SENTENCES, AnswerRefused, sentence

METRIC = {"__name__": "vllm:num_requests_running", "instance": "a:1", "job": "vllm", "model_name": "m"}


def body(kind: str, *result: Any, **more: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more}).encode()


def matrix(*values: Any, **labels: str) -> bytes:
    return body("matrix", {"metric": METRIC | labels, "values": list(values)})


def test_it_works() -> None:
    answer = read_samples(matrix([1700000000.123, "3"], [1700000015.123, "4.5"]), Naming(stream="s"))
    assert [(p.at_ms, p.value) for p in answer.points["a:1"]] == [(1700000000123, 3.0), (1700000015123, 4.5)]
    assert dict(answer.points["a:1"][0].series.labels) == {"instance": "a:1", "job": "s/vllm", "model_name": "m"}
    index = read_index(body("vector", {"metric": {"instance": "a:1"}, "value": [1700000000, "42"]}))
    assert [(row.labels, row.series) for row in index.rows] == [({"instance": "a:1"}, 42)]


def test_what_a_name_replaces_still_tells_series_apart() -> None:
    naming = Naming("pod", "s", "model", "model_name")
    answer = read_samples(matrix([1, "1"], pod="p", model="chat"), naming)
    labels = dict(answer.points["p"][0].series.labels)
    assert (labels["instance"], labels["model_name"]) == ("p", "chat")
    assert (labels["vigie_instance"], labels["vigie_model"]) == ("a:1", "m")


@pytest.mark.parametrize("text", ["NaN", "+Inf", "-Inf"])
def test_a_value_that_says_nothing_is_none(text: str) -> None:
    [point] = read_samples(matrix([1, text]), Naming()).points["a:1"]
    assert point.value is None


def test_a_series_that_cannot_be_kept_is_counted() -> None:
    answer = read_samples(
        body(
            "matrix", {"metric": {"instance": "a:1"}, "values": [[1, "1"]]}, {"metric": METRIC, "histograms": [[1, {}]]}
        ),
        Naming(),
    )
    assert (answer.invalid, sum(map(len, answer.points.values()))) == (2, 0)


@pytest.mark.parametrize(
    "value",
    [*([], [1], [1, 2], ["1", "2"], [1, "abc"], [-1, "1"], [1e300, "1"], [None, "1"], "1", {})],
    ids=str,
)
def test_a_sample_that_is_none_refuses_the_answer(value: object) -> None:
    with pytest.raises(AnswerRefused, match="bad_answer"):
        read_samples(matrix(value), Naming())


@pytest.mark.parametrize("metric", [None, [], {"a": 1}, {"a": "x\0"}], ids=str)
def test_labels_that_are_none_refuse_the_answer(metric: object) -> None:
    with pytest.raises(AnswerRefused, match="bad_answer"):
        read_index(body("vector", {"metric": metric, "value": [1, "1"]}))


def test_a_server_may_say_that_something_is_missing() -> None:
    assert read_index(body("vector", warnings=["x"])).is_partial
    assert read_index(body("vector", isPartial=True)).is_partial
    assert not read_index(body("vector", infos=["x"], warnings=[], isPartial=False)).is_partial


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference_kpis.query_sources.answers.MOST_SAMPLES", 1)
    with pytest.raises(AnswerRefused, match="too_many_samples"):
        read_samples(matrix([1, "1"], [2, "1"]), Naming())
    with pytest.raises(AnswerRefused, match="label_too_long"):
        read_index(body("vector", {"metric": {"a": "x" * 1025}, "value": [1, "1"]}))


def test_an_absurd_count_is_bounded() -> None:
    counts = [
        read_index(body("vector", {"metric": {}, "value": [1, text]})).rows[0].series for text in ("-5", "1e300", "NaN")
    ]
    assert counts == [0, 300_000, 0]


def test_slices_cut_no_moment_in_two() -> None:
    points = read_samples(
        body("matrix", *({"metric": METRIC | {"x": x}, "values": [[t, "1"] for t in range(1, 8)]} for x in "ab")),
        Naming(),
    ).points["a:1"]
    pieces = list(slices(points, 3))
    assert [sorted({point.at_ms for point in piece}) for piece in pieces] == [
        [1000, 2000, 3000],
        [4000, 5000, 6000],
        [7000],
    ]
    assert [len(piece) for piece in pieces] == [6, 6, 2]


def test_every_problem_has_a_sentence() -> None:
    for code in [*SENTENCES, "timed_out", "in_future", "unknown_site", "label_too_long"]:
        assert str(sentence(code)) != code
