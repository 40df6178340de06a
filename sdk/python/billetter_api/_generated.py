# Made from the OpenAPI document of the Registrations API by `npm run sdk`: do not edit it.
from __future__ import annotations

from typing import Any, Dict, List, Literal, NamedTuple, Tuple, TypedDict, Union


class _CreateRegistrationRequestRequired(TypedDict):
    participant_id: str
    """Your own id of somebody."""
    event_id: str
    """The event's name in addresses, or its UUID."""
    ticket_type: str
    """A ticket type of the event, by its name in any case of letters."""


class CreateRegistrationRequest(_CreateRegistrationRequestRequired, total=False):
    metadata: Dict[str, Any]
    """Whatever the organizer keeps about a participant: at most 16 KB of JSON, 5 levels deep, keys of at most 100 characters. `teamName` is the team of a team ticket."""
    join_waitlist: bool
    """Addition to the seed. false: a full event is a 409 although it has a waitlist."""


class UpdateRegistrationRequest(TypedDict, total=False):
    ticket_type: str
    """A ticket type of the event, by its name in any case of letters."""
    metadata: Dict[str, Any]
    """Each key given replaces what was under it; null takes it away; other keys stay."""


class _GenerateTicketRequestRequired(TypedDict):
    registration_id: str
    """As the registration was answered with."""


class GenerateTicketRequest(_GenerateTicketRequestRequired, total=False):
    format: Literal["qr_code", "png", "svg", "pdf"]
    """`qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions."""


class _ValidateTicketRequestRequired(TypedDict):
    ticket_code: str
    """As it was scanned."""
    event_id: str
    """The event's name in addresses, or its UUID: only its tickets are let in."""


class ValidateTicketRequest(_ValidateTicketRequestRequired, total=False):
    nonce: str
    """Addition to the seed: names this scan. Sent again with the same code it gets the same answer."""


class _BulkTicketsRequestRequired(TypedDict):
    operation: Literal["generate", "cancel", "resend"]
    """`generate`: the tickets of these registrations. `cancel`: as `DELETE` of each; the key must be for `registrations:write` too. `resend`: each ticket is told to your webhooks that listen to `ticket.resent` (we have no addresses of participants)."""
    registration_ids: List[str]


class BulkTicketsRequest(_BulkTicketsRequestRequired, total=False):
    format: Literal["qr_code", "png", "svg", "pdf"]
    """`qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions."""


class UpdateEventSettingsRequest(TypedDict, total=False):
    max_capacity: int
    """Over all ticket types."""
    enable_waitlist: bool
    """false: nobody else may wait. Who waits already still does."""
    registration_deadline: Union[str, None]
    """Until when participants can be registered; null: as long as tickets are sold. Who waits by then may be confirmed later."""


class _CreateWebhookRequestRequired(TypedDict):
    url: str
    """https, a public address, no name and password in it."""
    events: List[Literal["registration.created", "registration.cancelled", "ticket.validated", "capacity.reached", "waitlist.added", "ticket.resent"]]


class CreateWebhookRequest(_CreateWebhookRequestRequired, total=False):
    description: str


class UpdateWebhookRequest(TypedDict, total=False):
    url: str
    """https, a public address, no name and password in it."""
    events: List[Literal["registration.created", "registration.cancelled", "ticket.validated", "capacity.reached", "waitlist.added", "ticket.resent"]]
    description: str


class RotateWebhookSecretRequest(TypedDict, total=False):
    overlap_seconds: int
    """How long the old secret signs beside the new one, a week at most. 0: it ends at once."""


class _ReplayWebhookDeliveriesRequestRequired(TypedDict):
    from_: str
    until: str


class ReplayWebhookDeliveriesRequest(_ReplayWebhookDeliveriesRequestRequired, total=False):
    state: Literal["waiting", "delivered", "failed", "all"]


class RegistrationListPrice(TypedDict):
    amount: str
    currency: str


class RegistrationTeam(TypedDict):
    name: str
    members: int
    discounted: bool


