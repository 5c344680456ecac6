"""RPC: the operations and changes that a service offers, and calls to another's with a deadline.

Whatever arrives on a service's queue of calls, the process lives on: a call that makes no sense, a header that somebody
made up, an answer that nobody takes and a dependency that fails end as an error answer and a line in the log.
"""

from shared.doors.rpc.calling import DEADLINE, CalledInsideATransaction, Caller, CallerProvider, Calls
from shared.doors.rpc.changes import Change, change, change_at_once
from shared.doors.rpc.serving import Operation, operation

__all__ = [
    "DEADLINE",
    "CalledInsideATransaction",
    "Caller",
    "CallerProvider",
    "Calls",
    "Change",
    "Operation",
    "change",
    "change_at_once",
    "operation",
]
