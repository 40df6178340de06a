# Calls of a Python program. Arguments: an event's name, a receiver, and a server that fails first. The key and the address are in the environment.
from __future__ import annotations

import json
import os
import pickle
import sys
from typing import Any, Callable, Dict

import billetter_api
from billetter_api import BilletterClient, BilletterError

event_id, receiver, failing = sys.argv[1:4]
client = BilletterClient(api_key=os.environ["BILLETTER_API_KEY"])
seen: Dict[str, Any] = {}


def failure(call: Callable[[], object]) -> Any:
    try:
        call()
    except (BilletterError, TypeError, billetter_api.WebhookVerificationFailed) as error:
        return error
    return None


def register(participant_id: str) -> None:
    client.registrations.create(participant_id=participant_id, event_id=event_id, ticket_type="standard")


one = client.registrations.create(
    participant_id="p-1", event_id=event_id, ticket_type="standard", metadata={"teamName": "a", "someThing": {"aB": 1}}
)
assert client.registrations.get(one["id"]) == one
assert one["metadata"] == {"teamName": "a", "someThing": {"aB": 1}}, one
changed = client.registrations.update(one["id"], ticket_type="premium", metadata={"someThing": None})
seen["changed"] = [changed["ticket_type"], changed["metadata"], changed["list_price"]]
job = client.tickets.bulk(operation="generate", registration_ids=[one["id"], "reg-0"])
seen["bulk"] = [result["status"] for result in client.tickets.bulk_results(job["job_id"])]
assert client.tickets.bulk_status(job["job_id"])["succeeded"] == 1
assert client.tickets.file(one["id"], "png")[1:4] == b"PNG"
for n in range(2, 6):
    register(f"p-{n}")
listed = list(client.registrations.list(event_id=event_id, limit=2))
listed_ids = [registration["id"] for registration in listed]
seen["listed"] = [registration["participant_id"] for registration in listed]
seen["cancelled"] = client.registrations.cancel(one["id"])["status"]
seen["settings"] = client.events.settings(event_id, max_capacity=5, registration_deadline=None)["max_capacity"]
seen["capacity"] = client.events.capacity(event_id)["current_registrations"]
seen["types"] = client.events.stats(event_id)["ticket_types"]

hook = client.webhooks.create(url=receiver, events=["registration.created"])
hook_id = hook["id"]
assert client.webhooks.rotate(hook_id, overlap_seconds=0)["secret"] != hook["secret"]
assert client.webhooks.update(hook_id, description="CRM")["description"] == "CRM"
seen["paused"] = client.webhooks.pause(hook_id)["status"]
assert client.webhooks.resume(hook_id) == client.webhooks.get(hook_id)
assert [one_of["id"] for one_of in client.webhooks.list()].count(hook_id) == 1
register("p-6")
sent = client.webhooks.test(hook_id)["delivery_id"]
deliveries = list(client.webhooks.deliveries(hook_id, limit=1))
seen["delivered"] = [delivery["payload"]["event"] for delivery in deliveries]
assert client.webhooks.delivery(hook_id, sent) == deliveries[0]
seen["replayed"] = [
    client.webhooks.replay(hook_id, sent)["replayed"],
    client.webhooks.replay_range(hook_id, from_="2020-01-01T00:00:00Z", until="2020-01-02T00:00:00Z")["replayed"],
]
client.webhooks.delete(hook_id)

used = client.tickets.generate(registration_id=client.registrations.get(listed_ids[1])["id"])
seen["checked_in"] = client.tickets.validate(ticket_code=used["qr_code"], event_id=event_id)["participant_id"]
again = failure(lambda: client.tickets.validate(ticket_code=used["qr_code"], event_id=event_id))
seen["again"] = [type(again).__name__, again.code]

full = failure(lambda: register("p-7"))
assert isinstance(full, billetter_api.CapacityExceeded) and isinstance(full, billetter_api.Conflict), full
seen["full"] = [full.status, full.code, full.details, bool(full.request_id)]
assert pickle.loads(pickle.dumps(full)).code == full.code
stranger = BilletterClient(api_key="bk_nobody")
seen["refused"] = [
    type(failure(call)).__name__
    for call in (
        lambda: register("p-2"),
        lambda: client.webhooks.get(hook_id),
        lambda: list(client.registrations.list(limit=0)),
        lambda: stranger.events.stats(event_id),
        lambda: BilletterClient(api_key=""),
        lambda: BilletterClient(api_key="k", environment="moon"),
        lambda: BilletterClient(api_key="k", base_url="moon"),
        lambda: client.registrations.get(".."),
        lambda: client.registrations.create(participant_id="p-1"),  # type: ignore[call-arg]
        lambda: client.registrations.update("reg-1", ticket_typ="x"),  # type: ignore[call-arg]
    )
]

# The server answers 503, drops a connection, says that the first try is under way, and then 201; then 429 twice, 503, and so on: python.test.ts.
other = BilletterClient(api_key="k", base_url=failing, timeout=5)
made = other.registrations.create(participant_id="p-1", event_id="e", ticket_type="standard")
seen["made"] = made["id"]
assert other.registrations.get("reg-1")["id"] == "reg-1"
hook_failure = failure(lambda: other.webhooks.create(url="https://example.org", events=["ticket.validated"]))
seen["failed"] = [
    [type(error).__name__, error.code, error.status]
    for error in (
        hook_failure,
        failure(lambda: other.events.stats("e")),
        failure(lambda: other.events.stats("e")),
        failure(lambda: other.events.stats("e")),
        failure(lambda: BilletterClient(api_key="k", base_url=failing, timeout=0.2, max_retries=0).events.stats("e")),
        failure(lambda: BilletterClient(api_key="k", base_url="http://127.0.0.1:1", max_retries=0).events.stats("e")),
    )
]

payload, secret, good, bad = (json.loads(os.environ[f"HOOK_{name}"]) for name in ("PAYLOAD", "SECRET", "GOOD", "BAD"))
seen["verified"] = [billetter_api.verify_webhook(body, good, secret) for body in (payload, payload.encode())]
seen["unverified"] = [
    type(failure(lambda: billetter_api.verify_webhook(payload, headers, secret))).__name__ for headers in [*bad, {}]
]
print(json.dumps(seen))
