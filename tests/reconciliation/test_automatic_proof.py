"""Automatic approval opens on what people decided so far, or on a reason that stays with the setting."""

from decimal import Decimal
from typing import Any

import pytest

from reconciliation.models import AutoApproval, BankAccount, Match, Proposal
from reconciliation.services.automatic import allow
from reconciliation.services.decisions import RefusedError
from tenants.models import Membership
from tests.reconciliation.factories import bank_account_of, line_of

SURE = Decimal("0.995")


def allow_matches(account: BankAccount, by: Membership, **fields: Any) -> AutoApproval:
    values = {"kind": "match", "threshold": Decimal("0.99"), "most": Decimal(1000), "is_on": True}
    return allow(bank_account=account, by=by, **{**values, **fields})


def _decided(account: BankAccount, right: int, wrong: int, amount: str = "10.00") -> None:
    """So many decisions about exact matches of this account, at the confidence that counts as sure."""
    for at in range(right + wrong):
        line = line_of(account, amount)
        status = Proposal.Status.APPROVED if at < right else Proposal.Status.REJECTED
        made = Proposal.objects.create(
            tenant_id=account.tenant_id, connection=account.connection, kind="match", confidence=SURE, lead=line,
            amount=line.amount, currency=line.currency, status=status,
        )  # fmt: skip
        if at < right:
            Match.objects.create(
                tenant_id=account.tenant_id, connection=account.connection, proposal=made, amount=line.amount,
                currency=line.currency,
            )  # fmt: skip


def test_fifty_decisions_that_were_right_often_enough_open_it(account: BankAccount, role: Any) -> None:
    _decided(account, right=49, wrong=0)
    with pytest.raises(RefusedError, match=r"It takes 50 decisions .* there are 49"):
        allow_matches(account, role("owner"), despite=" ")
    _decided(account, right=1, wrong=0)
    assert allow_matches(account, role("owner"), despite="").despite == ""
    with pytest.raises(RefusedError, match="there are 0"):
        allow_matches(account, role("owner"), kind="fee", despite="")
    with pytest.raises(RefusedError, match="there are 0"):
        allow_matches(bank_account_of(account.connection), role("owner"), despite="")
    _decided(account, right=0, wrong=1)
    with pytest.raises(RefusedError, match=r"Of 51 decisions 50 were right, 98.* asked for is 99"):
        allow_matches(account, role("owner"), most=Decimal(2000), despite="")
    assert allow_matches(account, role("owner"), most=Decimal(900), despite="").is_on, "stricter needs no new proof"
    assert allow_matches(account, role("owner"), threshold=Decimal("0.98"), despite="").is_on, "98.0 % were right"


def test_whoever_opens_it_without_proof_is_named_with_the_reason(account: BankAccount, role: Any) -> None:
    setting = allow_matches(account, role("approver"), despite="Checked by hand for a year")
    assert setting.despite.endswith("there are 0. Checked by hand for a year")
    assert setting.changed_by == role("approver").user
    kept = type(setting).pgh_event_model.objects.filter(pgh_obj_id=setting.pk).order_by("pgh_id").last()  # type: ignore[attr-defined]
    assert kept.despite == setting.despite
    _decided(account, right=50, wrong=0)
    allow_matches(account, role("approver"), is_on=False)
    assert allow_matches(account, role("owner"), despite="Not needed any more").despite == ""
