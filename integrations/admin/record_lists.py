"""Which columns, order and filters fit each resource's list."""

from dataclasses import dataclass

from integrations.models import Resource

DOCUMENT_ORDER = ("-issued_on", "-id")
NAME_ORDER = ("name", "id")
_DOCUMENT = ("number_shown", "issued_shown", "contact_shown", "amount_shown", "status_shown", "connection_shown")
_OWED = (
    "number_shown",
    "issued_shown",
    "contact_shown",
    "due_shown",
    "amount_shown",
    "open_shown",
    "status_shown",
    "connection_shown",
)
_NAMED = ("name_shown", "kind_shown", "state_shown", "connection_shown")
_OWED_STATES = ("draft", "open", "partially_paid", "paid", "void")
_POSTED_STATES = ("posted", "void")
ACCOUNT_TYPES = (
    "bank",
    "accounts_receivable",
    "current_asset",
    "fixed_asset",
    "other_asset",
    "accounts_payable",
    "credit_card",
    "current_liability",
    "long_term_liability",
    "equity",
    "income",
    "cost_of_sales",
    "expense",
    "other_income",
    "other_expense",
    "non_posting",
)


@dataclass(frozen=True)
class ListShape:
    """`states` and `kinds` are the values that the filters offer; empty: no such filter."""

    columns: tuple[str, ...] = _NAMED
    order: tuple[str, ...] = NAME_ORDER
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    is_dated: bool = False
    search_hint: str = "Search by name"


def _documents(columns: tuple[str, ...], states: tuple[str, ...], kinds: tuple[str, ...] = ()) -> ListShape:
    hint = "Search by number, contact or memo"
    return ListShape(columns, DOCUMENT_ORDER, states, kinds, is_dated=True, search_hint=hint)


_OTHER = ListShape()
SHAPES: dict[str, ListShape] = {
    Resource.ACCOUNTS: ListShape(
        columns=("code_shown", "name_shown", "kind_shown", "amount_shown", "state_shown", "connection_shown"),
        kinds=ACCOUNT_TYPES,
        search_hint="Search by code or name",
    ),
    Resource.CONTACTS: ListShape(
        columns=("name_shown", "kind_shown", "amount_shown", "state_shown", "connection_shown"),
        kinds=("customer", "vendor"),
        search_hint="Search by name or e-mail",
    ),
    Resource.ITEMS: ListShape(
        columns=("name_shown", "code_shown", "kind_shown", "amount_shown", "state_shown", "connection_shown"),
        kinds=("service", "inventory", "non_inventory", "group", "category"),
        search_hint="Search by name or code",
    ),
    Resource.TAX_RATES: ListShape(kinds=("sales", "purchases", "both")),
    Resource.INVOICES: _documents(_OWED, _OWED_STATES),
    Resource.CREDIT_NOTES: _documents(_OWED, _OWED_STATES),
    Resource.BILLS: _documents(_OWED, _OWED_STATES),
    Resource.VENDOR_CREDITS: _documents(_OWED, _OWED_STATES),
    Resource.PURCHASE_ORDERS: _documents(_OWED, _OWED_STATES),
    Resource.PAYMENTS: _documents(
        (
            "number_shown",
            "issued_shown",
            "contact_shown",
            "amount_shown",
            "open_shown",
            "status_shown",
            "connection_shown",
        ),
        _POSTED_STATES,
    ),
    Resource.BILL_PAYMENTS: _documents(_DOCUMENT, _POSTED_STATES),
    Resource.EXPENSES: _documents(
        (
            "number_shown",
            "issued_shown",
            "contact_shown",
            "kind_shown",
            "amount_shown",
            "status_shown",
            "connection_shown",
        ),
        _POSTED_STATES,
        ("cash", "check", "credit_card"),
    ),
    Resource.JOURNAL_ENTRIES: _documents(
        ("number_shown", "issued_shown", "amount_shown", "status_shown", "connection_shown"), _POSTED_STATES
    ),
    Resource.BANK_TRANSACTIONS: _documents(
        ("number_shown", "issued_shown", "contact_shown", "kind_shown", "amount_shown", "connection_shown"),
        (),
        ("expense", "deposit", "transfer", "payment", "bill_payment", "check"),
    ),
    Resource.BANK_LINES: _documents(
        ("number_shown", "issued_shown", "contact_shown", "amount_shown", "status_shown", "connection_shown"),
        ("open", "matched", "excluded"),
    ),
}
# The order of the tabs: what finance people open most comes first.
TABS = (
    Resource.ACCOUNTS,
    Resource.CONTACTS,
    Resource.ITEMS,
    Resource.TAX_RATES,
    Resource.INVOICES,
    Resource.CREDIT_NOTES,
    Resource.PAYMENTS,
    Resource.BILLS,
    Resource.VENDOR_CREDITS,
    Resource.BILL_PAYMENTS,
    Resource.EXPENSES,
    Resource.PURCHASE_ORDERS,
    Resource.JOURNAL_ENTRIES,
    Resource.BANK_TRANSACTIONS,
    Resource.BANK_LINES,
    Resource.TRACKING_CATEGORIES,
    Resource.PAYMENT_METHODS,
    Resource.TERMS,
    Resource.CURRENCIES,
    Resource.COMPANY_INFO,
    Resource.BUDGETS,
    Resource.ATTACHMENTS,
)
DEFAULT = Resource.ACCOUNTS


def shape_of(resource: str) -> ListShape:
    """The shape of a resource's list."""
    return SHAPES.get(resource, _OTHER)


def resource_of(text: str | None) -> str:
    """A resource's name from an address; accounts when there is none or no such resource."""
    name = (text or "").replace("-", "_")
    return name if name in Resource.values else DEFAULT
