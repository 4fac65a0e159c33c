"""Reports computed from the journal, in the shape of QuickBooks' Reports API."""

from integrations.sandbox.quickbooks.company import Company
from integrations.sandbox.wire import Body


def build(company: Company, name: str, options: dict[str, str]) -> Body:
    """The report. Raises LookupError for names nobody knows."""
    raise LookupError(name)
