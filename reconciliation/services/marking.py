"""Where matching of a connection stands: whether a run may be about what changed only, and what that needs."""

from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.utils import timezone

from integrations.models import Connection
from reconciliation.matching.weights import CALIBRATION, WEIGHTS
from reconciliation.models import BankAccount, Clue, MatchMark
from reconciliation.services import clues
from reconciliation.services.entries import LOOK_BACK
from reconciliation.services.question import MOST_RECORDS, Question

_CLUES = "1."
"""Another number writes all clues anew: raise it when `matching.clues` finds entries by other keys."""
_WHOLE_EVERY = timedelta(days=1)


def usable(connection: Connection) -> MatchMark | None:
    """The connection's mark, while a run may build on it; None: everything has to be matched.

    That is so for small connections, where it costs nothing, once a day, and when what everything was judged by has
    changed: the tenant's names, accounts and currency, or the engine.
    """
    mark = MatchMark.objects.filter(connection=connection).first()
    if mark is None or mark.whole_at <= timezone.now() - _WHOLE_EVERY or mark.basis != _basis(connection):
        return None
    return mark


def whole(connection: Connection, question: Question, read_through: datetime) -> None:
    """Note that everything was matched, and bring the clues up to date: of large connections only."""
    clues.lock(connection)
    mark = MatchMark.objects.filter(connection=connection).first()
    found = list(question.candidates.values())
    if len(found) < settings.MATCH_WHOLE_BELOW:
        if mark is not None:
            mark.delete()
            Clue.objects.filter(connection=connection).delete()
        return
    since = min(line.on for line in question.lines) - LOOK_BACK
    basis = _basis(connection)
    changed = clues.changed_since(connection, mark.read_through, MOST_RECORDS) if mark else set()
    is_same = (
        mark is not None and mark.basis.startswith(_CLUES) and mark.since <= since and len(changed) <= MOST_RECORDS
    )
    if mark is None or not is_same:
        mark = mark or MatchMark(tenant_id=connection.tenant_id, connection=connection)
        mark.names, mark.since = clues.write_all(connection, found), since
    else:
        mark.names += clues.write(connection, changed, [c for c in found if c.record_id in changed])
    mark.basis, mark.whole_at, mark.read_through = basis, timezone.now(), read_through
    mark.save()


def move(mark: MatchMark, read_through: datetime) -> None:
    """Note that proposals stand on the mirror as it was then."""
    MatchMark.objects.filter(pk=mark.pk).update(read_through=read_through)


def _basis(connection: Connection) -> str:
    accounts = BankAccount.objects.filter(connection=connection).order_by("pk")
    told = [
        connection.tenant.name, connection.name, connection.currency, connection.tenant.currency,
        list(accounts.values_list("pk", "currency", "is_card", "external_account_id")),
        sorted(WEIGHTS.items()), CALIBRATION,
    ]  # fmt: skip
    return _CLUES + sha256(repr(told).encode()).hexdigest()[: 64 - len(_CLUES)]
