// What production refuses to start on: each fault has a line of its own, and the line never quotes a value.
import { describe, expect, it } from 'vitest';
import { DEV_SECRETS, loadConfig } from '../../config.ts';

const secret = (letter: string) => letter.repeat(32);

const good = {
  NODE_ENV: 'production',
  JWT_SECRET: secret('j'),
  TICKET_SECRET: secret('t'),
  STRIPE_WEBHOOK_SECRET: `whsec_${secret('w')}`,
  WEBHOOKS_SECRET: secret('k'),
  STRIPE_SECRET_KEY: 'sk_live_something',
  PUBLIC_URL: 'https://tickets.example.org',
  STRIPE_PUBLISHABLE_KEY: 'pk_live_something',
  DATABASE_URL: 'postgres://billetter:pw@db:5432/billetter',
  SMTP_URL: 'smtps://user:pw@smtp.example.org:465',
  MAIL_FROM: 'Billetter <tickets@example.org>',
};

/** The lines a start on these settings is refused with; none when it is not refused. */
function refusals(changes: Record<string, string | undefined>): string[] {
  try {
    loadConfig({ ...good, ...changes });
    return [];
  } catch (error) {
    return (error as Error).message.split('\n');
  }
}

describe('production', () => {
  it('starts on a complete configuration', () => {
    expect(refusals({})).toEqual([]);
    expect(loadConfig(good)).toMatchObject({ production: true, stripe: { standinUrl: undefined } });
  });

  it.each(['JWT_SECRET', 'TICKET_SECRET', 'STRIPE_WEBHOOK_SECRET', 'WEBHOOKS_SECRET'] as const)(
    'refuses %s when it is missing, empty or the default',
    (name) => {
      for (const value of [undefined, '', DEV_SECRETS[name]]) {
        const lines = refusals({ [name]: value });
        expect(lines).toHaveLength(1);
        expect(lines[0]).toMatch(new RegExp(`^configuration: ${name} is missing or the development default`));
      }
    },
  );

  it.each(['JWT_SECRET', 'TICKET_SECRET', 'STRIPE_WEBHOOK_SECRET', 'WEBHOOKS_SECRET'])('refuses a short %s', (name) => {
    const lines = refusals({ [name]: 'too-short' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(new RegExp(`^configuration: ${name} is too short`));
  });

  it.each([
    ['JWT_SECRET', 'TICKET_SECRET'],
    ['JWT_SECRET', 'STRIPE_WEBHOOK_SECRET'],
    ['TICKET_SECRET', 'STRIPE_WEBHOOK_SECRET'],
    ['TICKET_SECRET', 'WEBHOOKS_SECRET'],
  ])('refuses one secret shared by %s and %s', (a, b) => {
    expect(refusals({ [a]: secret('s'), [b]: secret('s') })).toEqual([
      `configuration: ${a} and ${b} are the same secret: each needs its own`,
    ]);
  });

  it('refuses to take payments without a Stripe key', () => {
    expect(refusals({ STRIPE_SECRET_KEY: '' })).toEqual(['configuration: STRIPE_SECRET_KEY is missing']);
  });

  it('refuses a payment gateway that nobody has set up, where events are paid there', () => {
    expect(refusals({ PAYGATE_EVENTS: '2', PAYGATE_PASSWORD: DEV_SECRETS.PAYGATE_PASSWORD })).toEqual([
      'configuration: PAYGATE_URL is missing, but PAYGATE_EVENTS names events that are paid there',
      'configuration: PAYGATE_TEAM is missing, but PAYGATE_EVENTS names events that are paid there',
      'configuration: PAYGATE_PASSWORD is missing or the development default: set the password of your team',
    ]);
    const set = { PAYGATE_URL: 'https://gateway.example', PAYGATE_TEAM: 'us', PAYGATE_PASSWORD: 'ours' };
    for (const PAYGATE_EVENTS of ['all', '1, 2']) expect(refusals({ ...set, PAYGATE_EVENTS })).toEqual([]);
    for (const PAYGATE_EVENTS of ['0', 'one', '1;2', '1.5'])
      expect(refusals({ ...set, PAYGATE_EVENTS })).toEqual([
        'configuration: PAYGATE_EVENTS: must be event numbers separated by commas, or all',
      ]);
    expect(loadConfig({ PAYGATE_EVENTS: '1, 2' }).paygate.events).toEqual(new Set([1, 2]));
  });

  it('refuses the payment stand-in', () => {
    const lines = refusals({ STRIPE_STANDIN_URL: 'http://localhost:12111' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^configuration: STRIPE_STANDIN_URL is set: .*not for production$/);
  });

  it('refuses webhooks to its own machine, and allows none unasked', () => {
    const lines = refusals({ WEBHOOKS_LOCAL: 'on' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^configuration: WEBHOOKS_LOCAL is on: .*not for production$/);
    expect([loadConfig(good).webhooks.local, loadConfig({}).webhooks.local]).toEqual([false, true]);
  });

  it('refuses the test-only endpoints', () => {
    const lines = refusals({ TEST_ENDPOINTS: 'on' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^configuration: TEST_ENDPOINTS is on: .*not for production$/);
  });

  it('tells all faults at once, one line each, and quotes no secret', () => {
    const lines = refusals({
      JWT_SECRET: 'short-and-private',
      TICKET_SECRET: undefined,
      STRIPE_SECRET_KEY: undefined,
      STRIPE_STANDIN_URL: 'http://private-host:1',
      TEST_ENDPOINTS: 'on',
    });
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line).toMatch(/^configuration: /);
    expect(lines.join()).not.toMatch(/short-and-private|private-host/);
  });

  it('names the setting that is no number, without its value', () => {
    const lines = refusals({ PORT: 'secret-port' });
    expect(lines[0]).toMatch(/^configuration: PORT: /);
    expect(lines.join()).not.toContain('secret-port');
  });
});

describe('development', () => {
  it('starts on nothing at all, with the stand-in for payments', () => {
    expect(loadConfig({})).toMatchObject({ production: false, stripe: { standinUrl: 'http://localhost:12111' } });
  });
});
