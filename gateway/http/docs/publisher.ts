// What every document of the house says of whoever publishes it.
import type { Config } from '../../../config.ts';

export type Publisher = {
  contact: { name: string; url: string };
  license: { name: string };
  /** Where the APIs are reached. */
  server: { url: string; description: string };
};

/** The publisher of this gateway's documents. */
export const publisher = ({ production, http }: Pick<Config, 'production' | 'http'>): Publisher => ({
  contact: { name: 'Billetter', url: http.publicUrl },
  license: { name: 'All rights reserved' },
  server: { url: http.publicUrl, description: production ? 'Production' : 'Development' },
});
