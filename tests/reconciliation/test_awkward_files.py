"""Statement files as banks and people really make them: no amount is misread, no row is lost, each refusal says why."""

import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from openpyxl import Workbook

from reconciliation.models import BankAccount, BankLine, StatementImport
from reconciliation.services.statements import explain_columns, import_statement, preview_statement
from reconciliation.statements import Layout, UnreadableError, read_amount, read_date, read_statement
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of


def _amounts(content: str | bytes, currency: str = "EUR") -> list[Decimal]:
    raw = content.encode() if isinstance(content, str) else content
    return [row.amount for row in read_statement(raw, currency=currency).rows]


def _column(*amounts: str) -> str:
    return "Datum;Betrag\n" + "".join(f"{day:02}.11.2026;{text}\n" for day, text in enumerate(amounts, start=1))


@pytest.fixture
def account(in_acme: Actors) -> BankAccount:
    return bank_account_of(connection_of(in_acme.tenant))


@pytest.mark.parametrize("comma", [True, False])
@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("1,50", "1.50"), ("1.50", "1.50"), ("0,125", "0.125"),
        ("12,34,567.00", "1234567.00"), ("1.234.567", "1234567"), ("10.00 Dr", "-10.00"), ("10.00 USD DR", "-10.00"),
        ("US$5.00", "5.00"), ("100 kr", "100"), ("- 10.00", "-10.00"),
    ],
)  # fmt: skip
def test_an_amount_that_can_mean_one_thing_means_it_whatever_the_rest_of_the_file_writes(
    text: str, amount: str, comma: bool
) -> None:
    assert read_amount(text, comma=comma) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["1.234.56", "1,2345.00", "12 50", "123,456.789,00", "1,23,45.00", "\u0663\u066b\u0665"]
)
def test_digits_in_groups_that_nobody_writes_are_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        read_amount(text)


@pytest.mark.parametrize(
    ("texts", "currency", "amounts"),
    [
        (("1.234", "2.000"), "EUR", ["1234", "2000"]),
        (("1.234", "2,50"), "EUR", ["1234", "2.50"]),
        (("1,234", "2.50"), "EUR", ["1234", "2.50"]),
        (("1.234", "0.500"), "KWD", ["1.234", "0.500"]),
    ],
)
def test_what_an_amount_leaves_open_the_other_amounts_and_the_currency_decide(
    texts: tuple[str, ...], currency: str, amounts: list[str]
) -> None:
    assert _amounts(_column(*texts), currency) == [Decimal(amount) for amount in amounts]


def test_more_decimals_than_the_currency_has_are_refused_with_the_place_of_the_remedy() -> None:
    found = read_statement(_column("12,50", "1,2345").encode(), currency="EUR")
    assert [row.amount for row in found.rows] == [Decimal("12.50")]
    assert "2 decimals" in found.errors[0].message
    assert "decimal mark" in found.errors[0].remedy


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Nov 3, 2026", date(2026, 11, 3)), ("03NOV2026", date(2026, 11, 3)), ("3 ene 2026", date(2026, 1, 3)),
        ("3-Dez-2026", date(2026, 12, 3)), ("3. März 2026", date(2026, 3, 3)), ("12 juil. 2026", date(2026, 7, 12)),
        ("12 juin 2026", date(2026, 6, 12)), ("Tuesday, 3 November 2026", date(2026, 11, 3)),
        ("Tue, Nov 3, 2026", date(2026, 11, 3)), ("3 de mayo de 2026", date(2026, 5, 3)),
    ],
)  # fmt: skip
def test_days_are_read_in_the_languages_of_banks(text: str, day: date) -> None:
    assert read_date(text, day_first=False) == day


def test_a_spreadsheets_count_of_days_says_how_it_becomes_a_date() -> None:
    (error,) = read_statement(b"Date,Amount\n46330,5.00\n", currency="EUR").errors
    assert "format of a date" in error.remedy


def test_words_beside_unsigned_amounts_tell_the_direction_though_their_column_has_no_known_head() -> None:
    content = "Date,Amount,What\n2026-11-01,10.00,CR\n2026-11-02,4.00,DR\n"
    assert _amounts(content) == [Decimal("10.00"), Decimal("-4.00")]
    # Deposits alone could also be debits; and amounts with signs need no words.
    assert _amounts("Date,Amount,What\n2026-11-01,10.00,D\n") == [Decimal("10.00")]
    assert _amounts("Date,Amount,What\n2026-11-01,10.00,DR\n2026-11-02,-4.00,DR\n") == [
        Decimal("10.00"),
        Decimal("-4.00"),
    ]


