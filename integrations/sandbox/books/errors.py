"""Why the books refuse something, in no ledger's words."""

from typing import Any


class BooksError(Exception):
    """A refusal: `code` says which law, `field` which part of the body, `facts` what a face may want to name.

    Codes: not_found, missing, invalid_reference, inactive_reference, unbalanced, period_closed, settled, over_applied,
    wrong_party, wrong_currency, wrong_account_type, duplicate_number, duplicate_name, invalid_tax, amount_mismatch,
    status, in_use.
    """

    def __init__(self, code: str, message: str, field: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.facts = facts
