"""The pages of this app: the mapping workbench, versions, mappings, and source documents."""

from mappings.admin.documents import SourceDocumentAdmin
from mappings.admin.values import ValueMappingAdmin
from mappings.admin.versions import MappingSetAdmin

__all__ = ["MappingSetAdmin", "SourceDocumentAdmin", "ValueMappingAdmin"]
