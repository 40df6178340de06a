// client.webhooks: where you are told of what happens, and what was sent there.
import { pages } from './pages';
import type { Transport } from './transport';
import type * as types from './types';

type Options = types.CallOptions;

export class Webhooks {
  readonly #call: Transport;

  constructor(call: Transport) {
    this.#call = call;
  }

  async list(options?: Options): Promise<types.Webhook[]> {
    return (await this.#call('listWebhooks', {}, options)).webhooks;
  }

  /** Makes a webhook. Its `secret` is shown here and never again. */
  create(webhook: types.NewWebhook, options?: Options): Promise<types.WebhookWithSecret> {
    return this.#call('createWebhook', { body: webhook }, options);
  }

  get(id: string, options?: Options): Promise<types.Webhook> {
    return this.#call('getWebhook', { path: { id } }, options);
  }

  update(id: string, change: types.WebhookChange, options?: Options): Promise<types.Webhook> {
    return this.#call('updateWebhook', { path: { id }, body: change }, options);
  }

  delete(id: string, options?: Options): Promise<void> {
    return this.#call('deleteWebhook', { path: { id } }, options);
  }

  /** Gives a webhook a new secret; the old one signs beside it for a day, or for `overlapSeconds`. */
  rotate(id: string, rotation: types.Body<'rotateWebhookSecret'> = {}, options?: Options): Promise<types.WebhookWithSecret> {
    return this.#call('rotateWebhookSecret', { path: { id }, body: rotation }, options);
  }

  /** Holds deliveries back until `resume`. */
  pause(id: string, options?: Options): Promise<types.Webhook> {
    return this.#call('pauseWebhook', { path: { id } }, options);
  }

  resume(id: string, options?: Options): Promise<types.Webhook> {
    return this.#call('resumeWebhook', { path: { id } }, options);
  }

  /** Sends a `webhook.test`. */
  test(id: string, options?: Options): Promise<types.Answer<'testWebhook'>> {
    return this.#call('testWebhook', { path: { id } }, options);
  }

  /** What a webhook was sent, the newest first; pages are fetched as they are needed. */
  deliveries(
    id: string,
    filter: types.Filter<'listWebhookDeliveries'> = {},
    options?: Options,
  ): AsyncGenerator<types.WebhookDelivery, void, undefined> {
    return pages(async (after) => {
      const page = await this.deliveriesPage(id, { ...filter, after }, options);
      return { items: page.deliveries, next: page.next };
    });
  }

  /** One page of deliveries, and where the next begins. */
  deliveriesPage(id: string, query: types.Query<'listWebhookDeliveries'> = {}, options?: Options): Promise<types.WebhookDeliveryPage> {
    return this.#call('listWebhookDeliveries', { path: { id }, query }, options);
  }

  delivery(id: string, deliveryId: string, options?: Options): Promise<types.WebhookDelivery> {
    return this.#call('getWebhookDelivery', { path: { id, deliveryId } }, options);
  }

  /** Makes one delivery once more, or all those of a time: `replay(id, deliveryId)`, `replay(id, { from, until })`. */
  replay(id: string, which: string | types.ReplayRange, options?: Options): Promise<types.Answer<'replayWebhookDelivery'>> {
    return typeof which === 'string'
      ? this.#call('replayWebhookDelivery', { path: { id, deliveryId: which } }, options)
      : this.#call('replayWebhookDeliveries', { path: { id }, body: which }, options);
  }
}
