// What Twilio's refusal of a text means, told by Twilio's own error codes (twilio.com/docs/api/errors).

/**
 * The recipient or the text is refused, and stays so. Every other code is tried again for as long as the text is of use: wrong keys (20003), a
 * sender that is not ours (21606), a country not enabled (21408) are ours to mend, and must not lose everybody's texts.
 */
const FINAL = new Set([
  21211, // no such number
  21214, // cannot be reached
  21217, // not a number
  21265, // the recipient is the sender
  21266, // the recipient is the sender
  21602, // no text
  21604, // no recipient
  21605, // too long
  21610, // the owner has asked for no more texts
  21612, // cannot be reached from this sender
  21614, // no mobile phone
  21617, // too long
  21635, // a landline
  30004, // the owner blocks texts
  30005, // unknown, or no longer in use
  30006, // a landline
]);

/** Why the text will never be sent, in Twilio's words; undefined where another try may help. */
export function finalRefusal(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: string };
  return FINAL.has(Number(code)) ? `Twilio ${code}: ${message}` : undefined;
}
