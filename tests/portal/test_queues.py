"""Each task waits in one queue only, and a worker without a choice takes from all."""

from typing import Any

import pytest
from kombu import Connection

from integrations import tasks
from mappings.tasks import run_pilot
from portal.celery import app

WHERE = [
    (tasks.run_sync, "backfill"),
    (tasks.send_posting, "posting"),
    (tasks.apply_announcements, "webhook"),
    (tasks.perform_fetch, "interactive"),
    (run_pilot, "backfill"),
]


@pytest.mark.parametrize(("task", "queue"), WHERE)
def test_a_task_lands_in_its_queue_and_in_no_other(task: Any, queue: str) -> None:
    with Connection("memory://") as broker, app.amqp.Producer(broker.channel()) as producer:
        channel: Any = producer.channel
        for declared in app.amqp.queues.values():
            declared(channel).declare()
            declared(channel).purge()
        task.apply_async(("t", "r"), producer=producer)
        found = {name: each(channel).get(no_ack=True) for name, each in app.amqp.queues.items()}
    assert {name for name, message in found.items() if message is not None} == {queue}
