"""The Celery application: a doorbell only; every piece of work is a row in PostgreSQL."""

import gc
import os
from typing import Any

from celery import Celery
from celery.signals import worker_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

_OBJECTS_BETWEEN_COLLECTIONS = 50_000

app = Celery("portal")
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
