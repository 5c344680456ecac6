"""Looks at this machine: its folders, their disks, the files that hold secrets, and the ports."""

from __future__ import annotations

import errno
import os
import socket
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TAKES = 1.0
"""Seconds that something on this machine has to answer."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder. `fault` is the system's word for why nothing can be written there, "" where something can be."""

    path: Path
    exists: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    """How full the disk below a path is, in bytes and in entries of its table of files (None where it has none)."""

    path: Path
    free: int
    total: int
    free_files: int | None = None
    total_files: int | None = None


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A file that holds a secret, and whether others than its owner can reach and read it."""

    path: Path
    open_to_others: bool


@dataclass(frozen=True, slots=True)
class Port:
    """A port that Keytalk listens on, by its setting. `state`: free, ours (Keytalk answers), taken, not to be had."""

    setting: str
    number: int
    state: str
    fault: str = ""


def try_folder(path: Path) -> Folder:
    """Write something into a folder and leave nothing behind; of one that is missing, look at the nearest above it."""
    exists = path.exists()
    try:
        there = path if exists else _nearest_above(path)
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Folder(path, exists, error.strerror or type(error).__name__)
    return Folder(path, exists)


def disks_of(paths: Iterable[Path]) -> tuple[Disk, ...]:
    """Ask how full the disks below these paths are, each disk once. Raises OSError."""
    seen: dict[int, Disk] = {}
    for path in paths:
        there = _nearest_above(path)
        device = there.stat().st_dev
        if device not in seen:
            seen[device] = _disk(path, os.statvfs(there))
    return tuple(seen.values())


def _disk(path: Path, said: os.statvfs_result) -> Disk:
    free, total = said.f_bavail * said.f_frsize, said.f_blocks * said.f_frsize
    if not said.f_files:
        return Disk(path, free, total)
    return Disk(path, free, total, said.f_favail, said.f_files)


def secret_file(path: Path) -> SecretFile | None:
    """Look who can read a file; None where there is none."""
    try:
        mode = path.stat().st_mode
        folder = path.parent.stat().st_mode
    except OSError:
        return None
    others, group = (
        _open_to(mode, folder, stat.S_IROTH, stat.S_IXOTH),
        _open_to(mode, folder, stat.S_IRGRP, stat.S_IXGRP),
    )
    return SecretFile(path, others or group)


def _open_to(mode: int, folder: int, may_read: int, may_enter: int) -> bool:
    return bool(mode & may_read and folder & may_enter)


def try_port(setting: str, bind: str, number: int) -> Port:
    """See whether a port is free, Keytalk's or somebody else's."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)  # noqa: S104 - asked for here, not opened
    try:
        with socket.create_connection((host, number), timeout=TAKES):
            pass
    except OSError:
        return _try_to_open(setting, bind, number)
    return Port(setting, number, "ours" if _is_keytalk(host, number) else "taken")


def _try_to_open(setting: str, bind: str, number: int) -> Port:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((bind, number))
            sock.listen(1)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return Port(setting, number, "taken" if taken else "not to be had", error.strerror or type(error).__name__)
    return Port(setting, number, "free")


def _is_keytalk(host: str, number: int) -> bool:
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415 - only where something answers

    connection = HTTPConnection(host, number, timeout=TAKES)
    try:
        connection.request("GET", "/health/live")
        return b'"live"' in connection.getresponse().read(200)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _nearest_above(path: Path) -> Path:
    there = path
    while not there.exists() and there != there.parent:
        there = there.parent
    return there
