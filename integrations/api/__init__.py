"""The partner API of this app: connections, runs, postings, the unified resources, and questions asked on demand."""

from rest_framework.routers import BaseRouter

from integrations.api import coverage, discrepancies, overrides, policies, postings, questions, records, replays


def register(router: BaseRouter) -> None:
    """Add this app's resources to the API's router."""
    records.register(router)
    postings.register(router)
    questions.register(router)
    coverage.register(router)
    policies.register(router)
    overrides.register(router)
    replays.register(router)
    discrepancies.register(router)
