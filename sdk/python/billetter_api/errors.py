"""What a call can fail with: a class for each kind of refusal, all of them BilletterError."""

from __future__ import annotations

from typing import Any, Dict, Optional, Type


class BilletterError(Exception):
    """A call that failed.

    ``code`` says why, in the API's words, ``request_id`` is what support asks for, ``status`` is 0 where there was no answer, and
    ``retry_after`` the seconds after which to try again, where the server said so.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        code: str = "UNKNOWN",
        details: Optional[Dict[str, Any]] = None,
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.details: Dict[str, Any] = details or {}
        self.request_id = request_id
        self.retry_after = retry_after


class BadRequest(BilletterError):
    """400, 413, 422: the request is not as it should be. ``details['fields']`` says what is wrong with which field."""


class Unauthorized(BilletterError):
    """401: there is no API key, or it is not valid, or it has ended."""


class Forbidden(BilletterError):
    """403: the key may not do this."""


class NotFound(BilletterError):
    """404: there is no such thing of yours."""


class Conflict(BilletterError):
    """409: what is so forbids it."""


class CapacityExceeded(Conflict):
    """The event, or this ticket type, is full: details are current_capacity, max_capacity and waitlist_available."""


class AlreadyRegistered(Conflict):
    """The participant has a registration for this event."""


class RegistrationClosed(Conflict):
    """One cannot register now: registration has not begun, or is closed."""


class RateLimited(BilletterError):
    """429: too many calls, still after the retries."""


class ServerError(BilletterError):
    """5xx: a fault of the server, still after the retries."""


class ConnectionFailed(BilletterError):
    """There was no answer: no connection, or it broke."""


class TimedOut(ConnectionFailed):
    """There was no answer in time."""


class WebhookVerificationFailed(Exception):
    """A webhook that nobody who knows the secret sent, or not lately."""


_BY_CODE: Dict[str, Type[BilletterError]] = {
    "CAPACITY_EXCEEDED": CapacityExceeded,
    "ALREADY_REGISTERED": AlreadyRegistered,
    "REGISTRATION_CLOSED": RegistrationClosed,
}
_BY_STATUS: Dict[int, Type[BilletterError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: BadRequest,
    422: BadRequest,
    429: RateLimited,
}


def kind_of(status: int, code: str) -> Type[BilletterError]:
    """The class for a failed answer: its code's, else its status's."""
    return _BY_CODE.get(code) or _BY_STATUS.get(status) or (ServerError if status >= 500 else BilletterError)
