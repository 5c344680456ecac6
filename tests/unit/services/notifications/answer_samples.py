"""Mail as it comes back in the wild, in the shapes of the servers that write it. People and addresses are invented."""

from __future__ import annotations

from uuid import UUID

MESSAGE = UUID("0192f0c8-0000-7000-8000-00000000000a")
VERP = f"bounces+{MESSAGE.hex}@mail.example.org"
MESSAGE_ID = "<0123456789abcdef0123456789abcdef01234567@mail.example.org>"
ADDRESS = "hana.rees@risley.example"
OURS = ("keytalk@mail.example.org", "ops@mail.example.org")

ORIGINAL = f"""\
Return-Path: <{VERP}>
From: Key & Compass <keytalk@mail.example.org>
To: {ADDRESS}
Subject: Your enquiry KT-7F3K-92
Message-ID: {MESSAGE_ID}
Date: Fri, 20 Nov 2026 10:00:00 +0000
"""


def mail(text: str) -> bytes:
    """Give a text as the bytes of a mail."""
    return text.replace("\n", "\r\n").encode()


def postfix(
    *,
    to: str = VERP,
    recipient: str = ADDRESS,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = "550 5.1.1 <hana.rees@risley.example>: Recipient address rejected: User unknown",
    original: str = ORIGINAL,
) -> bytes:
    """A delivery report as Postfix writes it."""
    return mail(f"""\
Return-Path: <>
Delivered-To: {to}
Received: by mx.mail.example.org (Postfix) id 4F1C2A; Fri, 20 Nov 2026 10:00:04 +0000 (UTC)
Date: Fri, 20 Nov 2026 10:00:04 +0000 (UTC)
From: MAILER-DAEMON@mx.mail.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B0F1C2.1795514404/mx.mail.example.org"
Content-Transfer-Encoding: 8bit
Message-Id: <20261120100004.4F1C2A@mx.mail.example.org>

This is a MIME-encapsulated message.

--B0F1C2.1795514404/mx.mail.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.mail.example.org.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

<{recipient}>: host mx.risley.example[192.0.2.7] said: {said}

--B0F1C2.1795514404/mx.mail.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.mail.example.org
X-Postfix-Queue-ID: 4F1C2A
X-Postfix-Sender: rfc822; {to}
Arrival-Date: Fri, 20 Nov 2026 10:00:02 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.risley.example
Diagnostic-Code: smtp; {said}

--B0F1C2.1795514404/mx.mail.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

{original}
--B0F1C2.1795514404/mx.mail.example.org--
""")


EXCHANGE = mail(f"""\
Return-Path: <>
X-Original-To: {VERP}
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@risley.example>
To: {VERP}
Date: Fri, 20 Nov 2026 10:00:07 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="b688e5f2-71cd-43cc-9b1e"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-GB
Message-ID: <7a6f8b1c-1d35-4a1d-8a0a@LO2P123MB0001.example>
In-Reply-To: {MESSAGE_ID}
References: {MESSAGE_ID}
Subject: Undeliverable: Your enquiry KT-7F3K-92
Auto-Submitted: auto-replied
MIME-Version: 1.0

--b688e5f2-71cd-43cc-9b1e
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="7c0b1e0a-inner"

--7c0b1e0a-inner
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to hana.rees@risley.example couldn't be delivered.
hana.rees wasn't found at risley.example.

--7c0b1e0a-inner
Content-Type: text/html; charset="us-ascii"

<html><body><p>Your message to hana.rees@risley.example couldn't be delivered.</p></body></html>
--7c0b1e0a-inner--

--b688e5f2-71cd-43cc-9b1e
Content-Type: message/delivery-status

Reporting-MTA: dns;LO2P123MB0001.example
Received-From-MTA: dns;mx.mail.example.org
Arrival-Date: Fri, 20 Nov 2026 10:00:05 +0000

Final-Recipient: rfc822;Hana.Rees@Risley.example
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup

--b688e5f2-71cd-43cc-9b1e
Content-Type: message/rfc822

{ORIGINAL}Content-Type: text/plain

Thank you for your enquiry.
--b688e5f2-71cd-43cc-9b1e--
""")

