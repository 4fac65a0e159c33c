"""Bank lines are found by each word that the bank wrote, by amount and by day, through indexes, behind the fence."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from reconciliation.models import BankAccount, BankLine
from reconciliation.services import line_search
from reconciliation.services.filters import lines_of, read_filters
from reconciliation.services.line_search import find_lines
from tenants.rls import tenant_scope
from tests.conftest import Actors
from tests.reconciliation.factories import bank_account_of, connection_of, line_of


def _many(account: BankAccount, count: int) -> None:
    day = timezone.localdate()
    BankLine.objects.bulk_create(
        BankLine(
            tenant_id=account.tenant_id, bank_account=account, external_id=f"M{n:06}", currency="GBP",
            booked_on=day - timedelta(days=n % 700), amount=Decimal(n + 1), description=f"SVWZ+RENR{n:06}",
            counterparty=f"Payer {n % 97}",
        )
        for n in range(count)
    )  # fmt: skip


def test_every_word_has_to_occur_wherever_the_bank_wrote_it(account: BankAccount) -> None:
    line = line_of(
        account, "10.00", description="SVWZ+RECHNUNG4711 100%_OK", counterparty="Müller \\ Söhne", reference="E2E-77"
    )
    line_of(account, "10.00", description="SVWZ+RECHNUNG4712", counterparty="Muller")
    for text in ("4711", "MÜLLER 4711", "hnung4711 e2e", "100%_ok", "\\ s", "ü", "söhne e2e-77", line.external_id):
        assert find_lines(text).ids == [line.pk], text
    for text in ("4711 muller", "100__ok", "e2e-78", "4711%müller"):
        assert find_lines(text).ids == [], text


def test_the_newest_come_first_and_it_says_when_there_are_more(
    account: BankAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = timezone.localdate()
    rows = [line_of(account, "1.00", description="rent", booked_on=day - timedelta(days=n)) for n in (2, 0, 1)]
    assert find_lines("rent").ids == [rows[1].pk, rows[2].pk, rows[0].pk]
    monkeypatch.setattr(line_search, "MOST", 2)
    cut = find_lines("rent")
    assert (cut.ids, cut.is_cut) == ([rows[1].pk, rows[2].pk], True)
    assert not find_lines("rent", before=day).is_cut
    assert find_lines("rent", first_on=day).ids == [rows[1].pk]
    assert find_lines("rent", statuses=["matched"]).ids == []
    assert find_lines("rent", account=bank_account_of(account.connection).pk).ids == []


def test_a_rival_finds_nothing_and_neither_does_nobody(acme: Actors, rival: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        line = line_of(bank_account_of(connection_of(acme.tenant)), "10.00", description="secret payment")
        assert find_lines("secret").ids == [line.pk]
    with tenant_scope(rival.tenant.pk):
        assert find_lines("secret").ids == []
    assert find_lines("secret").ids == []


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_a_rare_word_is_found_by_the_index_although_row_security_is_on(acme: Actors) -> None:
    with tenant_scope(acme.tenant.pk):
        _many(bank_account_of(connection_of(acme.tenant)), 3000)
    with connections["owner"].cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) reconciliation_bankline")
    scans = "SELECT pg_stat_get_xact_numscans('bank_line_words'::regclass)"
    with tenant_scope(acme.tenant.pk), connection.cursor() as cursor:
        cursor.execute(scans)
        before = cursor.fetchone()[0]
        assert len(find_lines("renr001234").ids) == 1
        cursor.execute(scans)
        assert cursor.fetchone()[0] > before


@pytest.mark.parametrize(
    ("query", "index", "condition"),
    [
        ({"least": "2999", "most": "2999.50", "sort": "largest"}, "bank_line_by_amount", "cents >="),
        ({"sort": "largest"}, "bank_line_by_amount", "status"),
        ({"age": "690", "sort": "oldest"}, "bank_line_", "booked_on <="),
    ],
)
def test_amounts_and_days_narrow_through_indexes_under_row_security(
    account: BankAccount, query: dict[str, str], index: str, condition: str
) -> None:
    _many(account, 3000)
    rows = lines_of(account.tenant, read_filters({"show": "unmatched", **query}))
    with connection.cursor() as cursor:
        # Whether it can be used, not whether it pays for so few lines.
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = rows[:25].explain()
    assert index in plan
    assert any(condition in line for line in plan.splitlines() if "Index Cond" in line), plan


def test_amounts_are_compared_to_the_last_place(account: BankAccount) -> None:
    exact, near = line_of(account, "-10.00"), line_of(account, "10.004")
    large = line_of(account, "99999999999999.99")

    def found(**query: str) -> set[Any]:
        return set(lines_of(account.tenant, read_filters({"show": "unmatched", **query})))

    assert found(least="10", most="10") == {exact}
    assert found(least="10.004", most="11") == {near}
    assert found(least="99999999999999.99") == {large}
    assert list(lines_of(account.tenant, read_filters({"show": "unmatched", "sort": "largest"})))[0] == large


def test_pages_say_when_a_search_found_more_than_it_shows(acme: Actors, monkeypatch: pytest.MonkeyPatch) -> None:
    with tenant_scope(acme.tenant.pk):
        account = bank_account_of(connection_of(acme.tenant))
        for place in ("north", "south", "west"):
            line_of(account, "10.00", description=f"rent {place}")
    client = acme.client("editor")
    listed, board = reverse("admin:reconciliation_bankline_changelist"), reverse("admin:reconciliation_workbench")
    page = client.get(listed, {"q": "RENT south", "status__exact": "unmatched"})
    assert page.context_data is not None
    assert [row.description for row in page.context_data["cl"].result_list] == ["rent south"]
    assert list(get_messages(page.wsgi_request)) == []
    monkeypatch.setattr(line_search, "MOST", 2)
    assert "newest 2,000 lines" in client.get(listed, {"q": "rent"}).content.decode()
    assert "of the newest 2000 lines" in client.get(board, {"q": "rent", "show": "unmatched"}).content.decode()


@pytest.mark.parametrize("most", [3, 40, 250], ids=["among the newest", "further down", "all there are"])
def test_what_many_lines_say_is_found_newest_first_like_what_few_say(
    account: BankAccount, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    _many(account, 900)
    # Of the newest 200 all say it, of the older ones only one in seven: enough of them lie far below.
    newest = list(BankLine.objects.order_by("-booked_on", "-pk").values_list("pk", flat=True))
    said = [*newest[:30], *newest[60:120], *newest[200::7]]
    BankLine.objects.filter(pk__in=said).update(reference="Standing order")
    BankLine.objects.filter(pk__in=said[1::3]).update(status="matched")
    monkeypatch.setattr(line_search, "MOST", most)
    found = find_lines("standing payer")
    assert found.ids == said[:most]
    assert found.is_cut == (len(said) > most)
    matched = [pk for at, pk in enumerate(said) if at % 3 == 1]
    assert find_lines("standing", statuses=["matched"]).ids == matched[:most]
    shown = lines_of(account.tenant, read_filters({"show": "matched", "q": "standing"}))
    assert set(shown.values_list("pk", flat=True)) == set(matched[:most])
