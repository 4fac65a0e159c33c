"""OFX, CAMT.053, MT940 and tables say the same of the same month; what a bank gets wrong is told with its place."""

import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from reconciliation.statements import Balance, Layout, UnreadableError, heads_key, prove, read_statement

MT940 = b"""{1:F01BANKDEFFAXXX0000000000}{4:
:20:STARTUMS
:25:DE89370400440532013000
:28C:11/1
:60F:C261102EUR1000,00
:61:2611031103D44,10NMSCNONREF//B1
:86:166?00KARTENZAHLUNG?20SVWZ+Espresso?21 und Bohnen?32Caffe Roma
:61:2611041104C250,NTRFINV-7
:86:/NAME/Foo BV/REMI/Invoice 12/
:62F:C261104EUR1205,90
-}
"""
OFX = b"""OFXHEADER:100
DATA:OFXSGML
ENCODING:USASCII
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>37040044<ACCTID>DE89370400440532013000<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST><DTSTART>20261101<DTEND>20261130
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20261103120000[+1:CET]<TRNAMT>-44.10<FITID>B1<NAME>Caff\xe8 &amp; Co<MEMO>Espresso
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261104<TRNAMT>250.00<FITID>B2<NAME>Foo BV<MEMO>Invoice 12</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>1205.90<DTASOF>20261104120000</LEDGERBAL>
</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""
ENTRY = """<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{mark}</CdtDbtInd><Sts>{state}</Sts>
<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{ref}</AcctSvcrRef><NtryDtls><TxDtls>
<Refs><EndToEndId>{end}</EndToEndId></Refs><RltdPties><Dbtr><Nm>Foo BV</Nm></Dbtr><Cdtr><Pty><Nm>Roma</Nm></Pty></Cdtr>
</RltdPties><RmtInf><Ustrd>Invoice 12</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""
BALANCE = """<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>{day}</Dt></Dt></Bal>"""


