"""Makes a call: one request, and again where that is safe."""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, Dict, Mapping, Optional
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ._generated import OPERATIONS
from ._names import from_wire, to_wire
from ._version import VERSION
from .errors import BilletterError, ConnectionFailed, TimedOut, kind_of

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0
# A server that asks for more patience than this has the error handed on. Its rate limits end within a minute.
LONGEST_RETRY_AFTER = 60.0


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry the key to wherever it leads."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


class Transport:
    """How operations are called with these settings."""

    def __init__(self, *, api_key: str, base_url: str, max_retries: int, timeout: float) -> None:
        self._api_key = api_key
        self._base_url = base_url
        self._max_retries = max_retries
        self._timeout = timeout
        self._opener = build_opener(_NoRedirects())

    def call(
        self,
        operation: str,
        arguments: Optional[Mapping[str, Any]] = None,
        *,
        path: Optional[Mapping[str, str]] = None,
        idempotency_key: Optional[str] = None,
    ) -> Any:
        """Calls an operation.

        429, 502 to 504 and failures of the network are tried again; a POST that takes no Idempotency-Key only after a 429, which says
        that nothing was done. Raises BilletterError, or TypeError for arguments that it does not take.
        """
        method, template, repeatable, keyed, file = OPERATIONS[operation]
        sent = to_wire(operation, arguments or {})
        url = self._base_url + _filled(template, path or {})
        headers = {
            "Accept": "*/*" if file else "application/json",
            "Authorization": f"Bearer {self._api_key}",
            "User-Agent": f"billetter-api-python/{VERSION}",
        }
        body: Optional[bytes] = None
        if method == "GET":
            if sent:
                url += f"?{urlencode(sent)}"
        elif arguments is not None:
            body = json.dumps(sent, ensure_ascii=False, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        if keyed:
            # One key for all tries: the server does it once.
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        tried = 0
        while True:
            tried += 1
            try:
                content = self._once(Request(url, data=body, headers=headers, method=method))
                return content if file else _parsed(content)
            except BilletterError as error:
                pause = _pause(error, tried, repeatable)
                if tried > self._max_retries or pause is None:
                    raise
            time.sleep(pause)

    def _once(self, request: Request) -> bytes:
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return bytes(response.read())
        except HTTPError as answer:
            raise _refused(answer) from None
        except (URLError, HTTPException, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            if isinstance(reason, TimeoutError):
                raise TimedOut("There was no answer in time.", status=0, code="TIMED_OUT") from error
            raise ConnectionFailed(f"No answer from {request.host}: {reason}", status=0, code="CONNECTION_FAILED") from error


def _parsed(content: bytes) -> Any:
    if not content:
        return None
    try:
        return from_wire(json.loads(content))
    except ValueError as error:
        raise BilletterError("The answer is no JSON.", status=200, code="INVALID_ANSWER") from error


def _filled(template: str, path: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        return _segment(found[1], path.get(found[1]))

    return re.sub(r"\{(\w+)\}", value, template)


def _segment(name: str, value: Any) -> str:
    """Refuses what would make another address of the path."""
    if not isinstance(value, str) or value in ("", ".", ".."):
        raise TypeError(f"{name} must be an id")
    return quote(value, safe="")


def _refused(answer: HTTPError) -> BilletterError:
    """The error of an answer; one that a proxy gave may be anything."""
    error: Dict[str, Any] = {}
    try:
        error = json.loads(answer.read())["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError, HTTPException, OSError):
        error, code, message = {}, f"HTTP_{answer.code}", f"The server answered {answer.code}."
    finally:
        answer.close()
    return kind_of(answer.code, code)(
        message,
        status=answer.code,
        code=code,
        details=from_wire(error.get("details")),
        request_id=answer.headers.get("X-Request-Id"),
        retry_after=_seconds(answer.headers.get("Retry-After")),
    )


def _seconds(header: Optional[str]) -> Optional[float]:
    """What Retry-After says, in seconds or as a date."""
    if not header:
        return None
    if header.isdecimal():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _pause(error: BilletterError, tried: int, repeatable: bool) -> Optional[float]:
    """Seconds to wait before the next try; None for what must not, or need not, be tried again."""
    # An earlier try of ours is still being worked on: its answer will be given again.
    under_way = error.code == "IDEMPOTENCY_KEY_IN_USE"
    passing = under_way or isinstance(error, ConnectionFailed) or error.status in (502, 503, 504)
    if error.status != 429 and not (passing and repeatable):
        return None
    asked = error.retry_after or 0.0
    if asked > LONGEST_RETRY_AFTER:
        return None
    if asked:
        return asked + random.random() * FIRST_PAUSE
    # Half of it is left to chance, so that clients that failed together do not come back together.
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (tried - 1)) * (0.5 + random.random() / 2)