def test_heads_are_believed_only_where_their_values_agree() -> None:
    rows = "".join(f"0{n}.11.2026;DE{n};K{n};-{n},50;0{n}.11.2026\n" for n in range(1, 6))
    found = read_statement(f"Buchungstag;IBAN;Empfänger;Betrag (EUR);Valuta\n{rows}".encode(), currency="EUR")
    assert found.errors == []
    assert {row.account_id for row in found.rows} == {""}
    assert [row.currency for row in found.rows] == ["EUR"] * 5
    assert found.unread == ["IBAN", "Valuta"]


def test_what_is_not_booked_yet_is_told_and_not_imported() -> None:
    content = b"Completed Date,Description,Amount,State\n2026-11-01,a,-5.00,COMPLETED\n2026-11-02,b,-6.00,PENDING\n"
    found = read_statement(content, currency="GBP")
    assert len(found.rows) == 1
    assert "not booked this row (PENDING)" in found.errors[0].message


def test_a_dash_for_nothing_is_no_bad_amount() -> None:
    assert _amounts("Date,Paid in,Paid out\n2026-11-01,-,7.00\n2026-11-02,8.00,N/A\n") == [Decimal(-7), Decimal(8)]


def test_a_quotation_mark_that_nobody_closed_swallows_no_row() -> None:
    content = 'Date,Description,Amount\n2026-11-01,ok,1\n2026-11-02,"broken,10\n2026-11-03,"a, b",20\n2026-11-04,c,30\n'
    assert _amounts(content)[0] == Decimal(1)
    found = read_statement(content.encode(), currency="EUR")
    kept = " ".join(" ".join(error.values.values()) for error in found.errors)
    assert all(f"2026-11-0{day}" in kept + " ".join(str(row.booked_on) for row in found.rows) for day in range(1, 5))
    whole = 'Date,Amount,Description\n2026-11-01,1,"two\nlines"\n2026-11-02,2,x\n'
    assert [row.description for row in read_statement(whole.encode(), currency="EUR").rows] == ["two\nlines", "x"]
    open_end = 'Date,Description,Amount\n2026-11-01,"broken,10\n2026-11-02,ok,20\n2026-11-03,ok,30\n'
    assert _amounts(open_end) == [Decimal(10), Decimal(20), Decimal(30)]


def test_two_lines_of_heads_are_one_and_heads_on_every_page_are_no_rows() -> None:
    two = "Date;Payment;Amount;Amount\n;text;in;out\n01/11/2026;x;100,00;\n02/11/2026;y;;50,00\n"
    assert _amounts(two) == [Decimal(100), Decimal(-50)]
    page = "Date,Text,Amount\n2026-11-01,a,10\nDate,Text,Amount\n2026-11-02,b,20\n"
    found = read_statement(page.encode(), currency="EUR")
    assert (len(found.rows), found.errors) == (2, [])


def test_totals_headings_and_balances_among_the_rows_are_told_as_what_they_are() -> None:
    rows = b"2026-11-01,Opening balance,,90\n2026-11-02,a,10,100\nTotal,,10,\n,rest of a text,,\n"
    content = b"Date,Text,Amount,Balance\n" + rows
    found = read_statement(content, currency="EUR")
    assert [row.amount for row in found.rows] == [Decimal(10)]
    assert ["balance and no amount" in error.message for error in found.errors] == [True, False, False]
    assert all(error.remedy for error in found.errors)


