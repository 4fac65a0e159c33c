"""Statement files are read as banks write them; a bad row stops nothing and is never lost."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from reconciliation.models import BankAccount, BankLine, MatchRun, StatementImport, StatementLayout
from reconciliation.services.statements import (
    account_proof,
    bank_account_for,
    confirm_import,
    import_statement,
    keep_alike,
    preview_statement,
    reread,
)
from reconciliation.statements import UnreadableError, read_amount, read_date, read_statement
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of, record_of
from tests.reconciliation.test_statement_formats import CSV, MT940

GOOD = b"""id,account_id,date,amount,currency,description,counterparty,reference
S1,A,2026-11-03,120.50,GBP,FPS CREDIT,Northgate,R1
S2,A,2026-11-04,-44.10,GBP,"=HYPERLINK(""http://x"")",Coffee,
"""


@pytest.mark.parametrize(
    ("text", "comma", "amount"),
    [
        ("1,234.56", False, "1234.56"),
        ("1.234,56", True, "1234.56"),
        ("(12.00)", False, "-12.00"),
        ("12.00-", False, "-12.00"),
        ("\u221245,10", True, "-45.10"),
        ("£1,000", False, "1000"),
        ("EUR 7.50", False, "7.50"),
        ("1'234.00 CHF", False, "1234.00"),
        ("99.00 DR", False, "-99.00"),
    ],
)
def test_amounts_are_read_as_banks_write_them(text: str, comma: bool, amount: str) -> None:
    assert read_amount(text, comma=comma) == Decimal(amount)


@pytest.mark.parametrize("text", ["=1+1", "abc", "1.2.3", "", "NaN", "1e9"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|formula"):
        read_amount(text)


@pytest.mark.parametrize(
    ("text", "day_first", "day"),
    [
        ("2026-11-03", True, date(2026, 11, 3)),
        ("2026-11-03T10:00:00Z", True, date(2026, 11, 3)),
        ("20261103", True, date(2026, 11, 3)),
        ("03/11/2026", True, date(2026, 11, 3)),
        ("11/03/2026", False, date(2026, 11, 3)),
        ("3.11.26", True, date(2026, 11, 3)),
        ("3 Nov 2026", True, date(2026, 11, 3)),
        ("03-November-2026", True, date(2026, 11, 3)),
    ],
)
def test_days_are_read_as_banks_write_them(text: str, day_first: bool, day: date) -> None:
    assert read_date(text, day_first=day_first) == day


def test_the_file_itself_decides_the_order_of_day_and_month() -> None:
    content = b"Date,Amount\n11/03/2026,5.00\n11/25/2026,6.00\n"
    rows = read_statement(content, currency="USD").rows
    assert [row.booked_on for row in rows] == [date(2026, 11, 3), date(2026, 11, 25)]


def test_other_banks_headers_separators_and_columns_are_recognised() -> None:
    lines = [
        "Konto;;",
        "Booking date;Paid in;Paid out;Payee;Details",
        "03.11.2026;1.250,00;;Müller;",
        "04.11.2026;;12,50;;",
    ]
    content = "\n".join(lines)
    rows = read_statement(content.encode("cp1252"), currency="EUR").rows
    assert [(row.amount, row.counterparty) for row in rows] == [(Decimal("1250.00"), "Müller"), (Decimal("-12.50"), "")]


def test_equal_rows_of_one_file_stay_two_lines_and_are_known_in_the_next() -> None:
    content = b"date,amount,description\n2026-11-03,-3.20,Coffee\n2026-11-03,-3.20,Coffee\n"
    first = [row.external_id for row in read_statement(content, currency="GBP").rows]
    assert len(set(first)) == 2
    assert [row.external_id for row in read_statement(content, currency="GBP").rows] == first


@pytest.mark.parametrize("content", [b"", b"hello\n1\n", b"\x00\x01\x02", b"PK\x03\x04nothing"])
def test_a_file_that_is_no_statement_says_so(content: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_statement(content, currency="GBP")


def test_a_bad_row_stops_nothing_and_is_kept(account: BankAccount) -> None:
    content = GOOD + b"S3,A,31/31/2026,10.00,GBP,x,,\nS4,A,2026-11-05,abc,GBP,y,,\nS5,A,2026-11-05,1.00,EUR,z,,\n"
    done = import_statement(bank_account=account, file_name="nov.csv", content=content)
    assert (done.imported, done.failed) == (2, 3)
    assert [error["row"] for error in done.row_errors] == [4, 5, 6]
    assert done.row_errors[1]["values"]["amount"] == "abc"
    assert (done.money_in, done.money_out) == (Decimal("120.50"), Decimal("44.10"))


def test_a_dry_run_stores_nothing(account: BankAccount) -> None:
    done = import_statement(bank_account=account, file_name="nov.csv", content=GOOD, dry_run=True)
    assert done.rows == 2
    assert BankLine.objects.count() == StatementImport.objects.count() == 0


def test_lines_of_an_earlier_upload_are_recognised(account: BankAccount) -> None:
    import_statement(bank_account=account, file_name="a.csv", content=GOOD)
    again = import_statement(bank_account=account, file_name="b.csv", content=GOOD + b"S9,A,2026-11-06,9.00,GBP,n,,\n")
    assert (again.imported, again.duplicates) == (1, 2)
    assert BankLine.objects.count() == 3


def test_a_known_id_with_another_amount_is_told_and_not_imported(account: BankAccount) -> None:
    import_statement(bank_account=account, file_name="a.csv", content=GOOD)
    other = import_statement(bank_account=account, file_name="b.csv", content=GOOD.replace(b"120.50", b"99.00"))
    assert (other.imported, other.duplicates, other.failed) == (0, 1, 1)
    assert "imported before with 120.50" in other.row_errors[0]["message"]


def test_rows_of_another_account_are_not_mixed_in(account: BankAccount) -> None:
    import_statement(bank_account=account, file_name="a.csv", content=GOOD)
    account.refresh_from_db()
    assert account.statement_id == "A"
    other = import_statement(bank_account=account, file_name="b.csv", content=GOOD.replace(b",A,", b",B,"))
    assert (other.imported, other.failed) == (0, 2)


def test_confirming_a_preview_twice_imports_once(account: BankAccount) -> None:
    preview = preview_statement(bank_account=account, file_name="nov.csv", content=GOOD)
    assert BankLine.objects.count() == 0
    for _ in range(2):
        assert confirm_import(statement=preview.statement).imported == 2
    assert BankLine.objects.count() == 2


def test_only_bank_and_card_accounts_of_the_ledger_become_bank_accounts(in_acme: Actors) -> None:
    connection = connection_of(in_acme.tenant)
    sales = record_of(connection, "accounts", "0", kind="income", name="Sales")
    with pytest.raises(ValidationError, match="not a bank"):
        bank_account_for(connection=connection, account=sales)
    card = record_of(connection, "accounts", "0", kind="credit_card", name="Company card")
    made = bank_account_for(connection=connection, account=card)
    assert (made.is_card, made.external_account_id) == (True, card.external_id)
    assert bank_account_for(connection=connection, account=card) == made


def _upload(client: Any, choice: str, content: bytes) -> Any:
    from django.core.files.uploadedfile import SimpleUploadedFile

    url = reverse("admin:reconciliation_statementimport_add")
    return client.post(url, {"account": choice, "file": SimpleUploadedFile("nov.csv", content)}, follow=True)


def test_an_upload_is_previewed_then_imported_and_matching_starts(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        connection = connection_of(acme.tenant)
        record = record_of(connection, "accounts", "0", kind="bank", name="Current")
    client = acme.client("editor")
    page = _upload(client, f"ledger:{record.pk}", GOOD + b"S3,A,2026-11-05,abc,GBP,-bad,,\n").content.decode()
    assert "Import 2 lines" in page
    assert "is not an amount" in page
    with tenant_scope(acme.tenant.pk):
        statement = StatementImport.objects.get()
        assert BankLine.objects.count() == 0
    errors = client.get(reverse("admin:reconciliation_statementimport_errors", args=[statement.pk])).content.decode()
    assert ",'-bad," in errors
    client.post(reverse("admin:reconciliation_statementimport_confirm", args=[statement.pk]))
    with tenant_scope(acme.tenant.pk):
        assert BankLine.objects.count() == 2
        assert MatchRun.objects.get().status == MatchRun.Status.QUEUED


def test_a_broken_file_is_explained_on_the_form(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        record = record_of(connection_of(acme.tenant), "accounts", "0", kind="bank", name="Current")
    page = _upload(acme.client("editor"), f"ledger:{record.pk}", b"hello\n1\n")
    assert page.status_code == 422
    assert "no header with a date and an amount" in page.content.decode()


UNKNOWN = b"quando;chi;quanto\n03.11.2026;Roma;44,10\n04.11.2026;Foo;-250,00\n"


def _preview_of(actors: Actors, content: bytes, role: str = "editor") -> tuple[Any, Any]:
    with tenant_scope(actors.tenant.pk):
        account = bank_account_of(connection_of(actors.tenant), currency="EUR")
        statement = preview_statement(bank_account=account, file_name="nov.csv", content=content).statement
    return actors.client(role), statement


def test_unknown_columns_are_explained_once_and_remembered_for_the_next_file(acme: Actors) -> None:
    client, statement = _preview_of(acme, UNKNOWN)
    change = reverse("admin:reconciliation_statementimport_change", args=[statement.pk])
    page = client.get(change).content.decode()
    assert "Which column is what?" in page
    assert "Import 2 lines" not in page
    said = {"date": "quando", "counterparty": "chi", "amount": "quanto", "is_reversed": "on"}
    url = reverse("admin:reconciliation_statementimport_columns", args=[statement.pk])
    assert "chosen twice" in client.post(url, said | {"reference": "chi"}, follow=True).content.decode()
    assert "column of the date" in client.post(url, {"amount": "quanto"}, follow=True).content.decode()
    page = client.post(url, said, follow=True).content.decode()
    assert "Import 2 lines" in page
    with tenant_scope(acme.tenant.pk):
        other = bank_account_of(connection_of(acme.tenant), currency="EUR")
        done = import_statement(bank_account=other, file_name="dec.csv", content=UNKNOWN)
        amounts = other.lines.order_by("booked_on").values_list("amount", flat=True)
        assert (done.imported, list(amounts)) == (2, [Decimal("-44.10"), Decimal(250)])


def test_what_one_tenant_explained_reads_no_file_of_another_and_no_stranger_explains(
    acme: Actors, rival: Actors
) -> None:
    client, statement = _preview_of(acme, UNKNOWN)
    url = reverse("admin:reconciliation_statementimport_columns", args=[statement.pk])
    said = {"date": "quando", "amount": "quanto"}
    assert acme.client("auditor").post(url, said).status_code == 403
    rival.client("editor").post(url, said)
    with tenant_scope(acme.tenant.pk):
        assert not StatementLayout.objects.exists()
    client.post(url, said)
    with tenant_scope(rival.tenant.pk):
        assert not StatementLayout.objects.exists()
        account = bank_account_of(connection_of(rival.tenant), currency="EUR")
        with pytest.raises(ValidationError, match="which column"):
            import_statement(bank_account=account, file_name="n.csv", content=UNKNOWN)


def test_lines_that_another_kind_of_file_brought_are_known_by_day_and_amount(in_acme: Actors) -> None:
    account = bank_account_of(connection_of(in_acme.tenant), currency="EUR")
    import_statement(bank_account=account, file_name="nov.csv", content=CSV)
    again = preview_statement(bank_account=account, file_name="nov.sta", content=MT940)
    assert (again.statement.alike, again.statement.duplicates, len(again.new)) == (2, 2, 0)
    assert {row.amount: line.description for row, line in again.rows.alike}[Decimal("-44.10")] == "Espresso"
    keep_alike(statement=again.statement, keeps=True)
    again.statement.refresh_from_db()
    assert len(reread(again.statement).new) == 2
    keep_alike(statement=again.statement, keeps=False)
    assert confirm_import(statement=again.statement).imported == 0
    assert BankLine.objects.count() == 2


def test_of_two_equal_amounts_one_known_one_is_new(in_acme: Actors) -> None:
    account = bank_account_of(connection_of(in_acme.tenant))
    one = b"date,amount,description\n2026-11-03,-3.20,Coffee\n"
    import_statement(bank_account=account, file_name="a.csv", content=one)
    two = b"Date,Value,Memo,Payee\n2026-11-03,-3.20,Tea,B\n2026-11-03,-3.20,Coffee,C\n"
    preview = preview_statement(bank_account=account, file_name="b.csv", content=two)
    assert [row.description for row in preview.new] == ["Tea"]


def test_a_thousand_equal_rows_of_two_kinds_of_file_are_told_apart_by_number_alone(in_acme: Actors) -> None:
    account = bank_account_of(connection_of(in_acme.tenant))
    rows = b"2026-11-03,-3.20,Coffee\n" * 400
    import_statement(bank_account=account, file_name="a.csv", content=b"date,amount,description\n" + rows)
    more = rows.replace(b"Coffee", b"Kaffee") + b"2026-11-03,-3.20,Tee\n"
    preview = preview_statement(bank_account=account, file_name="b.csv", content=b"Day,Value,Memo\n" + more)
    assert (preview.statement.alike, len(preview.new)) == (400, 1)


def test_balances_prove_the_account_over_files_and_show_a_lost_month(in_acme: Actors) -> None:
    account = bank_account_of(connection_of(in_acme.tenant), currency="EUR")
    for name, content in (("a", CSV), ("b", MT940)):
        import_statement(bank_account=account, file_name=name, content=content)
    days = account_proof(account, date(2026, 11, 1), date(2026, 11, 30))
    assert [(proof.on.day, proof.is_proved) for proof in days] == [(3, True), (4, True)]
    later = b"date,amount,balance\n2026-12-02,10.00,1300.00\n"
    import_statement(bank_account=account, file_name="c", content=later)
    (gap,) = account_proof(account, date(2026, 12, 1), date(2026, 12, 31))
    assert (gap.stated_opening, gap.opening, gap.difference) == (Decimal(1290), Decimal("1205.90"), Decimal("84.10"))


def test_nobody_uploads_to_another_tenants_account(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        record = record_of(account.connection, "accounts", "0", kind="bank", name="Acme current")
    client = rival.client("editor")
    for choice in (f"own:{account.pk}", f"ledger:{record.pk}"):
        page = _upload(client, choice, GOOD)
        assert page.status_code == 422
        assert "Acme current" not in page.content.decode()
    with tenant_scope(acme.tenant.pk):
        assert StatementImport.objects.count() == 0
