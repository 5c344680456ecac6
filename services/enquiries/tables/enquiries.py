"""What was asked, what has happened since, and what is to be done about it."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from services.enquiries.tables.base import metadata
from shared.persistence.types import Moment

enquiries = Table(
    "enquiries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", String(20), nullable=False, unique=True),
    Column("stage", String(20), nullable=False),
    Column("version", Integer, nullable=False),
    Column("channel", String(10), nullable=False),
    Column("programme", String(60), nullable=False),
    Column("establishment", String(200), nullable=False),
    Column("establishment_id", String(10)),
    Column("contact_name", String(120), nullable=False),
    Column("contact_role", String(120)),
    # Empty for someone who rang or wrote on paper, and has no address.
    Column("contact_email", String(254)),
    Column("contact_phone", String(40)),
    Column("organisation", String(200)),
    Column("group_size", Integer),
    Column("preferred_start", Date),
    Column("preferred_times", Text),
    Column("message", Text),
    Column("received_at", Moment, nullable=False),
    Column("acknowledged_at", Moment),
    # The same key with the same answers is the same enquiry; the digest tells whether the answers are the same.
    Column("idempotency_key", String(200), unique=True),
    Column("answers_digest", String(64)),
    # filed, quarantined or merged: see `domain.standing`. Every enquiry is one of the three, always.
    Column("standing", String(12), nullable=False, server_default="filed"),
    Column("spam_score", Integer, nullable=False, server_default="0"),
    Column("spam_reasons", Text),
    # Null until the enquiry's own event was handled: who it is from, what it resembles and its clocks come then.
    Column("filed_at", Moment),
    Column("owner", String(100)),
    # us, prison or funder; null `waiting_since` means since it was received.
    Column("waiting_on", String(10), nullable=False, server_default="us"),
    Column("waiting_since", Moment),
    Column("first_reply_due_at", Moment),
    Column("first_reply_at", Moment),
    # The last word of either side, for retention; null means since it was received.
    Column("last_word_at", Moment),
    # Who asked; and who is written to about it, where that is someone else: the contact of an enquiry merged into it.
    Column("contact_id", ForeignKey("contacts.id")),
    Column("correspondent_id", ForeignKey("contacts.id")),
    Column("organisation_id", ForeignKey("organisations.id")),
    Column("merged_into", String(20)),
    Column("stage_before_merge", String(20)),
    Column("erased_at", Moment),
)
Index("ix_enquiries_received_at", enquiries.c.received_at, enquiries.c.reference)
# What a stage holds is counted by what people filter by, from the index alone.
Index(
    "ix_enquiries_standing_stage",
    *(enquiries.c.standing, enquiries.c.stage, enquiries.c.received_at, enquiries.c.reference),
    *(enquiries.c.programme, enquiries.c.owner, enquiries.c.waiting_on, enquiries.c.establishment_id),
)
Index("ix_enquiries_establishment_id", enquiries.c.establishment_id, enquiries.c.received_at)
Index("ix_enquiries_contact_email", func.lower(enquiries.c.contact_email))
for _filled_later, *_then in (
    (enquiries.c.owner, enquiries.c.received_at),
    (enquiries.c.contact_id, enquiries.c.received_at),
    (enquiries.c.correspondent_id,),
    (enquiries.c.organisation_id, enquiries.c.received_at),
    (enquiries.c.merged_into,),
):
    # A post leaves these empty, and so has nothing to add to their indexes.
    _filled = text(f"{_filled_later.name} IS NOT NULL")
    Index(f"ix_enquiries_{_filled_later.name}", _filled_later, *_then, sqlite_where=_filled, postgresql_where=_filled)
for _name, _columns, _where in (
    ("standing", (enquiries.c.standing, enquiries.c.received_at), "standing <> 'filed'"),
    ("waiting_on", (enquiries.c.waiting_on, enquiries.c.received_at), "waiting_on <> 'us'"),
    ("unanswered", (enquiries.c.first_reply_due_at,), "first_reply_due_at IS NOT NULL AND first_reply_at IS NULL"),
):
    Index(f"ix_enquiries_{_name}", *_columns, sqlite_where=text(_where), postgresql_where=text(_where))

timeline = Table(
    "timeline",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reference", ForeignKey("enquiries.reference"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
    # What happened: see `domain.timeline`.
    Column("kind", String(20), nullable=False, server_default="moved"),
    Column("was", String(100)),
    Column("now", String(100)),
    # What it was about, such as another reference, a task or a proposal: an id, never a name.
    Column("about", String(100)),
)
"""Who did what to an enquiry, and when. Rows are added; a trigger refuses to change or remove one."""
_MOVED = text("kind = 'moved'")
Index("ix_timeline_moved", timeline.c.reference, timeline.c.now, sqlite_where=_MOVED, postgresql_where=_MOVED)
Index(
    "ix_timeline_about",
    timeline.c.about,
    sqlite_where=text("about IS NOT NULL"),
    postgresql_where=text("about IS NOT NULL"),
)

timeline_words = Table(
    "timeline_words",
    metadata,
    Column("entry_id", ForeignKey("timeline.id"), primary_key=True),
    Column("words", Text, nullable=False),
    Column("erased_at", Moment),
)
"""What was said with a step: reasons, replies, notes of calls. Apart from it, because people's words can be erased."""

