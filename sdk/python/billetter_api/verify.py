"""Whether a webhook is Billetter's: the Standard Webhooks scheme (https://www.standardwebhooks.com)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Mapping, Union, cast

from ._generated import WebhookPayload
from ._names import from_wire
from .errors import WebhookVerificationFailed

SECRET_PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


def verify_webhook(payload: Union[str, bytes], headers: Mapping[str, str], secret: str) -> WebhookPayload:
    """The payload of a webhook that was signed with the secret (``whsec_…``) within the last five minutes.

    ``payload`` is the body as it came, before any parsing. Raises WebhookVerificationFailed for any other.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        webhook_id, timestamp, signatures = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError:
        raise WebhookVerificationFailed("A header of the signature is missing.") from None
    if not (timestamp.isascii() and timestamp.isdecimal()) or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise WebhookVerificationFailed("It was not signed within the last five minutes.")

    body = payload.encode() if isinstance(payload, str) else bytes(payload)
    expected = hmac.new(_key(secret), f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    # While a secret is being rotated there is a signature by each.
    if not any(hmac.compare_digest(_decoded(one[3:]), expected) for one in signatures.split(" ") if one.startswith("v1,")):
        raise WebhookVerificationFailed("No signature is by this secret.")
    return cast(WebhookPayload, from_wire(json.loads(body)))


def _key(secret: str) -> bytes:
    key = _decoded(secret[len(SECRET_PREFIX) :] if secret.startswith(SECRET_PREFIX) else secret)
    if not key:
        raise TypeError("secret must be the whsec_… that the webhook was made with")
    return key


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
