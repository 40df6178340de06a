// People who call the Hackload API: accounts with a password, and their calls with HTTP Basic.
import { randomBytes } from 'node:crypto';
import type { Answer, World } from './gateway.ts';
import { person } from './made.ts';

export type Buyer = {
  id: string;
  email: string;
  authorization: string;
  call(method: string, path: string, body?: unknown): Promise<Answer>;
};

const PASSWORD = 'Test "pass"\\word$1 ключ';

/** The header of an address and a password. */
export const authorization = (email: string, password: string): string => `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`;

/** Makes somebody who calls this gateway. */
export async function buyerOf(world: World, role: 'user' | 'organizer' | 'admin' = 'user'): Promise<Buyer> {
  const { id } = await person(world.db, role);
  const email = `покупатель-${randomBytes(6).toString('hex')}@example.test`;
  await world.db
    .updateTable('accounts')
    .set({ email, password_hash: await world.gateway.passwords.hash(PASSWORD), email_verified_at: new Date() })
    .where('id', '=', id)
    .execute();
  const header = authorization(email, PASSWORD);
  const call = (method: string, path: string, body?: unknown) => world.call(method, path, { body, headers: { authorization: header } });
  return { id, email, authorization: header, call };
}
