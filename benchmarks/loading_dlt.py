"""The peer's side of `loading.py`: dlt's REST source loads a company's invoices into PostgreSQL. Runs in dlt's own
environment, knows nothing of the portal, and prints one JSON object per run.

    python benchmarks/loading_dlt.py URL TOKEN DATABASE_URL DATASET NESTING RUNS
"""

import json
import os
import resource
import sys
import tempfile
import time
from typing import Any

os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"}

import dlt
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api import rest_api_source

SIZE = 1000


class Positions(BasePaginator):  # type: ignore[misc]
    """QuickBooks' paging: a position inside the statement."""

    def __init__(self) -> None:
        super().__init__()
        self.start = 1

    def _ask(self, request: Any) -> None:
        statement = f"SELECT * FROM Invoice ORDERBY Id STARTPOSITION {self.start} MAXRESULTS {SIZE}"  # noqa: S608
        request.params = {**(request.params or {}), "query": statement}

    def init_request(self, request: Any) -> None:
        """The first page."""
        self._ask(request)

    def update_state(self, response: Any, data: list[Any] | None = None) -> None:
        """On by a page, until one is not full."""
        self._has_next_page = len(data or ()) == SIZE
        self.start += SIZE

    def update_request(self, request: Any) -> None:
        """The next page."""
        self._ask(request)


def source(url: str, token: str, nesting: int) -> Any:
    """Invoices, merged on their key."""
    endpoint = {
        "path": "query",
        "params": {"minorversion": "75"},
        "paginator": Positions(),
        "data_selector": "QueryResponse.Invoice",
    }
    auth = {"type": "bearer", "token": token}
    found = rest_api_source({
        "client": {"base_url": url, "auth": auth, "headers": {"Accept": "application/json"}},
        "resource_defaults": {"primary_key": "Id", "write_disposition": "merge"},
        "resources": [{"name": "invoices", "endpoint": endpoint}],
    })  # fmt: skip
    found.max_table_nesting = nesting
    return found


def used() -> float:
    """Processor seconds of this process and its children so far."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def main() -> None:
    """Load, tell, clean up."""
    url, token, database, dataset, nesting, runs = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        pipeline = dlt.pipeline(
            pipeline_name=dataset,
            pipelines_dir=directory,
            destination=dlt.destinations.postgres(database),
            dataset_name=dataset,
        )
        try:
            for _ in range(int(runs)):
                cpu, began = used(), time.monotonic()
                pipeline.run(source(url, token, int(nesting)))
                spent = {"seconds": time.monotonic() - began, "cpu_seconds": used() - cpu}
                with pipeline.sql_client() as client:
                    rows = client.execute_sql("SELECT count(*) FROM invoices")[0][0]
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                print(json.dumps({**spent, "peak_mb": peak, "records": rows}), flush=True)
        finally:
            with pipeline.sql_client() as client:
                for name in (dataset, f"{dataset}_staging"):
                    client.execute_sql(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


if __name__ == "__main__":
    main()
