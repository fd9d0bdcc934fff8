// Runs inside `coffer run` as an ordinary Node program: asks owned names by every client that Node has, and the
// metadata server in ways that must be refused; prints one JSON object.
'use strict';
const http = require('node:http');
const http2 = require('node:http2');
const https = require('node:https');
const tls = require('node:tls');

const host = 'secretmanager.googleapis.com';
const path = '/v1/projects/any/secrets';

function viaHttps(hostname) {
  return new Promise((resolve, reject) => {
    const request = https.get({ hostname, path }, (response) => {
      response.resume();
      resolve([response.statusCode, response.socket.authorized]);
    });
    request.on('error', reject);
  });
}

function viaHttp2() {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`https://${host}`);
    session.on('error', reject);
    session.request({ ':path': path }).on('response', (headers) => {
      session.destroy();
      resolve([headers[':status'], true]);
    });
  });
}

function viaTls() {
  return new Promise((resolve, reject) => {
    const socket = tls.connect(443, host, { servername: host }, () => {
      resolve([socket.getPeerCertificate().subjectaltname, socket.authorized]);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

function metadata(address, requestPath, headers) {
  return new Promise((resolve, reject) => {
    const [hostname, port] = address.split(':');
    const request = http.get({ hostname, port, path: requestPath, headers }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve([response.statusCode, body]));
    });
    request.on('error', reject);
  });
}

async function main() {
  const address = process.env.GCE_METADATA_HOST;
  const token = '/computeMetadata/v1/instance/service-accounts/default/token';
  const flavor = { 'Metadata-Flavor': 'Google' };
  const report = {
    fetch: await fetch(`https://${host}${path}`).then((response) => response.status),
    https: await viaHttps(host),
    regional: await viaHttps('secretmanager.us-east1.rep.googleapis.com'),
    http2: await viaHttp2(),
    tls: await viaTls(),
    email: await metadata(address, '/computeMetadata/v1/instance/service-accounts/default/email', flavor),
    token: await metadata(address, token, flavor),
    noFlavor: await metadata(address, token, {}),
    forwarded: await metadata(address, token, { ...flavor, 'X-Forwarded-For': '1.2.3.4' }),
  };
  process.stdout.write(JSON.stringify(report));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
