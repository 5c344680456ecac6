"""Judges the machine: folders, disks, files with secrets, ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ops.doctor.findings import Finding, broken, in_a_row, look, ok, one_or_each
from ops.doctor.probes.machine import Disk, Folder, Port, SecretFile

GIB, MIB = 1024**3, 1024**2

TIGHT_BYTES, TIGHT_SHARE, ROOMY = 1 * GIB, 0.10, 20 * GIB
"""A disk is nearly full with fewer bytes than the first, or with a smaller share than the second unless it has the
third: a tenth of a large disk is plenty. A small disk is meant to be small, and is judged by `SMALL` besides."""
FULL_BYTES, FULL_SHARE, NOT_FULL = 200 * MIB, 0.02, 5 * GIB
"""The same for one that is as good as full."""
SMALL = 0.25
"""The share that has to be free where the bytes are few, as in a container's memory."""
FEW_FILES = 0.01
"""The share of the table of files that has to be free."""


def judge_settings(bad: Mapping[str, str], misspelt: Mapping[str, str]) -> list[Finding]:
    """Name each setting that cannot be used, and each that nobody reads but that is nearly one."""
    wrong = [
        broken("settings", f"{name} cannot be used.", f"{said} See docs/settings.md.") for name, said in bad.items()
    ]
    strange = [
        look("settings", f"{name} is set, and nobody reads it.", f"If {meant} is meant, set that one instead.")
        for name, meant in misspelt.items()
    ]
    return [*wrong, *strange] or [ok("settings", "every setting can be used")]


def judge_home(home: Folder) -> list[Finding]:
    """Say whether Keytalk can write into its home."""
    if home.fault:
        return [
            broken(
                "home",
                f"Nothing can be written into {home.path}: {home.fault}.",
                f"Give it to the account that Keytalk runs under (chown -R ACCOUNT {home.path}), or set KEYTALK_HOME "
                "to a folder that it may write to.",
            )
        ]
    if not home.exists:
        return [ok("home", f"{home.path} is not there yet; it is made at the first start")]
    return [ok("home", f"{home.path} can be written to")]


def judge_disks(disks: Sequence[Disk]) -> list[Finding]:
    """Say which disks are nearly full."""
    judged = {str(disk.path): _judge_disk(disk) for disk in disks}
    room = in_a_row([f"{_size(disk.free)} free of {_size(disk.total)} for {disk.path}" for disk in disks])
    return one_or_each("disk", judged, room)


def _judge_disk(disk: Disk) -> Finding | None:
    left = f"{_size(disk.free)} of {_size(disk.total)} ({_share(disk.free, disk.total):.0%}) are free on the disk of"
    mend = f"Make room: `du -xh {disk.path} | sort -h | tail` shows what is large there. Or give it a larger disk."
    if _is_short(disk, FULL_BYTES, FULL_SHARE, NOT_FULL):
        return broken("disk", f"The disk is full: only {left} {disk.path}.", mend)
    if _lacks_entries(disk):
        mend = f"Remove files that are not needed: `du -x --inodes {disk.path} | sort -n | tail` shows where most are."
        return broken(
            "disk", f"The disk of {disk.path} can hardly take another file: its table of files is full.", mend
        )
    if _is_short(disk, TIGHT_BYTES, TIGHT_SHARE, ROOMY):
        return look("disk", f"The disk is nearly full: {left} {disk.path}.", mend)
    return None


def _is_short(disk: Disk, bytes_: int, share: float, enough: int) -> bool:
    free = _share(disk.free, disk.total)
    return (disk.free < bytes_ and free < SMALL) or (disk.free < enough and free < share)


def _lacks_entries(disk: Disk) -> bool:
    if disk.free_files is None or not disk.total_files:
        return False
    return _share(disk.free_files, disk.total_files) < FEW_FILES


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _size(number: int) -> str:
    return f"{number / GIB:.1f} GiB" if number >= GIB else f"{number / MIB:.0f} MiB"


def judge_secret_files(files: Sequence[SecretFile | None]) -> list[Finding]:
    """Say which files with secrets others can read."""
    there = [file for file in files if file is not None]
    if not there:
        return [ok("secrets", "no files with secrets are kept here")]
    judged = {str(file.path): _judge_secret(file) for file in there}
    return one_or_each("secrets", judged, f"nobody else can read {in_a_row([file.path.name for file in there])}")


def _judge_secret(file: SecretFile) -> Finding | None:
    if not file.open_to_others:
        return None
    anew = {
        "ops-token": "remove it and start Keytalk again, which makes a new one",
        "secret-key": 'make a new one: see "Rotate the secret key" in docs/runbook.md',
    }.get(file.path.name, "make a new one")
    mend = f"chmod 600 {file.path}. If somebody who should not may have read it, {anew}."
    return broken("secrets", f"Others on this machine can read {file.path}.", mend)


def judge_ports(ports: Sequence[Port], bind: str) -> list[Finding]:
    """Say which ports another process has, or nobody can have."""
    judged = {port.setting: _judge_port(port, bind, ports) for port in ports}
    said = [f"{port.number} {'is free' if port.state == 'free' else 'has Keytalk on it'}" for port in ports]
    return one_or_each("ports", judged, in_a_row(said) or "none are opened")


def _judge_port(port: Port, bind: str, ports: Sequence[Port]) -> Finding | None:
    twin = next((other for other in ports if other.number == port.number and other.setting > port.setting), None)
    if twin is not None:
        mend = f"Set one of them to another number: {port.setting} or {twin.setting}."
        return broken("ports", f"Port {port.number} is meant for two things.", mend)
    if port.state in {"free", "ours"}:
        return None
    if port.state == "taken":
        return broken(
            "ports",
            f"Port {port.number} ({port.setting}) is taken by another process.",
            f"`ss -ltnp 'sport = :{port.number}'` shows which. Stop it, or set {port.setting} to another number.",
        )
    return broken(
        "ports",
        f"Port {port.number} ({port.setting}) cannot be opened on {bind}: {port.fault}.",
        f"Set {port.setting} to a number above 1023, or KEYTALK_BIND to an address of this machine.",
    )
