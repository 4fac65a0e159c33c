"""The journal: every document posts lines that sum to zero, balances are sums of lines."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from integrations.sandbox.books.money import ZERO


class UnbalancedError(ValueError):
    """Debits and credits of one document differ: a bug in a face, never a user's mistake."""


@dataclass(frozen=True, slots=True)
class Line:
    """One posting: `amount` in home currency, debit positive; `foreign` in the document's currency."""

    account: str
    amount: Decimal
    contact: str | None = None
    foreign: Decimal | None = None
    memo: str | None = None

    @property
    def original(self) -> Decimal:
        """The amount in the document's own currency."""
        return self.amount if self.foreign is None else self.foreign


class Journal:
    """Running balances by account and by (account, contact)."""

    def __init__(self) -> None:
        self.by_account: dict[str, Decimal] = defaultdict(Decimal)
        self.by_contact: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def swap(self, old: Sequence[Line], new: Sequence[Line]) -> None:
        """Replace a document's lines. Raises UnbalancedError unless the new ones sum to zero."""
        if new and sum((line.amount for line in new), ZERO) != 0:
            raise UnbalancedError(f"lines do not balance: {new}")
        self._add(old, -1)
        self._add(new, 1)

    def _add(self, lines: Iterable[Line], sign: int) -> None:
        for line in lines:
            self.by_account[line.account] += sign * line.amount
            if line.contact is not None:
                self.by_contact[line.account, line.contact] += sign * line.original

    def balance(self, account: str) -> Decimal:
        """Debits minus credits of an account, in home currency."""
        return self.by_account.get(account, ZERO)

    def owed(self, account: str, contact: str) -> Decimal:
        """Debits minus credits a contact has on an account, in the contact's currency."""
        return self.by_contact.get((account, contact), ZERO)

    def trial_balance(self) -> dict[str, Decimal]:
        """Account → debits minus credits; the values always sum to zero."""
        return {account: amount for account, amount in self.by_account.items() if amount != 0}
