"""Until when exceptions are due, and which files people may attach to them."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.attachments import AttachmentError, read_attachment
from reconciliation.due import DEFAULT, Band, BandError, Bands, due_on, read_bands

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
MAX = Decimal(10) ** 9


# Until when


def test_more_money_is_due_sooner_and_what_turns_up_late_gets_a_few_days() -> None:
    seen = date(2026, 11, 21)
    assert due_on(Decimal(-25_000), date(2026, 11, 20), seen, DEFAULT) == date(2026, 11, 23)
    assert due_on(Decimal(1_000), date(2026, 11, 20), seen, DEFAULT) == date(2026, 11, 27)
    assert due_on(Decimal("999.99"), date(2026, 11, 20), seen, DEFAULT) == date(2026, 12, 4)
    assert due_on(Decimal(25_000), date(2026, 8, 1), seen, DEFAULT) == date(2026, 11, 23)


@given(
    amounts=st.tuples(st.decimals(-MAX, MAX, places=2), st.decimals(-MAX, MAX, places=2)),
    since=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    late=st.integers(0, 400),
)
def test_no_exception_is_due_before_it_is_raised_and_none_with_more_money_later(
    amounts: tuple[Decimal, Decimal], since: date, late: int
) -> None:
    small, large = sorted(amounts, key=abs)
    raised = since + timedelta(days=late)
    assert raised <= due_on(large, since, raised, DEFAULT)
    on_time = due_on(large, since, since, DEFAULT)
    assert on_time <= due_on(small, since, since, DEFAULT)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"least": "100", "days": 3}], "begin at 0"),
        ([{"least": "0", "days": 3}, {"least": "0.0", "days": 4}], "Two bands"),
        ([{"least": "much", "days": 3}], "amount and a whole number"),
        ([{"least": "NaN", "days": 3}], "begin at 0"),
        ([{"least": "0", "days": 366}], "0 to 365"),
    ],
)
def test_bands_that_say_nothing_are_refused(rows: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(BandError, match=words):
        read_bands(rows, 2)


def test_bands_are_read_in_any_order() -> None:
    rows = [{"least": "0", "days": 9}, {"least": "500", "days": 1}]
    assert read_bands(rows, 0) == Bands((Band(Decimal(500), 1), Band(Decimal(0), 9)), 0)


# Files


def _workbook(*names: str) -> bytes:
    held = BytesIO()
    with ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return held.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("receipt.pdf", b"%PDF-1.7 ...", "application/pdf"),
        ("scan.PNG", PNG, "image/png"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("photo.webp", b"RIFF0000WEBPVP8 ", "image/webp"),
        ("note.txt", "Grüße".encode(), "text/plain"),
        ("list.csv", b"a,b\n", "text/csv"),
        ("sheet.xlsx", _workbook("xl/workbook.xml"), None),
    ],
)
def test_a_file_is_taken_for_what_its_content_is(name: str, content: bytes, kind: str | None) -> None:
    found = read_attachment(name, content)
    assert kind is None or found.content_type == kind


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("page.html", b"<script>alert(1)</script>", "none of"),
        ("picture.svg", b"<svg onload='x'/>", "none of"),
        ("receipt.pdf", b"MZ\x90\x00 a program", "none of"),
        ("program.exe", b"%PDF-1.7 ...", "none of"),
        ("list.csv", b"\xff\xfe\x00", "none of"),
        ("sheet.xlsx", _workbook("word/document.xml"), "none of"),
        ("macros.xlsx", _workbook("xl/workbook.xml", "xl/vbaProject.bin"), "none of"),
        ("empty.pdf", b"", "empty"),
        ("large.pdf", b"%PDF-" + bytes(5_000_000), "larger than 5 MB"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(name: str, content: bytes, words: str) -> None:
    with pytest.raises(AttachmentError, match=words):
        read_attachment(name, content)


@pytest.mark.parametrize("name", ["../../etc/passwd.txt", "C:\\temp\\a\r\nb.txt", '"><b>.txt', ".txt", ""])
def test_the_name_of_a_file_leads_nowhere(name: str) -> None:
    try:
        kept = read_attachment(name, b"text").name
    except AttachmentError as refused:
        kept = str(refused)
    assert not set(kept) & set('/\\"<>\r\n')