class Registration(TypedDict):
    id: str
    participant_id: str
    event_id: str
    ticket_type: str
    """\"any\" for who waits for a type that is sold no more."""
    status: Literal["confirmed", "waitlisted", "cancelled"]
    registration_date: str
    qr_code: Union[str, None]
    """The ticket's code; null without a ticket."""
    metadata: Dict[str, Any]
    waitlist_position: Union[int, None]
    """Addition to the seed: in the line of the event, from 1."""
    checked_in_at: Union[str, None]
    """Addition to the seed."""
    cancelled_at: Union[str, None]
    """Addition to the seed."""
    list_price: Union[RegistrationListPrice, None]
    """Addition to the seed: what the type costs. This API takes no money: it is settled with the organizer."""
    team: Union[RegistrationTeam, None]
    """Addition to the seed, of team tickets: confirmed members, and whether they are 4 or more."""


class ValidationDetails(TypedDict, total=False):
    fields: Dict[str, str]
    """What is wrong with which field, a sentence each."""


class UnauthorizedDetails(TypedDict, total=False):
    reason: Literal["missing", "invalid", "ended"]
    """Which of them it is."""


class ForbiddenDetails(TypedDict, total=False):
    required_role: str
    """The least role that may."""
    required_scope: str
    """What the key would have to be for."""


class EventNotFoundDetails(TypedDict, total=False):
    event_id: str


class AlreadyRegisteredDetails(TypedDict):
    participant_id: str


class CapacityExceededDetails(TypedDict, total=False):
    current_capacity: int
    """How many places are taken."""
    max_capacity: int
    """Of how many."""
    waitlist_available: bool
    """Whether one may wait for a place."""


class NoDetails(TypedDict):
    pass


class RateLimitExceededDetails(TypedDict):
    limit: int
    """How many are allowed."""
    retry_after: int
    """Seconds to wait."""


class Registrations(TypedDict):
    registrations: List[Registration]
    next_cursor: Union[str, None]
    """Where the next page begins; null on the last one."""


class Ticket(TypedDict):
    ticket_id: str
    registration_id: str
    event_id: str
    participant_id: str
    ticket_type: str
    ticket_code: str
    """`{eventId}:{participant}:{timestamp}:{checksum}`. The participant is encrypted; the checksum is a signature that `GET /door/api/keys` lets anybody verify without us."""
    qr_code: str
    """The same: the text that the QR code says."""
    format: Literal["qr_code", "png", "svg", "pdf"]
    """`qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions."""
    image: Union[str, None]
    """The QR code as a `data:` address, for an `<img>`; null of a PDF."""
    document: Union[str, None]
    """The PDF as a `data:` address; null of the others."""
    file_url: str
    """Where the same file can be fetched with the API key."""
    issued_at: str


class CheckedIn(TypedDict):
    valid: Literal[True]
    status: Literal["checked_in"]
    message: str
    """For the screen at the door."""
    registration_id: Union[str, None]
    """null of a ticket that was sold through another API."""
    participant_id: Union[str, None]
    event_id: str
    event_name: str
    ticket_type: Union[str, None]
    ticket_id: Union[str, None]
    people: int
    """How many it lets in: more than one only by the code of a whole order, which names no ticket."""
    checked_in_at: str
    metadata: Dict[str, Any]


class TicketAlreadyUsedDetails(TypedDict, total=False):
    checked_in_at: str
    """When."""
    gate: str
    """Where, if the scanner said."""


class BulkJob(TypedDict):
    job_id: str
    operation: Literal["generate", "cancel", "resend"]
    format: Literal["qr_code", "png", "svg", "pdf"]
    """`qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions."""
    status: Literal["running", "done"]
    total: int
    processed: int
    succeeded: int
    duplicates: int
    failed: int
    created_at: str
    finished_at: Union[str, None]
    results: List[BulkResult]
    """Of this page, in the order of `registrationIds`."""
    next_cursor: Union[str, None]
    """Where the next page begins; null on the last one."""


class BulkResultTicket(TypedDict):
    ticket_id: str
    participant_id: str
    event_id: str
    ticket_code: str
    qr_code: str
    file_url: str
    """Where the file of that format can be fetched with the API key."""
    issued_at: str


class BulkResultError(TypedDict):
    code: str
    message: str
    details: Dict[str, Any]


