// Where the PKI engine meets the keyring: certificates are made before a request is judged, lists of what was revoked after.

import type { Keyring, Maybe, Needs } from '../../core/ports.ts';
import type { Project } from '../../core/secret.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import type { SealedIssuer } from '../../core/vault/pki.ts';
import { then } from '../maybe.ts';
import type { Finish, Input, Prepare, Prepared } from '../operation.ts';
import type { Logical } from './logical.ts';
import type { CertifiedNow, FinishedReply, Made, Reply, VaultRoute } from './route.ts';
import { placeOf, sealEntry } from './sealed-entry.ts';
import { View } from './view.ts';

function issuerOf(keyring: Keyring, project: Project, { id, data, sealed }: VaultEntry): SealedIssuer {
  if (sealed === undefined) throw new TypeError(`${id} has no key`);
  const place = placeOf(keyring, project, id, String(data['uid']));
  return { certificate: String(data['certificate']), projectKey: project.wrappedKey, place, sealed };
}

/** Has made what the request asks for, and makes ready what it is judged by. */
export async function certified(
  { make }: NonNullable<VaultRoute['certifies']>,
  input: Input<Logical, Needs>,
  carried: Made,
  keyring: Keyring,
  { grant }: Prepare,
): Promise<Prepared<Made, Pick<CertifiedNow, 'privateKey'>>> {
  const view = new View(input);
  const { params, data } = input.command;
  const { made, ...kept } = await make({
    ...{ view, params, data, made: carried, pki: keyring.pki },
    certify: (issuer, publicKey, spec) => {
      if (grant === undefined) throw new TypeError('nobody was granted a certificate');
      return keyring.pki.certify(grant, issuerOf(keyring, view.project, issuer), publicKey, spec);
    },
    sealKey: (id, key) => sealEntry(keyring, view.project, id, view.entropy.uid(), key.private),
  });
  return { carried: { ...carried, ...made }, kept };
}

/** The answer with the list that it takes, signed. */
export function finishedList(
  reply: Reply,
  { issuer, list, form }: NonNullable<Reply['revocations']>,
  { keyring, scope }: Finish,
): Maybe<FinishedReply> {
  if (scope.project === undefined) throw new TypeError('a list of what was revoked is of no project');
  return then(keyring.pki.revocationList(issuerOf(keyring, scope.project, issuer), list), ({ der, pem }) => {
    if (form === 'der') return { raw: { type: 'application/pkix-crl', body: der } };
    if (form === 'pem') return { raw: { type: 'application/x-pem-file', body: `${pem.trim()}\n` } };
    return { ...reply, data: { ...reply.data, certificate: pem.trim() } } as FinishedReply;
  });
}
