"""smtplib alone: mails that were made beforehand go out one after another on one connection.

    python -m bench.limits.smtplib_send PREPARED PORT WARMUP

`PREPARED` is a file of what a mail sink was sent by our sender: the same mails.
"""

import json
import smtplib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.servers.mail_sink import Prepared, unpickled


def send(smtp: smtplib.SMTP, mails: Sequence[Prepared]) -> None:
    for sender, recipient, content in mails:
        smtp.sendmail(sender, [recipient], content)


def main() -> None:
    prepared, port, warmup = sys.argv[1:]
    mails = list(unpickled(Path(prepared)))
    first, rest = mails[: int(warmup)], mails[int(warmup) :]
    with smtplib.SMTP("127.0.0.1", int(port)) as smtp:
        send(smtp, first)
        begin = time.perf_counter()
        send(smtp, rest)
        seconds = time.perf_counter() - begin
    print(json.dumps({"count": len(mails), "rate": len(rest) / seconds}))


if __name__ == "__main__":
    main()