def camt(*entries: str) -> bytes:
    """A statement of November with these entries."""
    first = BALANCE.format(code="OPBD", amount="1000.00", day="2026-11-02")
    last = BALANCE.format(code="CLBD", amount="1205.90", day="2026-11-04")
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>
<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>{first}{last}{"".join(entries)}
</Stmt></BkToCstmrStmt></Document>""".encode()


OUT = ENTRY.format(amount="44.10", mark="DBIT", state="BOOK", day="2026-11-03", ref="B1", end="NOTPROVIDED")
IN = ENTRY.format(amount="250.00", mark="CRDT", state="BOOK", day="2026-11-04", ref="B2", end="INV-7")
CSV = b"""Buchungstag;Auftraggeber;Verwendungszweck;Betrag;Saldo
04.11.2026;Foo BV;Invoice 12;250,00;1.205,90
03.11.2026;Roma;Espresso;-44,10;955,90
"""


def workbook() -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Statement of account"])
    sheet.append(["Date", "Description", "Paid in", "Paid out", "Balance"])
    sheet.append([date(2026, 11, 3), "Espresso", None, 44.1, 955.9])
    sheet.append([date(2026, 11, 4), "Invoice 12", 250, None, 1205.9])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    "content", [MT940, OFX, camt(OUT, IN), CSV, workbook()], ids=["mt940", "ofx", "camt", "csv", "xlsx"]
)
def test_every_format_says_the_same_lines_and_proves_its_last_day(content: bytes) -> None:
    found = read_statement(content, currency="EUR")
    assert found.errors == []
    rows = sorted((row.booked_on, row.amount, row.currency) for row in found.rows)
    assert rows == [
        (date(2026, 11, 3), Decimal("-44.10"), "EUR"),
        (date(2026, 11, 4), Decimal("250.00"), "EUR"),
    ]
    last = prove(((row.booked_on, row.amount) for row in found.rows), found.balances)[-1]
    assert last.is_proved
    assert (last.on, last.stated) == (date(2026, 11, 4), Decimal("1205.90"))
    again = read_statement(content, currency="EUR")
    assert [row.external_id for row in again.rows] == [row.external_id for row in found.rows]


def test_names_texts_and_references_are_found_where_each_format_keeps_them() -> None:
    first, second = read_statement(MT940, currency="EUR").rows
    assert (first.counterparty, first.reference) == ("Caffe Roma", "B1")
    assert "Espresso und Bohnen" in first.description
    assert (second.counterparty, second.reference) == ("Foo BV", "INV-7")
    assert read_statement(OFX, currency="EUR").rows[0].counterparty == "Caffè & Co"
    paid, got = read_statement(camt(OUT, IN), currency="EUR").rows
    assert (paid.counterparty, paid.reference, got.counterparty, got.reference) == ("Roma", "", "Foo BV", "INV-7")


def test_a_bad_entry_of_each_format_is_kept_with_its_place_and_a_remedy() -> None:
    pending = ENTRY.format(amount="9.00", mark="DBIT", state="PDNG", day="2026-11-05", ref="B3", end="")
    files = {
        "entry 3": MT940.replace(b":62F:", b":61:garbage\n:62F:"),
        "transaction 3": OFX.replace(b"</BANKTRANLIST>", b"<STMTTRN><DTPOSTED>2026<TRNAMT>1<FITID>9</BANKTRANLIST>"),
        "Entry 3": camt(OUT, IN, pending),
        "row 4": CSV + b"05.11.2026;X;Y;zwei;\n",
    }
    for place, content in files.items():
        found = read_statement(content, currency="EUR")
        assert len(found.rows) == 2
        (error,) = found.errors
        assert error.place == place.lower()
        assert error.remedy
        assert error.values


def test_a_file_of_two_accounts_names_each_lines_account() -> None:
    other = OFX.split(b"<STMTTRNRS>")[1].replace(b"DE89370400440532013000", b"OTHER").replace(b"B1", b"C1")
    found = read_statement(OFX.replace(b"</BANKMSGSRSV1>", other.replace(b"B2", b"C2")), currency="EUR")
    assert {row.account_id for row in found.rows} == {"DE89370400440532013000", "OTHER"}
    assert {balance.account_id for balance in found.balances} == {"DE89370400440532013000", "OTHER"}


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><Document xmlns="camt.053">&a;</Document>',
        b'<Document xmlns="camt.053"><Stmt></Document>',
        b'<Document xmlns="camt.053"/>',
        b"OFXHEADER:100\n\n<OFX></OFX>",
    ],
)
def test_a_file_that_says_its_format_and_holds_nothing_is_explained(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_statement(content, currency="EUR")


def test_heads_that_nobody_knows_are_asked_for_and_then_remembered() -> None:
    content = b"Bank of Nowhere\nquando;chi;quanto;D/C\n03.11.2026;Roma;44,10;D\n04.11.2026;Foo;250,00;C\n"
    asked = read_statement(content, currency="EUR")
    assert (asked.asks_columns, asked.heads) == (True, ("quando", "chi", "quanto", "D/C"))
    assert asked.samples["quanto"] == ["44,10", "250,00"]
    layout = Layout({"date": "quando", "counterparty": "chi", "amount": "quanto", "direction": "D/C"})
    known = {heads_key(asked.heads): layout}
    found = read_statement(content.replace(b"quando;chi", b"QUANDO;Chi"), currency="EUR", known=known)
    assert not found.asks_columns or found.heads[0] == "QUANDO"
    found = read_statement(content, currency="EUR", known=known)
    assert [row.amount for row in found.rows] == [Decimal("-44.10"), Decimal("250.00")]


def test_a_table_without_heads_can_be_explained_too() -> None:
    content = b"2026-11-03,Roma,44.10\n2026-11-04,Foo,-250.00\n"
    asked = read_statement(content, currency="EUR")
    assert asked.heads == ("column 1", "column 2", "column 3")
    layout = Layout({"date": "column 1", "amount": "column 3"}, is_reversed=True)
    found = read_statement(content, currency="EUR", known={heads_key(asked.heads): layout})
    assert [row.amount for row in found.rows] == [Decimal("-44.10"), Decimal("250.00")]


def test_a_missing_line_shows_as_a_difference_on_its_day_and_only_there() -> None:
    found = read_statement(camt(IN), currency="EUR")
    (proof,) = prove(((row.booked_on, row.amount) for row in found.rows), found.balances)
    assert (proof.closing, proof.stated, proof.difference) == (
        Decimal("1250.00"), Decimal("1205.90"), Decimal("-44.10"),
    )  # fmt: skip
    later = [*found.balances, Balance(date(2026, 11, 5), Decimal("1205.90"), is_opening=False)]
    assert [p.difference for p in prove([(date(2026, 11, 4), Decimal(250))], later)] == [Decimal("-44.10"), 0]


def test_statements_that_meet_within_a_day_prove_it_once() -> None:
    day = date(2026, 11, 3)
    said = [
        Balance(day, Decimal(100), is_opening=True), Balance(day, Decimal(90), is_opening=False),
        Balance(day, Decimal(90), is_opening=True), Balance(day, Decimal(70), is_opening=False),
    ]  # fmt: skip
    (proof,) = prove([(day, Decimal(-10)), (day, Decimal(-20))], said)
    assert proof.is_proved
    assert (proof.opening, proof.closing) == (Decimal(100), Decimal(70))


_cents = st.integers(-10_000, 10_000).filter(bool).map(lambda cents: Decimal(cents) / 100)


@given(st.lists(st.tuples(st.integers(0, 20), _cents), min_size=1, max_size=40), _cents)
def test_a_running_balance_proves_every_day_in_either_order_and_one_lost_line_never_passes(
    moves: list[tuple[int, Decimal]], opening: Decimal
) -> None:
    moves.sort(key=lambda move: move[0])
    lines, balance = [], opening
    for day, amount in moves:
        balance += amount
        lines.append(f"2026-11-{day + 1:02},{amount},{balance}")
    for order in (lines, lines[::-1]):
        found = read_statement("\n".join(["date,amount,balance", *order]).encode(), currency="EUR")
        moved = [(row.booked_on, row.amount) for row in found.rows]
        assert len(moved) == len(moves)
        assert all(proof.difference in (0, None) for proof in prove(moved, found.balances)), order
        assert any(proof.difference for proof in prove(moved[1:], found.balances))
