"""The pages of this app: workbench, versions, mappings, their health, duplicate contacts, source documents."""

from mappings.admin.cleansing import DuplicateGroupAdmin
from mappings.admin.documents import SourceDocumentAdmin
from mappings.admin.health import HealthFindingAdmin
from mappings.admin.imports import DocumentImportAdmin
from mappings.admin.posting_rules import PostingRuleAdmin
from mappings.admin.values import ValueMappingAdmin
from mappings.admin.versions import MappingSetAdmin

__all__ = [
    "DocumentImportAdmin",
    "DuplicateGroupAdmin",
    "HealthFindingAdmin",
    "MappingSetAdmin",
    "PostingRuleAdmin",
    "SourceDocumentAdmin",
    "ValueMappingAdmin",
]
