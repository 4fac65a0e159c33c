"""What sources sent, the words they use, what those words mean in the ledger, and what was there before."""

from mappings.models.backtests import BackTest
from mappings.models.cutover import CutOver, CutOverLink
from mappings.models.documents import DocumentValue, SourceDocument, SourceValue
from mappings.models.versions import MappingSet, Side, Subject, ValueMapping

__all__ = [
    "BackTest",
    "CutOver",
    "CutOverLink",
    "DocumentValue",
    "MappingSet",
    "Side",
    "SourceDocument",
    "SourceValue",
    "Subject",
    "ValueMapping",
]
