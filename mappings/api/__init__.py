"""The partner API of this app beside documents: approvals, the cut-over, back-tests, pilots, files, the mappings'
health, duplicate contacts."""

from rest_framework.routers import BaseRouter

from mappings.api import approvals, backtests, cutover, files, health, pilots


def register(router: BaseRouter) -> None:
    """Add this app's resources to the API's router."""
    approvals.register(router)
    cutover.register(router)
    backtests.register(router)
    pilots.register(router)
    health.register(router)
    files.register(router)
