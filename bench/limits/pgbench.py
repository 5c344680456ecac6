"""The limit of intake: pgbench doing the same two inserts and the commit, with no application around them."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.stats import percentile
from tests.servers.postgres import find_programs

CLIENTS = 32
THREADS = 2

SCRIPT = """\
\\set number random(1, 1000000000000)
BEGIN;
INSERT INTO enquiries (id, reference, channel, programme, establishment, contact_name, contact_role, contact_email,
    contact_phone, organisation, group_size, preferred_start, preferred_times, message, received_at, stage,
    version, standing, spam_score)
VALUES (gen_random_uuid(), 'KT-' || gen_random_uuid(), 'api', 'many-faces-of-trauma', 'HMP Risley', 'Jordan Ellis',
    'Head of reducing reoffending', 'reducing.reoffending.' || :number || '@example.com', '01925 555 010',
    'HMP Risley', 10, '2027-01-12', 'Tuesday afternoons, from January',
    'We would like to offer the programme to a group of ten. Our note has the number ' || :number || '.', now(),
    'new', 1, 'filed', 0);
INSERT INTO outbox (event_id, type, subject, envelope, created_at)
VALUES (gen_random_uuid(), 'enquiry_received', :number, '{envelope}', now());
COMMIT;
"""
ENVELOPE_BYTES = 600


@dataclass(frozen=True)
class Limit:
    """Transactions a second, and the latency of one in milliseconds."""

    rate: float
    p50_ms: float
    p99_ms: float


def script() -> str:
    """The pgbench script; the envelope is as long as a real one."""
    return SCRIPT.replace("{envelope}", "e" * ENVELOPE_BYTES)


def run(url: str, seconds: int) -> Limit:
    """Run pgbench for `seconds` against the database at `url`, which has both tables.

    Raises RuntimeError when pgbench is missing or ends in an error.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "intake.sql")
        file.write_text(script(), encoding="utf-8")
        command = [
            *(
                str(find_programs() / "pgbench"),
                "-n",
                "-f",
                str(file),
                "-M",
                "prepared",
                "-c",
                str(CLIENTS),
                "-j",
                str(THREADS),
            ),
            *("-T", str(seconds), "-l", "--log-prefix", f"{folder}/log", url),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"pgbench ended with {done.returncode}: {done.stderr.strip()}")
        return read(done.stdout, Path(folder))


def read(output: str, folder: Path) -> Limit:
    """The figures from pgbench's report and its log files (third column: microseconds of one transaction)."""
    tps = re.search(r"^tps = ([0-9.]+)", output, re.MULTILINE)
    if tps is None:
        raise RuntimeError(f"pgbench reported no rate: {output.strip()}")
    lines = (line for log in folder.glob("log.*") for line in log.read_text().splitlines())
    took = [int(line.split()[2]) / 1000 for line in lines]
    return Limit(float(tps[1]), percentile(took, 50), percentile(took, 99))
