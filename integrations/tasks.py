"""Doorbells: each task names a row and calls one service; a lost one is rung again by the sweep."""

from celery import Task, shared_task

from integrations.services import (
    access,
    announcements_applying,
    announcements_sorting,
    connections,
    credentials,
    endings,
    fairness,
    fetching,
    finishing,
    proofs,
    replays,
    rereading,
    sync,
)
from integrations.services.sweeping import due_work

# A doorbell nobody hears in time is dropped: the sweep rings again, and a busy queue does not fill with echoes.
ECHO_SECONDS = 30


@shared_task(name="integrations.tasks.run_sync")
def run_sync(tenant_id: str, run_id: str) -> None:
    """Pull what a run asks for."""
    sync.run_sync(tenant_id, run_id)


@shared_task(name="integrations.tasks.send_posting")
def send_posting(tenant_id: str, posting_id: str) -> None:
    """Bring a posting one decision further, or one whose turn it is rather; and ring what can go then."""
    for bell in fairness.send_fairly(tenant_id, posting_id):
        send_posting.delay(*bell)


@shared_task(name="integrations.tasks.finish_authorisation")
def finish_authorisation(tenant_id: str, authorisation_id: str) -> None:
    """Turn a consent into a connection, and ring its first sync."""
    run = connections.finish_authorisation(tenant_id, authorisation_id)
    if run is not None:
        run_sync.delay(tenant_id, str(run.pk))


@shared_task(name="integrations.tasks.refresh_credential")
def refresh_credential(tenant_id: str, credential_id: str) -> None:
    """Renew an access token before it is missed."""
    credentials.refresh_due(tenant_id, credential_id, access.refresh_tokens)


@shared_task(name="integrations.tasks.revoke_credential")
def revoke_credential(tenant_id: str, credential_id: str) -> None:
    """End a disconnected grant at the ledger."""
    connections.revoke_credential(tenant_id, credential_id)


@shared_task(name="integrations.tasks.warn_of_end")
def warn_of_end(tenant_id: str, credential_id: str) -> None:
    """Tell owners that access ends soon."""
    endings.warn_of_end(tenant_id, credential_id)


@shared_task(name="integrations.tasks.drop_choice")
def drop_choice(tenant_id: str, authorisation_id: str) -> None:
    """Give back a consent for which nobody chose an organisation."""
    finishing.drop_choice(tenant_id, authorisation_id)


@shared_task(name="integrations.tasks.request_due_sync")
def request_due_sync(tenant_id: str, connection_id: str) -> None:
    """A connection's schedule has come round."""
    run = sync.request_due_sync(tenant_id, connection_id)
    if run is not None:
        run_sync.delay(tenant_id, str(run.pk))


@shared_task(name="integrations.tasks.perform_fetch")
def perform_fetch(tenant_id: str, fetch_id: str) -> None:
    """Ask a ledger what somebody wants to know now."""
    fetching.perform_fetch(tenant_id, fetch_id)


@shared_task(name="integrations.tasks.forget_fetch")
def forget_fetch(tenant_id: str, fetch_id: str) -> None:
    """Forget an answer whose time is over."""
    fetching.forget_fetch(tenant_id, fetch_id)


@shared_task(name="integrations.tasks.distribute_announcements", ignore_result=True)
def distribute_announcements() -> None:
    """Find out whose the deliveries that wait are, and ring for each connection that has something to read."""
    while (places := announcements_sorting.distribute()) is not None:
        for tenant_id, connection_id in places:
            apply_announcements.apply_async((str(tenant_id), str(connection_id)), expires=ECHO_SECONDS)


@shared_task(name="integrations.tasks.apply_announcements")
def apply_announcements(tenant_id: str, connection_id: str) -> None:
    """Read what was announced of a connection."""
    announcements_applying.apply_announcements(tenant_id, connection_id)


@shared_task(name="integrations.tasks.tend_deliveries", ignore_result=True)
def tend_deliveries() -> None:
    """Forget old deliveries, and distribute those whose organisation has been connected since."""
    announcements_sorting.forget_old()
    announcements_sorting.redistribute(only_claimed=True)


@shared_task(name="integrations.tasks.run_replay")
def run_replay(tenant_id: str, replay_id: str) -> None:
    """Send the next units of a replay back to work; its own next turn comes with the sweep."""
    for bell in replays.run_replay(tenant_id, replay_id):
        if bell.kind in _BELLS:
            _BELLS[bell.kind].delay(tenant_id, str(bell.row_id))


@shared_task(name="integrations.tasks.perform_proof")
def perform_proof(tenant_id: str, proof_id: str) -> None:
    """Bring a proof one step further, and ring the sync that it waits for."""
    run = proofs.perform_proof(tenant_id, proof_id)
    if run is not None:
        run_sync.delay(tenant_id, str(run.pk))


@shared_task(name="integrations.tasks.request_due_proof")
def request_due_proof(tenant_id: str, connection_id: str) -> None:
    """A connection's quiet hour has come."""
    proof = proofs.request_due_proof(tenant_id, connection_id)
    if proof is not None:
        perform_proof.delay(tenant_id, str(proof.pk))


@shared_task(name="integrations.tasks.reread")
def reread(tenant_id: str, rereading_id: str) -> None:
    """Lay the expressions in force over stored records."""
    rereading.reread(tenant_id, rereading_id)


_BELLS: dict[str, Task[[str, str], None]] = {
    "authorisation": finish_authorisation,
    "sync_run": run_sync,
    "posting": send_posting,
    "connection": request_due_sync,
    "credential": refresh_credential,
    "revocation": revoke_credential,
    "ending": warn_of_end,
    "unchosen": drop_choice,
    "fetch": perform_fetch,
    "forgetting": forget_fetch,
    "announcements": apply_announcements,
    "replay": run_replay,
    "proof": perform_proof,
    "proving": request_due_proof,
    "rereading": reread,
}


@shared_task(name="integrations.tasks.sweep", ignore_result=True)
def sweep() -> None:
    """Ring for every row whose time has come and whose doorbell or worker was lost."""
    if announcements_sorting.has_waiting():
        distribute_announcements.apply_async(expires=ECHO_SECONDS)
    for kind, tenant_id, row_id in due_work():
        _BELLS[kind].apply_async((tenant_id, row_id), expires=ECHO_SECONDS)
