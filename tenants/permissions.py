"""One table: which role may do what. Admin, API and templates all ask `may`."""

from tenants.models import Membership, Role

VIEW = "view"
MANAGE_CONNECTIONS = "manage connections"
SYNC = "sync"
REPLAY = "replay failed work"
EDIT_MAPPINGS = "edit mappings"
APPROVE_MAPPINGS = "approve mappings"
PROPOSE_MATCHES = "propose matches"
APPROVE_MATCHES = "approve matches"
SUBMIT_DOCUMENTS = "submit documents"
MANAGE_MEMBERS = "manage members"
SEE_EXCHANGES = "see requests and responses"
RESOLVE = "decide on discrepancies"
APPROVE_DOCUMENTS = "approve documents before they are posted"
SEE_CONTENT = "see names and amounts of documents"

_EDITOR = {VIEW, SEE_CONTENT, SYNC, REPLAY, EDIT_MAPPINGS, PROPOSE_MATCHES, SUBMIT_DOCUMENTS, SEE_EXCHANGES, RESOLVE}
_APPROVER = {
    VIEW,
    SEE_CONTENT,
    SYNC,
    REPLAY,
    APPROVE_MAPPINGS,
    APPROVE_MATCHES,
    APPROVE_DOCUMENTS,
    SEE_EXCHANGES,
    RESOLVE,
}

ACTIONS: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(_EDITOR | _APPROVER | {MANAGE_CONNECTIONS, MANAGE_MEMBERS}),
    Role.EDITOR: frozenset(_EDITOR),
    Role.APPROVER: frozenset(_APPROVER),
    Role.AUDITOR: frozenset({VIEW, SEE_CONTENT, SEE_EXCHANGES}),
    Role.SUPPORT: frozenset({VIEW, SYNC, REPLAY, SEE_EXCHANGES}),
}


def may(membership: Membership | None, action: str) -> bool:
    """Whether this member's role allows the action; nobody without a membership may do anything."""
    return membership is not None and action in ACTIONS[membership.role]
