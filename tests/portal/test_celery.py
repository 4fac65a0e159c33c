"""The worker process."""

import gc

from portal.celery import settle


def test_a_worker_does_not_collect_what_it_was_loaded_with() -> None:
    gc.unfreeze()
    usual = gc.get_threshold()
    try:
        settle()
        assert gc.get_freeze_count() > 10_000
        assert gc.isenabled()
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
