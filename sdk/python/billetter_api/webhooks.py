"""client.webhooks: where you are told of what happens, and what was sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, List, Optional, Tuple, cast

from . import _generated as types
from ._pages import pages
from ._transport import Transport

if TYPE_CHECKING:
    from typing_extensions import Unpack


class Webhooks:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(self) -> List[types.Webhook]:
        return cast(types.Webhooks, self._transport.call("listWebhooks"))["webhooks"]

    def create(self, **webhook: Unpack[types.CreateWebhookRequest]) -> types.WebhookWithSecret:
        """Makes a webhook of url, events and description. Its secret is shown here and never again."""
        return cast(types.WebhookWithSecret, self._transport.call("createWebhook", webhook))

    def get(self, webhook_id: str) -> types.Webhook:
        return cast(types.Webhook, self._transport.call("getWebhook", path={"id": webhook_id}))

    def update(self, webhook_id: str, **change: Unpack[types.UpdateWebhookRequest]) -> types.Webhook:
        """Changes url, events or description. What is left out stays as it is."""
        return cast(types.Webhook, self._transport.call("updateWebhook", change, path={"id": webhook_id}))

    def delete(self, webhook_id: str) -> None:
        self._transport.call("deleteWebhook", path={"id": webhook_id})

    def rotate(self, webhook_id: str, **rotation: Unpack[types.RotateWebhookSecretRequest]) -> types.WebhookWithSecret:
        """Gives a webhook a new secret; the old one signs beside it for a day, or for overlap_seconds."""
        return cast(types.WebhookWithSecret, self._transport.call("rotateWebhookSecret", rotation, path={"id": webhook_id}))

    def pause(self, webhook_id: str) -> types.Webhook:
        """Holds deliveries back until resume."""
        return cast(types.Webhook, self._transport.call("pauseWebhook", path={"id": webhook_id}))

    def resume(self, webhook_id: str) -> types.Webhook:
        return cast(types.Webhook, self._transport.call("resumeWebhook", path={"id": webhook_id}))

    def test(self, webhook_id: str) -> types.TestDelivery:
        """Sends a webhook.test."""
        return cast(types.TestDelivery, self._transport.call("testWebhook", path={"id": webhook_id}))

    def deliveries(self, webhook_id: str, **filter: Unpack[types.ListWebhookDeliveriesQuery]) -> Iterator[types.WebhookDelivery]:
        """What a webhook was sent, the newest first; pages are fetched as they are needed. Takes state and limit, the size of a page."""

        def page(mark: Optional[str]) -> Tuple[List[types.WebhookDelivery], Optional[str]]:
            query: types.ListWebhookDeliveriesQuery = {**filter, "after": mark} if mark is not None else filter
            found = self.deliveries_page(webhook_id, **query)
            return found["deliveries"], found["next"]

        return pages(page)

    def deliveries_page(self, webhook_id: str, **query: Unpack[types.ListWebhookDeliveriesQuery]) -> types.WebhookDeliveries:
        """One page of deliveries, and in next where the next begins."""
        return cast(types.WebhookDeliveries, self._transport.call("listWebhookDeliveries", query, path={"id": webhook_id}))

    def delivery(self, webhook_id: str, delivery_id: str) -> types.WebhookDelivery:
        path = {"id": webhook_id, "deliveryId": delivery_id}
        return cast(types.WebhookDelivery, self._transport.call("getWebhookDelivery", path=path))

    def replay(self, webhook_id: str, delivery_id: str) -> types.ReplayedDeliveries:
        """Makes one delivery once more."""
        path = {"id": webhook_id, "deliveryId": delivery_id}
        return cast(types.ReplayedDeliveries, self._transport.call("replayWebhookDelivery", path=path))

    def replay_range(self, webhook_id: str, **which: Unpack[types.ReplayWebhookDeliveriesRequest]) -> types.ReplayedDeliveries:
        """Makes the deliveries of a time once more. Takes from_, until, and state, failed unless said."""
        return cast(types.ReplayedDeliveries, self._transport.call("replayWebhookDeliveries", which, path={"id": webhook_id}))
