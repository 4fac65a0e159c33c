"""What sources sent, the words they use, and the versions of what those words mean in the ledger."""

from mappings.models.documents import DocumentValue, SourceDocument, SourceValue
from mappings.models.versions import MappingSet, Side, Subject, ValueMapping

__all__ = ["DocumentValue", "MappingSet", "Side", "SourceDocument", "SourceValue", "Subject", "ValueMapping"]
