"""The notifications service: its doors, gathered. What each noun offers is in `doors/`."""

from __future__ import annotations

from services.notifications.doors.answers import AnswerDoors
from services.notifications.doors.hearing import HearingDoors
from services.notifications.doors.messages import MessageDoors
from services.notifications.doors.post_room import PostRoom
from services.notifications.doors.preferences import PreferenceDoors
from services.notifications.doors.proof import ProofDoors
from services.notifications.doors.reading_room import ReadingRoom
from services.notifications.doors.reminders import ReminderDoors
from services.notifications.doors.templates import TemplateDoors
from services.notifications.doors.upkeep import UpkeepDoors
from services.notifications.tables import messaging
from services.notifications.web.app import PATH
from services.notifications.web.door import messages_app
from shared.doors.operators import OperatorsDoors
from shared.doors.rpc import CallerProvider
from shared.doors.store import StoreProvider
from shared.doors.web import WebDoor
from shared.persistence.work import Store


class NotificationsService(
    MessageDoors,
    HearingDoors,
    ReminderDoors,
    TemplateDoors,
    PreferenceDoors,
    ProofDoors,
    AnswerDoors,
    UpkeepDoors,
    OperatorsDoors,
):
    """Tells everyone what they need to know, once. Owns the message ledger."""

    name = "notifications"

    store: Store = StoreProvider(messaging)
    others = CallerProvider()
    post_room = PostRoom()
    reading_room = ReadingRoom()
    web = WebDoor(messages_app, port="public", path=PATH)
