"""client.registrations: participants of your events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, Optional, Tuple, cast

from . import _generated as types
from ._pages import pages
from ._transport import Transport

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Registrations:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self, *, idempotency_key: Optional[str] = None, **registration: Unpack[types.CreateRegistrationRequest]
    ) -> types.Registration:
        """Registers a participant: confirmed with a ticket, or waitlisted where the event is full and has a waitlist.

        Takes participant_id, event_id, ticket_type, and where wanted metadata and join_waitlist.
        """
        made = self._transport.call("createRegistration", registration, idempotency_key=idempotency_key)
        return cast(types.Registration, made)

    def get(self, registration_id: str) -> types.Registration:
        return cast(types.Registration, self._transport.call("getRegistration", path={"registrationId": registration_id}))

    def update(self, registration_id: str, **change: Unpack[types.UpdateRegistrationRequest]) -> types.Registration:
        """Changes ticket_type, metadata, or both: all of it or nothing."""
        path = {"registrationId": registration_id}
        return cast(types.Registration, self._transport.call("updateRegistration", change, path=path))

    def cancel(self, registration_id: str) -> types.Registration:
        return cast(types.Registration, self._transport.call("cancelRegistration", path={"registrationId": registration_id}))

    def list(self, **filter: Unpack[types.ListRegistrationsQuery]) -> Iterator[types.Registration]:
        """All registrations that the filter names, the newest first; pages are fetched as they are needed.

        Takes event_id, status, participant_id, and limit, the size of a page; with cursor it begins there.
        """

        def page(mark: Optional[str]) -> Tuple[List[types.Registration], Optional[str]]:
            query: types.ListRegistrationsQuery = {**filter, "cursor": mark} if mark is not None else filter
            found = self.list_page(**query)
            return found["registrations"], found["next_cursor"]

        return pages(page)

    def list_page(self, **query: Unpack[types.ListRegistrationsQuery]) -> types.Registrations:
        """One page, and in next_cursor where the next begins."""
        return cast(types.Registrations, self._transport.call("listRegistrations", query))
