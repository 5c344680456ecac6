"""What a mail server's codes say about a mailbox, in an answer to RCPT and in a report that comes later.

Sources: RFC 3463, 3.2 and 3.3: it does not exist, has moved, is spelt wrongly or is closed; Exchange says 5.4.1 and
5.1.10 of a recipient that it does not know. Where no such code is given, the plain one decides (RFC 5321, 4.2.2).
A full mailbox (5.2.2) and a policy (5.7.1) say nothing about the address.
"""

from __future__ import annotations

ABOUT_THE_MAILBOX = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.1"})
NO_SUCH_MAILBOX = frozenset({"550", "551", "553"})
