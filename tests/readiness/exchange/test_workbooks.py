"""Workbooks of others: read where they are what they say, and refused before they cost anything where they are not."""

import io
import struct
import tracemalloc
import zipfile
from collections.abc import Mapping
from datetime import date

import pytest
import xlsxwriter

from readiness.exchange.importing import heading_keys
from readiness.exchange.reading import FileRefused
from readiness.exchange.workbooks import read_workbook

HEADINGS = ("practice", "level", "note", "not_applicable_until")
SHEET = "xl/worksheets/sheet1.xml"
MIB = 1024 * 1024


def workbook(*rows: tuple[object, ...], sheets_before: int = 0) -> bytes:
    written = io.BytesIO()
    with xlsxwriter.Workbook(written, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        for _ in range(sheets_before):
            book.add_worksheet().write(0, 0, "About this file")
        table = book.add_worksheet()
        for line, row in enumerate((HEADINGS, *rows)):
            table.write_row(line, 0, row)
    return written.getvalue()


def with_parts(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The workbook with these parts instead of, or besides, its own."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            if name not in parts:
                made.writestr(name, given.read(name))
        for name, part in parts.items():
            made.writestr(name, part)
    return written.getvalue()


def with_cells(cells: str) -> bytes:
    """A workbook whose only sheet has these rows of XML."""
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    part = f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'
    return with_parts(workbook(), {SHEET: part.encode()})


def code_of(content: bytes) -> str:
    with pytest.raises(FileRefused) as refused:
        read_workbook(content, heading_keys())
    return refused.value.code


def test_it_works() -> None:
    found = read_workbook(workbook(("UC1", 3, "x", ""), (), ("UC2", "2,5", " é ", date(2026, 12, 31))), heading_keys())
    assert [(row.number, tuple(row.cells.values())) for row in found.rows] == [
        (2, ("UC1", "3", "x", "")),
        (4, ("UC2", "2,5", " é ", "2026-12-31")),
    ]


def test_the_sheet_with_the_practices_is_found() -> None:
    assert len(read_workbook(workbook(("UC1", 3), sheets_before=2), heading_keys()).rows) == 1


def test_without_practices_it_is_refused() -> None:
    assert code_of(with_cells('<row r="1"><c r="A1"><v>1</v></c></row>')) == "no_practice_column"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "too_many_rows"),
        ('<row r="1048576"><c><v>1</v></c></row>', "too_many_rows"),
        ('<row r="1"><c r="xfd1"><v>1</v></c></row>', "too_many_columns"),
        ('<row r="1"><c r="A99999999999999"><v>1</v></c></row>', "malformed"),
        ('<row r="&#49;048576"><c t="inlineStr"><is><t>x</t></is></c></row>', "too_many_rows"),
        ("<row>" * 5000, "malformed"),
    ],
    ids=["corner", "row", "column", "reference", "entity", "depth"],
)
def test_cells_far_out_are_refused(cells: str, code: str) -> None:
    assert code_of(with_cells('<row r="1"><c r="A1"><v>1</v></c></row>' + cells)) == code


def test_a_million_rows_are_refused_and_cost_little() -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 400_000))
    assert code_of(with_cells(rows)) == "too_large_inside"
    short = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 100_000))
    assert code_of(with_cells(short)) == "too_many_rows"


def test_formatted_rows_without_a_value_are_no_rows() -> None:
    cells = '<row r="1"><c r="A1" t="inlineStr"><is><t>practice</t></is></c></row><row r="1048576"><c r="A1048576" s="0"/></row>'
    assert read_workbook(with_cells(cells), heading_keys()).rows == ()


def test_an_archive_that_unpacks_to_gigabytes_is_refused_before_it_is_unpacked() -> None:
    bomb = with_parts(workbook(), {f"xl/{n}.xml": bytes(64 * MIB) for n in range(4)})
    assert len(bomb) < MIB
    tracemalloc.start()
    assert code_of(bomb) == "too_large_inside"
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 4 * MIB


def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    bomb = bytearray(with_parts(workbook(), {"xl/lie.xml": bytes(64 * MIB)}))
    for at, offset in ((bomb.rfind(b"PK\x03\x04"), 22), (bomb.rfind(b"PK\x01\x02"), 24)):
        struct.pack_into("<L", bomb, at + offset, 100)
    assert code_of(bytes(bomb)) == "malformed"


def test_texts_shared_by_many_cells_count_for_each() -> None:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = "x" * MIB
    shared = f'<sst xmlns="{space}"><si><t>practice</t></si><si><t>{text}</t></si></sst>'.encode()
    many = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>1</v></c></row>' for n in range(2, 400))
    assert code_of(with_parts(with_cells(many), {"xl/sharedStrings.xml": shared})) == "too_large_inside"


@pytest.mark.parametrize(("count", "code"), [("4294967296", "malformed"), ("9000000", "too_large_inside")])
def test_no_room_is_made_for_what_is_only_promised(count: str, code: str) -> None:
    """The reader would end the whole process for want of memory."""
    shared = f'<sst xmlns="x" count="{count}" uniqueCount="{count}"><si><t>practice</t></si></sst>'.encode()
    assert code_of(with_parts(workbook(), {"xl/sharedStrings.xml": shared})) == code


def test_the_extent_that_a_sheet_claims_is_not_believed() -> None:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    cell = '<c r="A1" t="inlineStr"><is><t>practice</t></is></c>'
    part = f'<worksheet xmlns="{space}"><dimension ref="A1:XFD1048576"/><sheetData><row r="1">{cell}</row></sheetData></worksheet>'
    assert read_workbook(with_parts(workbook(), {SHEET: part.encode()}), heading_keys()).rows == ()


def test_entities_of_their_own_are_refused() -> None:
    part = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    assert code_of(with_parts(workbook(), {SHEET: part})) == "malformed"


@pytest.mark.parametrize(
    "name", ["xl/vbaProject.bin", "xl/externalLinks/externalLink1.xml", "xl/embeddings/oleObject1.bin"]
)
def test_what_runs_or_leads_elsewhere_is_refused(name: str) -> None:
    assert code_of(with_parts(workbook(), {name: b"<x/>"})) == "active_content"


def test_a_damaged_archive_is_refused() -> None:
    content = workbook(("UC1", 3))
    damaged = [content[:-30], content[: len(content) // 2], b"PK\x03\x04", with_parts(content, {SHEET: b"<worksheet>"})]
    assert {code_of(each) for each in damaged} == {"malformed"}
