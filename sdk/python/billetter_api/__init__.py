"""The client of Billetter's Registrations API."""

from ._version import VERSION as __version__
from .client import BilletterClient
from .errors import (
    AlreadyRegistered,
    BadRequest,
    BilletterError,
    CapacityExceeded,
    Conflict,
    ConnectionFailed,
    Forbidden,
    NotFound,
    RateLimited,
    RegistrationClosed,
    ServerError,
    TimedOut,
    Unauthorized,
    WebhookVerificationFailed,
)
from .verify import verify_webhook

__all__ = [
    "AlreadyRegistered",
    "BadRequest",
    "BilletterClient",
    "BilletterError",
    "CapacityExceeded",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "NotFound",
    "RateLimited",
    "RegistrationClosed",
    "ServerError",
    "TimedOut",
    "Unauthorized",
    "WebhookVerificationFailed",
    "__version__",
    "verify_webhook",
]
