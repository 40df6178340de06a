// A program that requires the client, with its types.
import BilletterAPI = require('billetter-api');

async function main(): Promise<void> {
  const client: BilletterAPI = new BilletterAPI({ apiKey: process.env.BILLETTER_API_KEY, environment: 'local' });
  const [eventId = ''] = process.argv.slice(2);
  const { maxCapacity }: BilletterAPI.Capacity = await client.events.capacity(eventId);
  const nobody = await client.registrations.get('reg-0').catch((error) => error instanceof BilletterAPI.NotFound && error.code);
  // An error of one kind of module is an error of the other.
  const same = (await import('billetter-api')).NotFound === BilletterAPI.NotFound;
  console.log(JSON.stringify({ maxCapacity, nobody, same, verify: typeof BilletterAPI.verifyWebhook }));
}

main();
