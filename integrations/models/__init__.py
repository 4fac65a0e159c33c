"""Everything the portal keeps about ledgers."""

from integrations.models.baseline import Baseline
from integrations.models.connection import Authorisation, Connection, Credential
from integrations.models.custom import CustomField
from integrations.models.discrepancy import Discrepancy
from integrations.models.fetch import Fetch
from integrations.models.files import KeptFile
from integrations.models.limits import LimitLease, SharedLease
from integrations.models.override import FieldOverride, OverriddenWrite, Rereading
from integrations.models.policy import ResourcePolicy
from integrations.models.posting import CrossReference, Posting
from integrations.models.proof import Proof
from integrations.models.record import LedgerRecord, Resource
from integrations.models.replay import Replay, ReplayUnit
from integrations.models.sync import ApiCall, SeenRecord, SyncCursor, SyncRun, Work
from integrations.models.webhook import WebhookDelivery, WebhookEvent

__all__ = [
    "ApiCall",
    "Authorisation",
    "Baseline",
    "Connection",
    "Credential",
    "CrossReference",
    "CustomField",
    "Discrepancy",
    "Fetch",
    "FieldOverride",
    "KeptFile",
    "LedgerRecord",
    "LimitLease",
    "OverriddenWrite",
    "Posting",
    "Proof",
    "Replay",
    "ReplayUnit",
    "Rereading",
    "Resource",
    "ResourcePolicy",
    "SeenRecord",
    "SharedLease",
    "SyncCursor",
    "SyncRun",
    "WebhookDelivery",
    "WebhookEvent",
    "Work",
]
