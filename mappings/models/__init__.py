"""What sources sent, the words they use, what those words mean in the ledger, and what was there before."""

from mappings.models.backtests import BackTest
from mappings.models.cleansing import ContactAlias, ContactsApart, DuplicateGroup
from mappings.models.cutover import CutOver, CutOverLink
from mappings.models.documents import DocumentValue, SourceDocument, SourceValue
from mappings.models.health import HealthFinding, HealthWatch, WatchedTarget
from mappings.models.imports import DocumentImport
from mappings.models.learning import RefusedSuggestion
from mappings.models.pilots import Pilot
from mappings.models.posting_rules import PostingRule
from mappings.models.versions import MappingSet, Side, Subject, ValueMapping

__all__ = [
    "BackTest",
    "ContactAlias",
    "ContactsApart",
    "CutOver",
    "CutOverLink",
    "DocumentImport",
    "DocumentValue",
    "DuplicateGroup",
    "HealthFinding",
    "HealthWatch",
    "MappingSet",
    "Pilot",
    "RefusedSuggestion",
    "PostingRule",
    "Side",
    "SourceDocument",
    "SourceValue",
    "Subject",
    "ValueMapping",
    "WatchedTarget",
]
