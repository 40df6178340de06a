// `npm run sdk`: writes the generated files of the clients anew.
import { writeFile } from 'node:fs/promises';
import { sdkFiles } from './sdk.ts';

for (const [path, text] of await sdkFiles()) {
  await writeFile(path, text);
  console.log(path);
}
