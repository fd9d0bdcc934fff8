// Does with node-vault what stdin lists, in that order, and answers what each step read: a value below `secret/`.

import { text } from 'node:stream/consumers';
import nodeVault from 'node-vault';

const vault = nodeVault();
const read = async (path) => (await vault.read(`secret/data/${path}`)).data.data;
const write = (path, data) => vault.write(`secret/data/${path}`, { data });
const answers = [];
for (const { verb, path, data } of JSON.parse(await text(process.stdin))) {
  if (verb === 'write') await write(path, data);
  const value = await read(path);
  if (verb === 'rewrite') await write(path, value);
  answers.push(value);
}
process.stdout.write(JSON.stringify(answers));
