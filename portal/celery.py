"""The Celery application: a doorbell only; every piece of work is a row in PostgreSQL."""

import ctypes
import gc
import os
from typing import Any

import structlog
from celery import Celery, Task
from celery.signals import worker_init, worker_process_init
from kombu.exceptions import OperationalError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

log = structlog.get_logger(__name__)

# More than a page of a thousand documents with lines holds at once: none is searched while it is made.
_OBJECTS_BETWEEN_COLLECTIONS = 200_000
# From glibc's malloc.h; other C libraries have no arenas, and no such function.
_M_ARENA_MAX = -8
_ARENAS = 2


class Bell(Task):  # type: ignore[type-arg]
    """A task whose message may be lost: the row is the work, and the sweep rings again."""

    def apply_async(self, *args: Any, **options: Any) -> Any:
        """Ring; while the broker is away nobody who has written down work is told that it failed."""
        try:
            return super().apply_async(*args, **options)
        except OperationalError:
            log.warning("bell_lost", task=self.name)
            return None


app = Celery("portal", task_cls=Bell)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@worker_process_init.connect
def settle(**_: Any) -> None:
    """What a worker was loaded with stays: its collector need not walk over all of it with every page of a sync.

    A page of a thousand records is some hundred thousand objects that go as they came, without cycles: looked for at
    Python's usual pace, cycles cost half of the processor time of a synced record. Frozen before the fork, what was
    loaded also stays shared.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    _share_memory()


def _share_memory() -> None:
    """Threads share two arenas: with one each, as glibc has it, every thread keeps the room of its biggest answer."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