class BulkResult(TypedDict):
    index: int
    """Which of `registrationIds`, from 0."""
    registration_id: str
    status: Literal["pending", "succeeded", "duplicate", "failed"]
    duplicate_of: Union[int, None]
    """The index of the entry that names the same registration: that one was done."""
    ticket: Union[BulkResultTicket, None]
    error: Union[BulkResultError, None]


class NotFoundDetails(TypedDict, total=False):
    what: str
    """What there is none of."""


class Capacity(TypedDict):
    event_id: str
    max_capacity: int
    current_registrations: int
    """Places that are taken: registered, sold, or held by buyers through other APIs."""
    available_spots: int
    """For whoever comes by now; none while others wait for them."""
    waitlist_enabled: bool
    waitlist_count: int
    registration_deadline: Union[str, None]
    """Addition to the seed."""


class EventSettings(TypedDict):
    event_id: str
    max_capacity: int
    enable_waitlist: bool
    registration_deadline: Union[str, None]


class EventNotChangeableDetails(TypedDict, total=False):
    fields: Dict[str, str]
    """What is wrong with which field, a sentence each."""


class RegistrationStatsRegistrationTrend(TypedDict):
    date: str
    count: int


class RegistrationStats(TypedDict):
    event_id: str
    total_registrations: int
    """Confirmed and waitlisted."""
    confirmed_attendees: int
    checked_in_count: int
    ticket_types: Dict[str, int]
    """Of all registrations."""
    registration_trend: List[RegistrationStatsRegistrationTrend]
    """Of all registrations, by the day on which they were made in the event's time zone."""


class LimitExceededDetails(TypedDict, total=False):
    min: int
    max: int


class Webhooks(TypedDict):
    webhooks: List[Webhook]


class Webhook(TypedDict):
    id: str
    url: str
    """https, a public address, no name and password in it."""
    description: str
    events: List[Literal["registration.created", "registration.cancelled", "ticket.validated", "capacity.reached", "waitlist.added", "ticket.resent"]]
    status: Literal["active", "paused", "disabled"]
    disabled_because: Union[Literal["gone", "failing"], None]
    """It answered 410, or no try of three days succeeded."""
    failing_since: Union[str, None]
    """Since when no try has succeeded; null while the last one did."""
    former_secret_until: Union[str, None]
    """Until when the secret before the last rotation signs too."""
    created_at: str
    updated_at: str


class WebhookWithSecret(TypedDict):
    id: str
    url: str
    """https, a public address, no name and password in it."""
    description: str
    events: List[Literal["registration.created", "registration.cancelled", "ticket.validated", "capacity.reached", "waitlist.added", "ticket.resent"]]
    status: Literal["active", "paused", "disabled"]
    disabled_because: Union[Literal["gone", "failing"], None]
    """It answered 410, or no try of three days succeeded."""
    failing_since: Union[str, None]
    """Since when no try has succeeded; null while the last one did."""
    former_secret_until: Union[str, None]
    """Until when the secret before the last rotation signs too."""
    created_at: str
    updated_at: str
    secret: str
    """What deliveries are signed with. It is shown here and never again."""


class TestDelivery(TypedDict):
    delivery_id: str


class WebhookDeliveries(TypedDict):
    deliveries: List[WebhookDelivery]
    next: Union[str, None]
    """For `after`; null on the last page."""


class WebhookDeliveryTries(TypedDict):
    at: str
    status: Union[int, None]
    """What was answered; null if nothing was."""
    error: Union[str, None]
    """Why it was no success."""
    duration_ms: int


class WebhookDelivery(TypedDict):
    id: str
    webhook_id: str
    """What the header `webhook-id` says: the same at every try, and at all of your webhooks."""
    state: Literal["waiting", "delivered", "failed"]
    payload: WebhookPayload
    tries: List[WebhookDeliveryTries]
    """The last twenty, the newest last."""
    created_at: str
    next_try_at: Union[str, None]
    """Of one that waits. While its webhook is paused nothing happens then."""
    delivered_at: Union[str, None]
    failed_at: Union[str, None]
    replayed_at: Union[str, None]


class _WebhookPayloadDataRequired(TypedDict):
    registration_id: str
    participant_id: str
    event_id: str
    ticket_type: str


class WebhookPayloadData(_WebhookPayloadDataRequired, total=False):
    ticket_id: str
    """Of `ticket.resent`."""
    ticket_code: str
    """Of `ticket.resent`: what its QR code says."""


