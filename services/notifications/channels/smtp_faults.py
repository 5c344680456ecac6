"""What went wrong between us and the mail server, in words: nothing of a mail or of a person is in them."""

from __future__ import annotations

import smtplib
import socket
import ssl

from services.notifications.channels.smtp_server import SmtpServer

IS_IT_RIGHT = "(is KEYTALK_SMTP_URL right?)"


def words_of(error: Exception, step: str, server: SmtpServer | None = None) -> str:
    """Say what a fault before the content means, and what to look at; `server` is named where it is given."""
    where = f"the mail server {server.host}:{server.port}" if server else "the mail server"
    match error:
        case ConnectionRefusedError():
            what = f"refuses connections {IS_IT_RIGHT}"
        case socket.gaierror():
            what = f"is not known by that name {IS_IT_RIGHT}"
        case ssl.SSLCertVerificationError():
            what = f"shows a certificate that is not to be trusted {IS_IT_RIGHT}"
        case ssl.SSLError() | smtplib.SMTPNotSupportedError():
            what = "does not encrypt or take a login as KEYTALK_SMTP_URL asks"
        case TimeoutError():
            what = f"did not answer in time at {step}"
        case smtplib.SMTPServerDisconnected() | ConnectionResetError() | BrokenPipeError():
            what = f"closed the connection at {step}"
        case _:
            what = f"could not be spoken to: {type(error).__name__} at {step}"
    return f"{where} {what}"
