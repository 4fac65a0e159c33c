"""The worker's side of postings: what is taken, and whether it goes alone or in one call with others that wait.

pending → sent → posted | rejected | unknown → (probe) posted | absent → pending. Every step is written over the fence
of the claim; a worker that lost it leaves its recorded call as evidence and writes nothing.
"""

from uuid import UUID

from integrations.models import Posting
from integrations.services import batching
from integrations.services.delivery import Delivery, request_id
from integrations.services.ordering import followers
from integrations.services.together import Together
from integrations.services.work import claim, keep
from tenants.rls import tenant_scope

__all__ = ["request_id", "send_and_follow", "send_posting"]

Status = Posting.Status


def send_posting(tenant_id: UUID | str, posting_id: UUID | str) -> Posting | None:
    """Take a posting and bring it one decision further: posted, rejected, waiting, or unknown and looked up again.

    Others that wait go along where that saves calls. None when there was nothing to take. A mistake of ours is written
    into the row and raised.
    """
    return next(iter(_send(tenant_id, posting_id)), None)


def send_and_follow(tenant_id: UUID | str, posting_id: UUID | str) -> list[UUID]:
    """`send_posting`, and the ids of the postings that waited for it, or for what went along, and can go now."""
    posted = [posting for posting in _send(tenant_id, posting_id) if posting.status == Status.POSTED]
    found: dict[UUID, None] = {}
    with tenant_scope(tenant_id):
        for posting in posted:
            found |= dict.fromkeys(followers(posting).values_list("pk", flat=True))
    return list(found)


def _send(tenant_id: UUID | str, posting_id: UUID | str) -> list[Posting]:
    """What was worked on, the one that was asked for first."""
    posting = _take(tenant_id, posting_id)
    if posting is None:
        return []
    if posting.status == Status.UNKNOWN:
        lost_with_it = batching.lost_together(posting)
        if lost_with_it:
            Together([posting, *lost_with_it]).replay()
            return [posting, *lost_with_it]
    mates = batching.mates(posting)
    if mates:
        Together([posting, *mates]).run()
    else:
        Delivery(posting).run()
    return [posting, *mates]


def _take(tenant_id: UUID | str, posting_id: UUID | str) -> Posting | None:
    statuses = [Status.PENDING, Status.SENT, Status.UNKNOWN]
    with tenant_scope(tenant_id):
        posting = claim(Posting, tenant_id=tenant_id, row_id=posting_id, statuses=statuses)
        if posting is None:
            return None
        # Loaded here, where the database shows it.
        _ = posting.connection
        if posting.status == Status.SENT:
            # Its worker died between sending and the answer: whether it arrived is not known.
            keep(posting, status=Status.UNKNOWN)
    return posting