tasks = Table(
    "tasks",
    metadata,
    Column("id", Uuid, primary_key=True),
    # What makes a task of a playbook or a clock the same one when it is asked for again; null for one made by hand.
    Column("key", String(120), unique=True),
    Column("reference", ForeignKey("enquiries.reference"), index=True),
    Column("contact_id", ForeignKey("contacts.id"), index=True),
    Column("kind", String(40), nullable=False),
    Column("title", String(200), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("owner", String(100)),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(100), nullable=False),
    Column("done_at", Moment),
    Column("done_by", String(100)),
    Column("outcome", Text),
)
Index("ix_tasks_open", tasks.c.due_on, sqlite_where=text("done_at IS NULL"), postgresql_where=text("done_at IS NULL"))

checklists = Table(
    "checklists",
    metadata,
    Column("reference", ForeignKey("enquiries.reference"), primary_key=True),
    Column("item", String(40), primary_key=True),
    # yes, no or not_needed; an item without a row is not answered yet.
    Column("answer", String(12), nullable=False),
    Column("note", Text),
    Column("at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
)

strikes = Table(
    "strikes",
    metadata,
    Column("reference", ForeignKey("enquiries.reference"), primary_key=True),
    Column("clock", String(20), primary_key=True),
    Column("step", String(20), primary_key=True),
    # When the clock was set: the same step may come again once it has been set anew.
    Column("since", Moment, primary_key=True),
    Column("at", Moment, nullable=False),
)
"""What the clocks have said already, so that they say it once."""

matches = Table(
    "matches",
    metadata,
    Column("reference", ForeignKey("enquiries.reference"), primary_key=True),
    # organisation, contact or duplicate
    Column("kind", String(12), primary_key=True),
    # An organisation's or contact's id, or the reference of the enquiry it resembles.
    Column("target", String(40), primary_key=True, index=True),
    Column("score", Integer, nullable=False),
    Column("reasons", Text, nullable=False),
    # suggested, taken or refused
    Column("state", String(10), nullable=False, server_default="suggested"),
    Column("at", Moment, nullable=False),
    Column("settled_at", Moment),
    Column("settled_by", String(100)),
)

not_duplicates = Table(
    "not_duplicates",
    metadata,
    # The pair in the order of the references, so that it is there once.
    Column("first", ForeignKey("enquiries.reference"), primary_key=True),
    Column("second", ForeignKey("enquiries.reference"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("actor", String(100), nullable=False),
)

search_entries = Table(
    "search_entries",
    metadata,
    Column("reference", ForeignKey("enquiries.reference"), primary_key=True),
    Column("received_at", Moment, nullable=False),
    # Plain lower-case words: see `domain.searching`.
    Column("words", Text, nullable=False),
)
"""What an enquiry can be found by: filled when it is filed, emptied when it is erased."""
Index("ix_search_entries_received_at", search_entries.c.received_at, search_entries.c.reference)
ENTRY_AS_VECTOR = "array_to_tsvector(string_to_array(ltrim(words), ' '))"
"""An entry as PostgreSQL's search reads it: its words as they are, through no parser that SQLite would not have."""
Index("ix_search_entries_words", text(ENTRY_AS_VECTOR), postgresql_using="gin", _table=search_entries).ddl_if(
    dialect="postgresql"
)

saved_filters = Table(
    "saved_filters",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("owner", String(100), nullable=False),
    Column("filter", Text, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("owner", "name"),
)

establishments = Table(
    "establishments",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(200), nullable=False),
    # As `shared.establishment_names` gives it: how an enquirer's words find the establishment.
    Column("bare_name", String(200), nullable=False, index=True),
    Column("town", String(100)),
    Column("nation", String(20), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    # Welsh and former names, a line each.
    Column("other_names", Text),
)
"""What scheduling has told about establishments: a projection, never edited here."""
