// Makes sure the namespace knows our search attributes, so that any Temporal server will do.
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH } from '../workflows/messages.ts';

const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD

/** Name and type of each, as the operator service takes them. */
export const SEARCH_TYPES = Object.fromEntries(Object.values(SEARCH).map((key) => [key.name, KEYWORD]));

/** Registers what is missing. Safe to run from many workers at once: what another has registered meanwhile is as good. */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.entries(SEARCH_TYPES).filter(([name]) => !(name in (known.customAttributes ?? {})));
  if (!missing.length) return;
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) });
  } catch (error) {
    if (!/already exists/i.test(String(error))) throw error;
  }
}
