// What a mail server's refusal means: final for this mail, or passing. Told by SMTP's own codes (RFC 5321, RFC 3463).

/** What nodemailer adds to its errors. */
type SmtpError = Error & { code?: string; responseCode?: number; response?: string; command?: string };

/** The server refuses us and not the mail: sign-in, TLS, relaying, policy. Another mail would fare no better, and an operator can mend it. */
const OURS = /^(530|534|535|538)\b|\b5\.7\.\d+\b|relay/i;

/**
 * Why the mail will never be taken, in the server's words; undefined where another try may help. Final is a 5xx about the recipient (RCPT) or
 * about the message (the end of DATA). A refused sender (MAIL FROM), a refused sign-in and policy are ours to mend: they are tried again, or
 * one wrong setting would lose everybody's mail.
 */
export function finalRefusal(error: unknown): string | undefined {
  const { code, responseCode = 0, response = '', command = '', message = '' } = (error ?? {}) as SmtpError;
  const said = response || message;
  // The client's own refusal of an address that no server can be asked for.
  if (code === 'EENVELOPE' && command === 'API' && /recipient/i.test(message)) return message;
  if (responseCode < 500 || responseCode > 599 || OURS.test(said.replace(/\S+@\S+/g, ''))) return undefined; // an address may have any word in it
  return /^(RCPT TO|DATA)/i.test(command) ? said.slice(0, 500) : undefined;
}
