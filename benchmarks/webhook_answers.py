"""How fast webhooks are acknowledged beside a bare view: one server, one stream, both views mixed at random."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
KEY = "benchmark-verifier-token"
LINES = 8
SIGNATURE = "intuit-signature"
Post = tuple[str, bytes, dict[str, str]]

_RATE = 200
_AT_ONCE = 100
_WARMING = 6
_CPU_ROUNDS = 20


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    """Headers of a genuine delivery."""
    mark = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
    return {"Content-Type": "application/json", SIGNATURE: mark}


def announcement(dice: random.Random) -> bytes:
    """Three CloudEvents of a company that nobody has connected."""
    events = [
        {"specversion": "1.0", "id": str(uuid.UUID(int=dice.getrandbits(128))), "source": "intuit.benchmark",
         "type": "qbo.invoice.updated.v1", "datacontenttype": "application/json", "time": "2026-11-21T10:00:00.000Z",
         "intuitentityid": str(dice.randrange(10**6)), "intuitaccountid": "benchmark-nobody", "data": {}}
        for _ in range(3)
    ]  # fmt: skip
    return json.dumps(events).encode()


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time of it and its workers so far; unlike a latency it does not know who else is at work here."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text(errors="replace").rpartition(")")[2].split()
                if self.pid in (int(path.parent.name), int(fields[1])):
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def server() -> Iterator[Server]:
    """The portal and the bare view, served as in production: WSGI, threads."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "benchmarks.bare:application", "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--blocking-threads", "4", "--no-log"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _await(port)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _await(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            line.request("GET", "/healthz")
            line.getresponse().read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


class Lines:
    """Some connections to the server that are kept open, one a thread."""

    def __init__(self, port: int) -> None:
        self._port, self._own = port, threading.local()

    def send(self, post: Post) -> int:
        """The status of the answer; the connection is opened when there is none."""
        line = getattr(self._own, "line", None)
        if line is None:
            line = self._own.line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            line.connect()
            line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        path, body, headers = post
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        answer.read()
        return int(answer.status)


# Acknowledgement ------------------------------------------------------------------------------------------------------


def a_round(pool: ThreadPoolExecutor, lines: Lines, posts: Sequence[Post]) -> list[float]:
    """Milliseconds of each request from the moment it was due, at the rate."""
    begin = time.perf_counter() + 0.05

    def one(number: int) -> float:
        due = begin + number / _RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        assert lines.send(posts[number]) == 200
        return (time.perf_counter() - due) * 1000

    return list(pool.map(one, range(len(posts))))


def p99(values: Sequence[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[98]


def acknowledgements(at: Server, rounds: int, dice: random.Random) -> dict[str, Any]:
    """Latencies of both views, mixed at random in one stream; then the processor time of each by itself."""
    found: dict[str, list[list[float]]] = {"bare": [], "webhook": []}
    lines = Lines(at.port)
    with ThreadPoolExecutor(LINES) as pool:
        for number in range(-_WARMING, rounds):
            names = list(found) * (_AT_ONCE // 2)
            dice.shuffle(names)
            took = a_round(pool, lines, [a_post(name, dice) for name in names])
            if number >= 0:
                for name, own in found.items():
                    own.append([value for each, value in zip(names, took, strict=True) if each == name])
        cpu = dict.fromkeys(found, 0.0)
        for number in range(_CPU_ROUNDS):
            for name in sorted(cpu, reverse=bool(number % 2)):
                posts, before = [a_post(name, dice) for _ in range(_AT_ONCE)], at.cpu_seconds()
                a_round(pool, lines, posts)
                cpu[name] += at.cpu_seconds() - before
    pooled = {name: [value for each in rows for value in each] for name, rows in found.items()}
    return {
        "rate": _RATE,
        "requests_each": len(pooled["bare"]),
        **{f"{name}_p50_ms": round(statistics.median(values), 2) for name, values in pooled.items()},
        **{f"{name}_p99_ms": round(p99(values), 2) for name, values in pooled.items()},
        "p50_ratio": round(statistics.median(pooled["webhook"]) / statistics.median(pooled["bare"]), 3),
        "p99_ratio": round(p99(pooled["webhook"]) / p99(pooled["bare"]), 3),
        "p99_ratio_between": resampled(found, dice),
        **{f"{name}_cpu_ms": round(1000 * cpu[name] / (_AT_ONCE * _CPU_ROUNDS), 3) for name in cpu},
        "cpu_ratio": round(cpu["webhook"] / cpu["bare"], 3),
        "load": round(os.getloadavg()[0], 1),
    }


def a_post(name: str, dice: random.Random) -> Post:
    """A body of its own for one of the two views."""
    body = announcement(dice)
    return "/bare/" if name == "bare" else "/webhooks/quickbooks/", body, signed(body)


def resampled(found: dict[str, list[list[float]]], dice: random.Random) -> list[float]:
    """Between what the ratio lies in nine of ten draws of as many rounds: this machine's noise."""
    ratios = []
    for _ in range(300):
        drawn = {
            name: [value for each in dice.choices(rows, k=len(rows)) for value in each] for name, rows in found.items()
        }
        ratios.append(p99(drawn["webhook"]) / p99(drawn["bare"]))
    cuts = statistics.quantiles(ratios, n=20)
    return [round(cuts[0], 3), round(cuts[-1], 3)]