def _book(**sheets: Sequence[Sequence[object]]) -> bytes:
    book = Workbook()
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    del book["Sheet"]
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_a_workbook_is_read_from_the_sheet_with_the_lines_and_numbers_are_no_texts() -> None:
    heads: list[object] = ["Date", "Text", "Amount"]
    lines: list[list[object]] = [
        heads,
        ["01/11/2026", "text", "1.234,56"],
        [date(2026, 11, 2), "number", -10.5],
        ["3.11.2026", "x", "2,00"],
    ]
    assert _amounts(_book(Summary=[["Total", 5]], Lines=lines)) == [Decimal("1234.56"), Decimal("-10.5"), Decimal(2)]
    fine = _book(Lines=[heads, ["01/11/2026", "x", "1,50"], ["02/11/2026", "fine", 1.234]])
    assert "2 decimals" in read_statement(fine, currency="EUR").errors[0].message
    with pytest.raises(UnreadableError, match="“October”, “November”"):
        read_statement(_book(October=lines, November=lines), currency="EUR")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7\n%\xe2", "PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
        (b"<html><table><tr><td>Date</td></tr></table></html>", "web page"),
    ],
)
def test_what_is_no_statement_is_called_by_its_name(content: bytes, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        read_statement(content, currency="EUR")


_ENTRY = """<Ntry><Amt Ccy="EUR">150.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>{flag}<Sts>BOOK</Sts>
<BookgDt><Dt>2026-11-03</Dt></BookgDt><NtryDtls>{details}</NtryDtls></Ntry>"""


def _camt(details: str, flag: str = "") -> bytes:
    entry = _ENTRY.format(details=details, flag=flag)
    return f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><Stmt>{entry}</Stmt></Document>'.encode()


def test_a_batch_keeps_whose_payments_are_in_it_and_by_which_numbers() -> None:
    details = """<TxDtls><Refs><EndToEndId>E1</EndToEndId></Refs><RltdPties><Dbtr><Nm>Alpha</Nm></Dbtr></RltdPties>
    <RmtInf><Ustrd>RE 1</Ustrd></RmtInf></TxDtls><TxDtls><RltdPties><Dbtr><Pty><Nm>Beta</Nm></Pty></Dbtr></RltdPties>
    <RmtInf><Strd><RfrdDocInf><Nb>INV-77</Nb></RfrdDocInf><CdtrRefInf><Ref>RF18</Ref></CdtrRefInf></Strd></RmtInf></TxDtls>"""
    (row,) = read_statement(_camt(details), currency="EUR").rows
    assert row.description.split() == ["RE", "1", "Alpha", "E1", "INV-77", "Beta", "RF18"]


def test_a_payment_that_came_back_names_whom_it_was_sent_to() -> None:
    parties = "<RltdPties><Dbtr><Nm>Ourselves</Nm></Dbtr><Cdtr><Nm>Gamma</Nm></Cdtr></RltdPties>"
    returned = f"<TxDtls>{parties}<RtrInf><Rsn><Cd>AC01</Cd></Rsn><AddtlInf>account closed</AddtlInf></RtrInf></TxDtls>"
    (row,) = read_statement(_camt(returned), currency="EUR").rows
    assert (row.counterparty, row.description) == ("Gamma", "account closed")
    reversed_ = _camt(f"<TxDtls>{parties}</TxDtls>", "<RvslInd>true</RvslInd>")
    assert read_statement(reversed_, currency="EUR").rows[0].counterparty == "Gamma"
    assert read_statement(_camt(f"<TxDtls>{parties}</TxDtls>"), currency="EUR").rows[0].counterparty == "Ourselves"


def test_names_of_two_fields_and_references_that_are_none_are_read_as_meant() -> None:
    content = """:20:A
:25:X
:28C:1
:60F:C261102EUR1000,00
:61:2611031103C5,00NTRFNONREF
:86:166?00GUTSCHRIFT?20Danke?32Alpha GmbH?33und Soehne
:61:2611031103C5,00NTRFNONREF
:86:166?00GUTSCHRIFT?20Danke?32Alpha Gesellschaft mit besc?33hraenkter Haftung
:61:2611031103D5,00NMSCNONREF
:86:/NAME/Beta BV/REMI/Factuur 77/EREF/NOTPROVIDED
:62F:C261103EUR1005,00
-
"""
    rows = read_statement(content.encode(), currency="EUR").rows
    assert [row.counterparty for row in rows] == [
        "Alpha GmbH und Soehne", "Alpha Gesellschaft mit beschraenkter Haftung", "Beta BV"
    ]  # fmt: skip
    assert rows[2].reference == ""


def test_a_correction_of_an_earlier_transaction_is_no_line_of_its_own() -> None:
    content = b"""OFXHEADER:100
<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM><BANKTRANLIST>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261103<TRNAMT>-9.00<FITID>B2<CORRECTFITID>B1<CORRECTACTION>REPLACE</STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""
    found = read_statement(content, currency="EUR")
    assert found.rows == []
    assert "corrects its transaction 'B1'" in found.errors[0].message


WORDS = b"Date,Text,Who,Amount\n2026-11-01,a,A,1.00\n2026-11-02,b,B,2.00\n2026-11-03,c,C,3.00\n"


def test_a_column_that_is_read_anew_brings_no_line_a_second_time(in_acme: Actors, account: BankAccount) -> None:
    first = import_statement(bank_account=account, file_name="a.csv", content=WORDS)
    assert first.imported == 3
    again = preview_statement(
        bank_account=account, file_name="a.csv", content=WORDS + b"2026-11-04,d,D,4.00\n"
    ).statement
    columns = {"date": "Date", "amount": "Amount", "description": "Text", "counterparty": "Who"}
    explain_columns(statement=again, layout=Layout(columns), by=in_acme.editor)
    later = import_statement(bank_account=account, file_name="b.csv", content=WORDS + b"2026-11-04,d,D,4.00\n")
    assert (later.imported, later.alike) == (1, 3)
    assert BankLine.objects.count() == 4


def test_a_booking_that_the_bank_words_anew_is_known_where_the_file_has_its_whole_day(account: BankAccount) -> None:
    import_statement(bank_account=account, file_name="a.csv", content=WORDS.replace(b",b,", b",PENDING CARD 77 UBER,"))
    later = import_statement(
        bank_account=account, file_name="b.csv", content=WORDS.replace(b",b,", b",UBER BV CARD 77,")
    )
    assert (later.imported, later.alike, later.duplicates) == (0, 1, 3)
    # Another payment of that amount on that day is a line: only as many are known as were there.
    both = WORDS.replace(b"2026-11-02,b,B,2.00\n", b"2026-11-02,UBER BV CARD 77,B,2.00\n2026-11-02,LIME,B,2.00\n")
    third = import_statement(bank_account=account, file_name="c.csv", content=both)
    assert third.imported == 1


def test_on_the_first_and_last_day_of_a_file_other_words_are_another_line(account: BankAccount) -> None:
    import_statement(
        bank_account=account, file_name="a.csv", content=b"Date,Text,Amount\n2026-11-02,CARD 1 UBER,2.00\n"
    )
    later = import_statement(
        bank_account=account,
        file_name="b.csv",
        content=b"Date,Text,Amount\n2026-11-02,CARD 2 UBER,2.00\n2026-11-03,x,1.00\n",
    )
    assert later.imported == 2


def test_refused_rows_are_repaired_in_their_own_file_and_read_by_the_columns_that_somebody_explained(
    acme: Actors,
) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        content = b"Wann;Wieviel;Wozu\n03.11.2026;10,00;Miete\n04.11.2026;zehn;Strom\n"
        row = preview_statement(bank_account=account, file_name="a.csv", content=content).statement
        layout = Layout({"date": "Wann", "amount": "Wieviel", "description": "Wozu"})
        explain_columns(statement=row, layout=layout, by=acme.editor)
        done = import_statement(bank_account=account, file_name="a.csv", content=content)
        assert (done.imported, done.failed) == (1, 1)
    refused = acme.client("editor").get(reverse("admin:reconciliation_statementimport_errors", args=[done.pk])).content
    with tenant_scope(acme.tenant.pk):
        repaired = refused.replace(b"zehn", b'"10,00"', 1)
        again = import_statement(bank_account=account, file_name="repaired.csv", content=repaired)
        assert (again.imported, again.failed) == (1, 0)
        assert BankLine.objects.get(statement=again).description == "Strom"


def test_the_preview_says_what_the_file_leaves_open_and_which_columns_nobody_reads(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        content = b"Date,Colour,Amount\n03/04/2099,red,1.00\n04/04/2099,blue,2.00\n05/04/2099,red,3.00\n"
        row = preview_statement(bank_account=account, file_name="a.csv", content=content).statement
    page = acme.client("editor").get(reverse("admin:reconciliation_statementimport_change", args=[row.pk]))
    shown = page.content.decode()
    for words in (
        "is read as 3 April 2099",
        "Every amount of this file is read as money in",
        "3 rows have a date after",
    ):
        assert words in shown
    assert "Not read: “Colour”." in shown


def test_a_preview_of_many_refused_rows_says_how_many_it_does_not_show(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        content = b"Date,Amount\n2026-11-01,1.00\n" + b"2026-11-02,x\n" * 53
        row = preview_statement(bank_account=account, file_name="a.csv", content=content).statement
        assert StatementImport.objects.get().failed == 53
    page = acme.client("editor").get(reverse("admin:reconciliation_statementimport_change", args=[row.pk]))
    assert "the other 3 are in the file" in page.content.decode()


def test_rows_of_another_account_stand_under_the_files_own_heads_in_the_file_of_refused_rows(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        rows = b"".join(b"2026-11-0%d,A,%d.00,,own\n" % (day, day) for day in (1, 2, 3))
        content = b"Date,Account,Paid in,Paid out,Text\n" + rows
        import_statement(bank_account=account, file_name="a.csv", content=content)
        account.refresh_from_db()
        done = import_statement(
            bank_account=account, file_name="b.csv", content=content + b"2026-11-04,B,,4.00,other\n"
        )
        assert (done.imported, done.duplicates, done.failed) == (0, 3, 1)
    url = reverse("admin:reconciliation_statementimport_errors", args=[done.pk])
    heads, row = acme.client("editor").get(url).content.decode().splitlines()
    assert heads == "Date,Account,Paid in,Paid out,Text,problem"
    assert row.startswith("2026-11-04,")
    assert ",,4.00,other," in row
