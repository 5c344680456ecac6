"""Judges the ways of mail: out by SMTP or into a folder, in through the mailbox, and the key that signs."""

from __future__ import annotations

from pathlib import Path

from ops.doctor.findings import Finding, broken, ok
from ops.doctor.probes.machine import Folder
from ops.doctor.probes.mail import MailboxFacts, SmtpFacts


def judge_way_out(facts: SmtpFacts | Folder) -> list[Finding]:
    """Say whether mail can go out."""
    if isinstance(facts, Folder):
        return [_judge_folder(facts)]
    if not facts.step:
        return [ok("mail", f"the mail server at {facts.where} would take mail from {facts.sender}; none was sent")]
    words, mend = {
        "connecting": (
            f"The mail server does not answer at {facts.where}: {facts.said}.",
            "Start it, or mend the host and port in KEYTALK_SMTP_URL. Many providers want port 587 and close 25.",
        ),
        "encrypting": (
            f"The connection to the mail server at {facts.where} cannot be encrypted: {facts.said}.",
            "In KEYTALK_SMTP_URL: smtps://... for port 465, smtp://...:587 where the server offers STARTTLS, and "
            "?starttls=off only on a network that is yours. Its certificate must name the host.",
        ),
        "logging in": (
            f"The mail server at {facts.where} refuses the user '{facts.user}': {facts.said}.",
            "Mend the user and the password in KEYTALK_SMTP_URL; write an @ in them as %40.",
        ),
        "naming the sender": (
            f"The mail server at {facts.where} refuses mail from {facts.sender}: {facts.said}.",
            "Have it take that sender, or set KEYTALK_MAIL_FROM (and KEYTALK_BOUNCE_ADDRESS) to one it takes. Where it "
            "asks for a login, put one into KEYTALK_SMTP_URL: smtp://user:password@host:587",
        ),
    }.get(
        facts.step,
        (
            f"The mail server at {facts.where} refuses us: {facts.said}.",
            "Its log says why: often it has not heard of this machine. See also the port in KEYTALK_SMTP_URL.",
        ),
    )
    return [broken("mail", words, mend)]


def _judge_folder(folder: Folder) -> Finding:
    if folder.fault:
        return broken(
            "mail",
            f"Mail goes into {folder.path}, and nothing can be written there: {folder.fault}.",
            f"Give the folder to the account that Keytalk runs under (chown -R ACCOUNT {folder.path}), or set "
            "KEYTALK_SMTP_URL to have mail sent.",
        )
    return ok("mail", f"it goes into {folder.path} and to nobody else (KEYTALK_SMTP_URL is not set)")


def judge_mailbox(facts: MailboxFacts | None) -> list[Finding]:
    """Say whether answers can be read."""
    if facts is None:
        return [ok("mailbox", "none is read (KEYTALK_IMAP_URL is not set)")]
    if not facts.step:
        return [ok("mailbox", f"the folder {facts.folder} at {facts.where} can be read")]
    if "logging in" in facts.step:
        words = f"The mailbox at {facts.where} refuses the user '{facts.user}' or its password ({facts.step})."
        mend = "Mend both in KEYTALK_IMAP_URL; write an @ in them as %40. Some providers want a password for apps."
    elif "folder" in facts.step:
        words = f"The mailbox at {facts.where} has no folder {facts.folder} for the user '{facts.user}' ({facts.step})."
        mend = "Mend what follows the port in KEYTALK_IMAP_URL, such as /INBOX."
    else:
        words = f"The mailbox at {facts.where} does not answer ({facts.step})."
        mend = "Mend the host and port in KEYTALK_IMAP_URL: imaps:// for port 993, imap:// for 143."
    return [broken("mailbox", words, f"{mend} Answers wait there, and are read once it opens.")]


def judge_key(fault: str | None, path: Path | None) -> list[Finding]:
    """Say whether mail can be signed."""
    if fault is None:
        return [ok("dkim", "Keytalk signs no mail (KEYTALK_DKIM_KEY_FILE is not set)")]
    if not fault:
        return [ok("dkim", f"the key in {path} can be used")]
    return [
        broken(
            "dkim",
            f"The key that signs mail cannot be used: {path}: {fault}.",
            "Set KEYTALK_DKIM_KEY_FILE to an RSA key in PEM that the account Keytalk runs under can read, or leave it "
            "out where the mail provider signs: openssl genrsa -out key.pem 2048",
        )
    ]