GMAIL = mail(f"""\
Delivered-To: {VERP}
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
To: {VERP}
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {MESSAGE_ID}
In-Reply-To: {MESSAGE_ID}
X-Failed-Recipients: {ADDRESS}
Message-ID: <655b2e61.050a0220.1.GMR@mx.google.example>
Date: Fri, 20 Nov 2026 02:00:09 -0800 (PST)
MIME-Version: 1.0
Content-Type: multipart/report; boundary="000000000000b4"; report-type=delivery-status

--000000000000b4
Content-Type: text/plain; charset="UTF-8"

** Address not found **

Your message wasn't delivered to hana.rees@risley.example because the address couldn't be found.

--000000000000b4
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Arrival-Date: Fri, 20 Nov 2026 02:00:08 -0800 (PST)
X-Original-Message-ID: {MESSAGE_ID}

Final-Recipient: rfc822; hana.rees@risley.example
Action: failed
Status: 5.0.0
Remote-MTA: dns; mx.risley.example. (192.0.2.7, the server for the domain risley.example.)
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
Last-Attempt-Date: Fri, 20 Nov 2026 02:00:09 -0800 (PST)

--000000000000b4
Content-Type: message/rfc822

{ORIGINAL}
--000000000000b4--
""")

QMAIL = mail(f"""\
Return-Path: <>
Delivered-To: {VERP}
Received: (qmail 4711 invoked for bounce); 20 Nov 2026 10:00:09 -0000
Date: 20 Nov 2026 10:00:09 -0000
From: MAILER-DAEMON@mx.risley.example
To: {VERP}
Subject: failure notice

Hi. This is the qmail-send program at mx.risley.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<hana.rees@risley.example>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

{ORIGINAL}
Thank you for your enquiry.
""")

COMPLAINT = mail(f"""\
Return-Path: <fbl@provider.example>
From: <fbl@provider.example>
To: complaints@mail.example.org
Date: Fri, 20 Nov 2026 12:00:00 +0000
Subject: FW: Your enquiry KT-7F3K-92
Message-ID: <arf.1@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

--part1
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message.

--part1
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <{VERP}>
Original-Rcpt-To: <hana.rees@risley.example>

--part1
Content-Type: message/rfc822
Content-Disposition: inline

{ORIGINAL}
--part1--
""")

RECEIPT = mail(f"""\
From: Hana Rees <{ADDRESS}>
To: keytalk@mail.example.org
Date: Fri, 20 Nov 2026 12:00:00 +0000
Subject: Read: Your enquiry KT-7F3K-92
Message-ID: <mdn.1@risley.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="r1"

--r1
Content-Type: text/plain

Your message was read.

--r1
Content-Type: message/disposition-notification

Reporting-UA: Outlook
Final-Recipient: rfc822;{ADDRESS}
Original-Message-ID: {MESSAGE_ID}
Disposition: manual-action/MDN-sent-manually; displayed

--r1--
""")

AWAY = mail(f"""\
Return-Path: <>
Delivered-To: {VERP}
From: Hana Rees <{ADDRESS}>
To: {VERP}
Subject: Automatic reply: Your enquiry KT-7F3K-92
Message-ID: <away.1@risley.example>
In-Reply-To: {MESSAGE_ID}
Date: Fri, 20 Nov 2026 10:00:06 +0000
Auto-Submitted: auto-replied
X-Auto-Response-Suppress: All
Content-Type: text/plain; charset=utf-8

I am on leave until 30 November. For anything urgent please ring the hub.
""")


def reply(
    words: str = "Thursdays suit us better.",
    *,
    sender: str = f"Hana Rees <{ADDRESS}>",
    to: str = "Key & Compass KT-7F3K-92 <ops@mail.example.org>",
    subject: str = "RE: Your enquiry KT-7F3K-92",
    answers: str = MESSAGE_ID,
    message_id: str = "<reply.1@risley.example>",
    headers: str = "",
) -> bytes:
    """A person's reply, with the mail that it answers below, as Outlook quotes it."""
    named = f"Message-ID: {message_id}\n" if message_id else ""
    threaded = f"In-Reply-To: {answers}\nReferences: {answers}\n" if answers else ""
    return mail(f"""\
From: {sender}
To: {to}
Subject: {subject}
{named}{threaded}{headers}Date: Fri, 20 Nov 2026 11:00:00 +0000
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

{words}

From: Key & Compass <keytalk@mail.example.org>
Sent: 20 November 2026 10:00
To: Hana Rees <hana.rees@risley.example>
Subject: Your enquiry KT-7F3K-92

Dear Hana, thank you for your enquiry.
""")
