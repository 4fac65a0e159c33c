"""Committed snapshots: compared in every run, rewritten by `./bin/portal snapshots`, reviewed in the diff."""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "snapshots"


def agree(name: str, value: Any) -> None:
    """Assert that `value` equals the committed JSON `name`, or rewrite it when snapshots are being refreshed."""
    path = FOLDER / name
    text = json.dumps(value, indent=1, sort_keys=True, default=str) + "\n"
    if os.environ.get("PORTAL_UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(text)
    committed = path.read_text() if path.exists() else ""
    assert text == committed, f"{name} differs from the committed snapshot; look, then run: ./bin/portal snapshots"


def agree_on(name: str, key: str, value: Any) -> None:
    """The same for one entry of a JSON object that several tests share."""
    path = FOLDER / name
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    if os.environ.get("PORTAL_UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(json.dumps(known | {key: value}, indent=1, sort_keys=True) + "\n")
        return
    assert known.get(key) == value, f"{name}: {key} is {value}, committed {known.get(key)}; see ./bin/portal snapshots"
