"""The pages of this app: workbench, versions, mappings, their health, duplicate contacts, source documents."""

from mappings.admin.cleansing import DuplicateGroupAdmin
from mappings.admin.documents import SourceDocumentAdmin
from mappings.admin.health import HealthFindingAdmin
from mappings.admin.values import ValueMappingAdmin
from mappings.admin.versions import MappingSetAdmin

__all__ = ["DuplicateGroupAdmin", "HealthFindingAdmin", "MappingSetAdmin", "SourceDocumentAdmin", "ValueMappingAdmin"]
