"""The partner API of this app beside documents: the cut-over."""

from rest_framework.routers import BaseRouter

from mappings.api import cutover


def register(router: BaseRouter) -> None:
    """Add this app's resources to the API's router."""
    cutover.register(router)
