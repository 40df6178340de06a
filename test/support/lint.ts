// What Spectral says of an OpenAPI document, by all of its rules.
import spectral from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';

// Left out is what is taste: e-mail and link of what has none, tags in alphabetical order, and how paths end (the seeds say that).
const TASTE = {
  'contact-properties': 'off',
  'license-url': 'off',
  'openapi-tags-alphabetical': 'off',
  'path-keys-no-trailing-slash': 'off',
} as const;

/** A line for each thing it finds, warnings and hints too. */
export async function lint(document: Record<string, unknown>): Promise<string[]> {
  const linter = new spectral.Spectral();
  linter.setRuleset({ extends: [[rulesets.oas as never, 'all']], rules: TASTE });
  return (await linter.run(document)).map(({ code, path, message }) => `${code} ${path.join('/')}: ${message}`);
}
