"""client.tickets: tickets of registrations, shown, checked in, and many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, Literal, Optional, Tuple, cast

from . import _generated as types
from ._pages import pages
from ._transport import Transport

if TYPE_CHECKING:
    from typing_extensions import Unpack

_FILES = {"png": "getTicketPng", "svg": "getTicketSvg", "pdf": "getTicketPdf"}


class Tickets:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def generate(self, *, idempotency_key: Optional[str] = None, **wish: Unpack[types.GenerateTicketRequest]) -> types.Ticket:
        """The ticket of a confirmed registration. Takes registration_id and format. Asked for again it is the same ticket."""
        return cast(types.Ticket, self._transport.call("generateTicket", wish, idempotency_key=idempotency_key))

    def validate(self, *, idempotency_key: Optional[str] = None, **scan: Unpack[types.ValidateTicketRequest]) -> types.CheckedIn:
        """Checks a ticket in, once; the error's code tells why it is refused. Takes ticket_code, event_id and nonce."""
        return cast(types.CheckedIn, self._transport.call("validateTicket", scan, idempotency_key=idempotency_key))

    def bulk(self, *, idempotency_key: Optional[str] = None, **wish: Unpack[types.BulkTicketsRequest]) -> types.BulkJob:
        """One operation on the tickets of many: operation, registration_ids, format. A job that is still running is followed by bulk_status."""
        return cast(types.BulkJob, self._transport.call("bulkTickets", wish, idempotency_key=idempotency_key))

    def bulk_status(self, job_id: str, **query: Unpack[types.GetBulkJobQuery]) -> types.BulkJob:
        """How far a bulk operation is, with one page of its results."""
        return cast(types.BulkJob, self._transport.call("getBulkJob", query, path={"jobId": job_id}))

    def bulk_results(self, job_id: str) -> Iterator[types.BulkResult]:
        """All results of a bulk operation; pages are fetched as they are needed."""

        def page(mark: Optional[str]) -> Tuple[List[types.BulkResult], Optional[str]]:
            job = self.bulk_status(job_id) if mark is None else self.bulk_status(job_id, cursor=int(mark))
            return job["results"], job["next_cursor"]

        return pages(page)

    def file(self, registration_id: str, kind: Literal["png", "svg", "pdf"]) -> bytes:
        """The bytes of a ticket's file."""
        if kind not in _FILES:
            raise TypeError(f"kind must be one of {', '.join(_FILES)}")
        return cast(bytes, self._transport.call(_FILES[kind], path={"registrationId": registration_id}))
