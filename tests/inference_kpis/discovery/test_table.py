"""Tables as spreadsheets write them, and values that no spreadsheet may take for a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_kpis.discovery.table import COLUMNS, MOST_BYTES, TableRefused, decoded, read_table, write_table


def row(**values: object) -> dict[str, object]:
    return dict.fromkeys(COLUMNS) | {"name": "n", "site": "s"} | values


def test_it_works() -> None:
    [line] = read_table("name,site,price_per_hour\nlyon-03,lyon,2.5\n")
    assert (line.number, line.values) == (2, {"name": "lyon-03", "site": "lyon", "price_per_hour": "2.5"})


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_are_recognised(separator: str) -> None:
    text = "name,site,engine\r\na,lyon,vllm\r\n".replace(",", separator)
    assert read_table(text)[0].values == {"name": "a", "site": "lyon", "engine": "vllm"}


@pytest.mark.parametrize(
    ("cell", "number"),
    [("2,5", "2.5"), ("1 234,50", "1234.50"), ("1\u202f234", "1234"), ("-3,5", "-3.5"), ("1,2,3", "1,2,3"), ("x", "x")],
)
def test_decimal_commas_are_points(cell: str, number: str) -> None:
    assert read_table(f"name;site;price_per_hour\na;b;{cell}")[0].values["price_per_hour"] == number


def test_a_name_keeps_its_comma() -> None:
    assert read_table("name;site\n1,5;lyon")[0].values["name"] == "1,5"


def test_lines_are_numbered_as_an_editor_does() -> None:
    lines = read_table('name,site\n"a\nb",lyon\n\n ,\nc,lyon\n')
    assert [(line.number, line.values["name"]) for line in lines] == [(2, "a\nb"), (6, "c")]


@pytest.mark.parametrize(
    ("text", "code", "columns"),
    [
        ("", "missing_columns", ("name", "site")),
        ("name\nx", "missing_columns", ("site",)),
        ("name,site,secret\n", "unknown_columns", ("secret",)),
        ("name,site,name\n", "doubled_columns", ("name",)),
        ('name,site\n"a', "malformed", ()),
        ("name,site\na,b,c", "malformed", ()),
        ("name,site\na,\0", "malformed", ()),
        ("name,site\n" + "a,b\n" * 20_001, "too_many_lines", ()),
        ("name,site\n" + "x" * 200_000 + ",b", "malformed", ()),
    ],
)
def test_what_is_no_table_is_refused(text: str, code: str, columns: tuple[str, ...]) -> None:
    with pytest.raises(TableRefused) as refused:
        read_table(text)
    assert (refused.value.code, refused.value.columns) == (code, columns)


def test_files_of_spreadsheets_are_decoded() -> None:
    assert decoded("name\nÉvry".encode("utf-8-sig")) == "name\nÉvry"
    assert decoded("name\nÉvry".encode("cp1252")) == "name\nÉvry"
    with pytest.raises(TableRefused):
        decoded(b"x" * (MOST_BYTES + 1))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "'quoted", "\tx"])
def test_no_cell_is_a_formula(name: str) -> None:
    written = write_table([row(name=name)])
    [_, cells] = csv.reader(io.StringIO(written))
    assert cells[COLUMNS.index("name")] == f"'{name}"


@given(st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc")), max_size=20).map(str.strip))
def test_what_is_written_is_read_back(name: str) -> None:
    [line] = read_table(write_table([row(name=name)]))
    assert line.values["name"] == name