class WebhookPayload(TypedDict):
    event: Literal["registration.created", "registration.cancelled", "ticket.validated", "capacity.reached", "waitlist.added", "ticket.resent", "webhook.test"]
    timestamp: str
    data: WebhookPayloadData


class ReplayedDeliveries(TypedDict):
    replayed: int
    """How many deliveries are made again."""


class ListRegistrationsQuery(TypedDict, total=False):
    event_id: str
    """Of this event alone."""
    status: Literal["confirmed", "waitlisted", "cancelled"]
    """In this state alone."""
    participant_id: str
    """Of this participant alone."""
    limit: int
    """The most on a page."""
    cursor: str
    """The `nextCursor` of the page before."""


class GetBulkJobQuery(TypedDict, total=False):
    limit: int
    """The most results on a page."""
    cursor: int
    """The `nextCursor` of the page before."""


class ListWebhookDeliveriesQuery(TypedDict, total=False):
    state: Literal["waiting", "delivered", "failed"]
    """Only those. Left out, all."""
    limit: int
    """How many a page has."""
    after: str
    """The `next` of the page before."""


class Operation(NamedTuple):
    method: str
    path: str
    repeatable: bool
    keyed: bool
    file: bool


# How each operation is called. repeatable: doing it again does nothing twice. keyed: it takes an Idempotency-Key. file: it answers with one.
OPERATIONS: Dict[str, Operation] = {
    "createRegistration": Operation("POST", "/api/billetter/registrations", repeatable=True, keyed=True, file=False),
    "listRegistrations": Operation("GET", "/api/billetter/registrations", repeatable=True, keyed=False, file=False),
    "getRegistration": Operation("GET", "/api/billetter/registrations/{registrationId}", repeatable=True, keyed=False, file=False),
    "updateRegistration": Operation("PUT", "/api/billetter/registrations/{registrationId}", repeatable=True, keyed=False, file=False),
    "cancelRegistration": Operation("DELETE", "/api/billetter/registrations/{registrationId}", repeatable=True, keyed=False, file=False),
    "generateTicket": Operation("POST", "/api/billetter/tickets/generate", repeatable=True, keyed=True, file=False),
    "validateTicket": Operation("POST", "/api/billetter/tickets/validate", repeatable=True, keyed=True, file=False),
    "getTicketPng": Operation("GET", "/api/billetter/registrations/{registrationId}/qr.png", repeatable=True, keyed=False, file=True),
    "getTicketSvg": Operation("GET", "/api/billetter/registrations/{registrationId}/qr.svg", repeatable=True, keyed=False, file=True),
    "getTicketPdf": Operation("GET", "/api/billetter/registrations/{registrationId}/ticket.pdf", repeatable=True, keyed=False, file=True),
    "bulkTickets": Operation("POST", "/api/billetter/tickets/bulk", repeatable=True, keyed=True, file=False),
    "getBulkJob": Operation("GET", "/api/billetter/tickets/bulk/{jobId}", repeatable=True, keyed=False, file=False),
    "getCapacity": Operation("GET", "/api/billetter/events/{eventId}/capacity", repeatable=True, keyed=False, file=False),
    "updateEventSettings": Operation("PUT", "/api/billetter/events/{eventId}/settings", repeatable=True, keyed=False, file=False),
    "getStats": Operation("GET", "/api/billetter/events/{eventId}/stats", repeatable=True, keyed=False, file=False),
    "listWebhooks": Operation("GET", "/api/billetter/webhooks", repeatable=True, keyed=False, file=False),
    "createWebhook": Operation("POST", "/api/billetter/webhooks", repeatable=False, keyed=False, file=False),
    "getWebhook": Operation("GET", "/api/billetter/webhooks/{id}", repeatable=True, keyed=False, file=False),
    "updateWebhook": Operation("PUT", "/api/billetter/webhooks/{id}", repeatable=True, keyed=False, file=False),
    "deleteWebhook": Operation("DELETE", "/api/billetter/webhooks/{id}", repeatable=True, keyed=False, file=False),
    "rotateWebhookSecret": Operation("POST", "/api/billetter/webhooks/{id}/rotate", repeatable=False, keyed=False, file=False),
    "pauseWebhook": Operation("POST", "/api/billetter/webhooks/{id}/pause", repeatable=False, keyed=False, file=False),
    "resumeWebhook": Operation("POST", "/api/billetter/webhooks/{id}/resume", repeatable=False, keyed=False, file=False),
    "testWebhook": Operation("POST", "/api/billetter/webhooks/{id}/test", repeatable=False, keyed=False, file=False),
    "listWebhookDeliveries": Operation("GET", "/api/billetter/webhooks/{id}/deliveries", repeatable=True, keyed=False, file=False),
    "getWebhookDelivery": Operation("GET", "/api/billetter/webhooks/{id}/deliveries/{deliveryId}", repeatable=True, keyed=False, file=False),
    "replayWebhookDelivery": Operation("POST", "/api/billetter/webhooks/{id}/deliveries/{deliveryId}/replay", repeatable=False, keyed=False, file=False),
    "replayWebhookDeliveries": Operation("POST", "/api/billetter/webhooks/{id}/replay", repeatable=False, keyed=False, file=False),
}

