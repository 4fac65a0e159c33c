"""Everything the portal keeps about ledgers."""

from integrations.models.connection import Authorisation, Connection, Credential
from integrations.models.custom import CustomField
from integrations.models.fetch import Fetch
from integrations.models.limits import LimitLease, SharedLease
from integrations.models.posting import CrossReference, Posting
from integrations.models.record import LedgerRecord, Resource
from integrations.models.sync import ApiCall, SeenRecord, SyncCursor, SyncRun, Work

__all__ = [
    "ApiCall",
    "Authorisation",
    "Connection",
    "Credential",
    "CrossReference",
    "CustomField",
    "Fetch",
    "LedgerRecord",
    "LimitLease",
    "Posting",
    "Resource",
    "SeenRecord",
    "SharedLease",
    "SyncCursor",
    "SyncRun",
    "Work",
]
