"""client.events: the capacity of your events, their settings, and figures of their registrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from . import _generated as types
from ._transport import Transport

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Events:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def capacity(self, event_id: str) -> types.Capacity:
        return cast(types.Capacity, self._transport.call("getCapacity", path={"eventId": event_id}))

    def settings(self, event_id: str, **change: Unpack[types.UpdateEventSettingsRequest]) -> types.EventSettings:
        """Changes max_capacity, enable_waitlist or registration_deadline, and answers with all of them. What is left out stays as it is."""
        return cast(types.EventSettings, self._transport.call("updateEventSettings", change, path={"eventId": event_id}))

    def stats(self, event_id: str) -> types.RegistrationStats:
        return cast(types.RegistrationStats, self._transport.call("getStats", path={"eventId": event_id}))
