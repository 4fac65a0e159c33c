"""Asynchronous requests: a job with one task, and the answer kept until somebody asks for it."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from werkzeug.wrappers import Response

from integrations.sandbox.netsuite import errors
from integrations.sandbox.wire import Body


@dataclass
class Job:
    """What was asked for, and what came of it. The sandbox works at once: a job is done when it can be asked."""

    id: str
    response: Response
    started: datetime = field(default_factory=lambda: datetime.now(UTC))


class Jobs:
    """The jobs of all accounts, by account and number, and the idempotency keys they were begun with."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[str, list[Job]] = {}
        self._keys: dict[tuple[str, str], str] = {}

    def begin(self, account: str, key: str, response: Response) -> Job:
        """Keep the answer of a request as a job."""
        with self._lock:
            jobs = self._jobs.setdefault(account, [])
            job = Job(str(len(jobs) + 1), response)
            jobs.append(job)
            if key:
                self._keys[account, key] = job.id
            return job

    def begun(self, account: str, key: str) -> str | None:
        """The job that was begun with an idempotency key."""
        return self._keys.get((account, key)) if key else None

    def find(self, account: str, number: str) -> Job:
        """A job. Raises NONEXISTENT_ID."""
        jobs = self._jobs.get(account, [])
        if not number.isdigit() or not 1 <= int(number) <= len(jobs):
            raise errors.nonexistent("job", number)
        return jobs[int(number) - 1]

    def clear(self) -> None:
        """Forget all jobs."""
        with self._lock:
            self._jobs.clear()
            self._keys.clear()


def shown_job(job: Job, url: str) -> Body:
    """GET …/job/{id}."""
    task = {"links": [{"rel": "self", "href": f"{url}/task"}]}
    return {
        "links": [{"rel": "self", "href": url}],
        "completed": True,
        "id": job.id,
        "progress": "succeeded",
        "task": task,
    }


def shown_task(job: Job, url: str) -> Body:
    """GET …/job/{id}/task/1: the only task of a job."""
    moment = job.started.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    progress = "succeeded" if job.response.status_code < 400 else "failed"
    return {
        "links": [{"rel": "self", "href": url}, {"rel": "related", "href": f"{url}/result"}],
        "completed": True, "endTime": moment, "id": "1", "progress": progress, "startTime": moment,
    }  # fmt: skip
