"""The partner API of this app beside documents: the cut-over, and back-tests."""

from rest_framework.routers import BaseRouter

from mappings.api import backtests, cutover


def register(router: BaseRouter) -> None:
    """Add this app's resources to the API's router."""
    cutover.register(router)
    backtests.register(router)