# What each operation takes: an argument, its name on the wire, and whether it is required.
FIELDS: Dict[str, Dict[str, Tuple[str, bool]]] = {
    "createRegistration": {"participant_id": ("participantId", True), "event_id": ("eventId", True), "ticket_type": ("ticketType", True), "metadata": ("metadata", False), "join_waitlist": ("joinWaitlist", False)},
    "listRegistrations": {"event_id": ("eventId", False), "status": ("status", False), "participant_id": ("participantId", False), "limit": ("limit", False), "cursor": ("cursor", False)},
    "updateRegistration": {"ticket_type": ("ticketType", False), "metadata": ("metadata", False)},
    "generateTicket": {"registration_id": ("registrationId", True), "format": ("format", False)},
    "validateTicket": {"ticket_code": ("ticketCode", True), "event_id": ("eventId", True), "nonce": ("nonce", False)},
    "bulkTickets": {"operation": ("operation", True), "registration_ids": ("registrationIds", True), "format": ("format", False)},
    "getBulkJob": {"limit": ("limit", False), "cursor": ("cursor", False)},
    "updateEventSettings": {"max_capacity": ("maxCapacity", False), "enable_waitlist": ("enableWaitlist", False), "registration_deadline": ("registrationDeadline", False)},
    "createWebhook": {"url": ("url", True), "events": ("events", True), "description": ("description", False)},
    "updateWebhook": {"url": ("url", False), "events": ("events", False), "description": ("description", False)},
    "rotateWebhookSecret": {"overlap_seconds": ("overlapSeconds", False)},
    "listWebhookDeliveries": {"state": ("state", False), "limit": ("limit", False), "after": ("after", False)},
    "replayWebhookDeliveries": {"from_": ("from", True), "until": ("until", True), "state": ("state", False)},
}

# Fields whose keys are somebody's own words, which are not translated.
MAPS = frozenset(["fields", "metadata", "ticketTypes"])

ErrorCode = Literal[
    "ALREADY_REGISTERED",
    "BODY_TOO_LARGE",
    "CAPACITY_EXCEEDED",
    "EVENT_CANCELLED",
    "EVENT_NOT_CHANGEABLE",
    "EVENT_NOT_FOUND",
    "EVENT_OVER",
    "FORBIDDEN",
    "IDEMPOTENCY_KEY_IN_USE",
    "IDEMPOTENCY_KEY_REUSED",
    "INTERNAL_ERROR",
    "LIMIT_EXCEEDED",
    "NOT_FOUND",
    "RATE_LIMIT_EXCEEDED",
    "REGISTRATION_CANCELLED",
    "REGISTRATION_CLOSED",
    "REGISTRATION_NOT_CHANGEABLE",
    "REGISTRATION_NOT_CONFIRMED",
    "REGISTRATION_NOT_FOUND",
    "TICKET_ALREADY_USED",
    "TICKET_CANCELLED",
    "TICKET_NOT_FOUND",
    "TICKET_OF_OTHER_EVENT",
    "UNAUTHORIZED",
    "UNAVAILABLE",
    "VALIDATION_ERROR",
]
