"""Base classes of every tenant-facing admin page, and the pages about people, partners and the audit trail."""

from tenants.admin.members import MembershipAdmin, PartnerGrantAdmin
from tenants.admin.scoping import CalmChangeList, CappedPaginator, TenantScopedAdmin, TenantScopedFilter
from tenants.admin.trail import TrailAdmin

__all__ = [
    "CalmChangeList",
    "CappedPaginator",
    "MembershipAdmin",
    "PartnerGrantAdmin",
    "TenantScopedAdmin",
    "TenantScopedFilter",
    "TrailAdmin",
]
