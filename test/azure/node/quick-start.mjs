// The quick start of Azure Key Vault, with what comes after it: it knows a vault's URL and nothing else.

import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';

const [url, name] = process.argv.slice(2);
const client = new SecretClient(url, new DefaultAzureCredential());
console.log((await client.getSecret('API-KEY')).value);
const made = await client.setSecret(name, 'from node', { contentType: 'text/plain' });
const { version } = made.properties;
const read = await client.getSecret(name, { version });
console.log(read.value, read.properties.contentType);
console.log((await client.updateSecretProperties(name, version, { enabled: false })).enabled);
const backup = await client.backupSecret(name);
const deleted = await (await client.beginDeleteSecret(name, { intervalInMs: 50 })).pollUntilDone();
console.log(deleted.name === name, deleted.recoveryId !== '');
await client.purgeDeletedSecret(name);
const restored = await client.restoreSecretBackup(backup);
console.log(restored.version === version);
let count = 0;
for await (const secret of client.listPropertiesOfSecrets()) if (secret.name === name) count++;
console.log(count);
