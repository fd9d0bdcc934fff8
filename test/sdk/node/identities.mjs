// What a key file is good for with Google's own library: a self-signed JWT over gRPC, the JWT grant, ID tokens.
import { createRequire } from 'node:module';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';

// The library of credentials comes with the client, and in that client's own version.
const fromClient = createRequire(import.meta.resolve('@google-cloud/secret-manager'));
const { GoogleAuth, OAuth2Client } = createRequire(fromClient.resolve('google-gax'))('google-auth-library');

const [keyFilename, name, audience] = process.argv.slice(2);
const client = new SecretManagerServiceClient({ keyFilename });
const [version] = await client.accessSecretVersion({ name });
console.log(version.payload.data.toString());

const scopes = 'https://www.googleapis.com/auth/cloud-platform';
const granted = await new GoogleAuth({ keyFilename, scopes }).getClient();
const { token: opaque } = await granted.getAccessToken();
console.log(opaque.slice(0, 5), (await granted.getTokenInfo(opaque)).email);

const own = await new GoogleAuth({ keyFilename }).getIdTokenClient(audience);
const token = await own.idTokenProvider.fetchIdToken(audience);
const certificates = await (await fetch('https://oauth2.googleapis.com/oauth2/v1/certs')).json();
const issuers = ['https://accounts.google.com'];
const ticket = await new OAuth2Client().verifySignedJwtWithCertsAsync(token, certificates, audience, issuers);
console.log(ticket.getPayload().email);
