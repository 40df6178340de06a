// Access tokens as the gateway makes them, and false ones.
import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { loadConfig } from '../../config.ts';
import type { Caller } from '../../services/accounts/sessions.ts';

const SECRET = loadConfig({}).auth.jwtSecret;

/** An access token as the gateway makes them; every part can be falsified. */
export async function token(
  caller: Partial<Caller> = {},
  o: { seconds?: number; typ?: string; secret?: string; alg?: string; issuer?: string; audience?: string } = {},
): Promise<string> {
  return new SignJWT({ role: caller.role ?? 'user' })
    .setProtectedHeader({ alg: o.alg ?? 'HS256', typ: o.typ ?? 'at+jwt' })
    .setSubject(caller.accountId ?? randomUUID())
    .setIssuer(o.issuer ?? 'billetter')
    .setAudience(o.audience ?? 'billetter')
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + (o.seconds ?? 600))
    .sign(new TextEncoder().encode(o.secret ?? SECRET));
}
