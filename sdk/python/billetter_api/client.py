"""The client: its settings, and the parts that speak of one kind of thing each."""

from __future__ import annotations

import os
import re
from typing import Optional
from urllib.parse import urlsplit

from ._transport import Transport
from .events import Events
from .registrations import Registrations
from .tickets import Tickets
from .webhooks import Webhooks

ADDRESSES = {
    "production": "https://api.billetter.com",
    "test": "https://api-test.billetter.com",
    "local": "http://localhost:8000",
}


class BilletterClient:
    """The client of Billetter's Registrations API. Threads may share one. Raises TypeError for settings that cannot work.

    :param api_key: ``bk_…``, made by an organizer.
    :param environment: which Billetter: production, test or local.
    :param base_url: where it is, instead. Without it the variable BILLETTER_BASE_URL is looked at, so that a program runs elsewhere
        unchanged.
    :param max_retries: how often a call that failed in passing is tried again.
    :param timeout: for how many seconds each try waits for its answer.
    """

    registrations: Registrations
    tickets: Tickets
    events: Events
    webhooks: Webhooks

    def __init__(
        self,
        api_key: str,
        environment: str = "production",
        base_url: Optional[str] = None,
        *,
        max_retries: int = 3,
        timeout: float = 30.0,
    ) -> None:
        if not isinstance(api_key, str) or not re.fullmatch(r"[\x21-\x7e]+", api_key):
            raise TypeError("api_key must be an API key (bk_…)")
        if environment not in ADDRESSES:
            raise TypeError(f"environment must be one of {', '.join(ADDRESSES)}")
        address = base_url or os.environ.get("BILLETTER_BASE_URL") or ADDRESSES[environment]
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise TypeError("base_url must be an http(s) address")
        transport = Transport(api_key=api_key, base_url=address.rstrip("/"), max_retries=max_retries, timeout=timeout)
        self.registrations = Registrations(transport)
        self.tickets = Tickets(transport)
        self.events = Events(transport)
        self.webhooks = Webhooks(transport)
