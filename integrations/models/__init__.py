"""Everything the portal keeps about ledgers."""

from integrations.models.connection import Authorisation, Connection, Credential
from integrations.models.posting import CrossReference, Posting
from integrations.models.record import LedgerRecord, Resource
from integrations.models.sync import ApiCall, LimitLease, SeenRecord, SyncCursor, SyncRun, Work

__all__ = [
    "ApiCall",
    "Authorisation",
    "Connection",
    "Credential",
    "CrossReference",
    "LedgerRecord",
    "LimitLease",
    "Posting",
    "Resource",
    "SeenRecord",
    "SyncCursor",
    "SyncRun",
    "Work",
]
