// Tokens as other paths find them: by the text that a request names, by accessor. What is dead is not found.

import { Fault } from '../../core/error.ts';
import { isAlive, type KnownToken, TOKEN_DEPTH_MAX, tokenOf } from '../../core/vault/token.ts';
import { invalid, textField } from './fields.ts';
import type { VaultCall } from './route.ts';
import type { View } from './view.ts';

export function accessorId(accessor: string): string {
  return `accessor/${accessor}`;
}

/** Whether the token and all above it live. */
export function lives(view: View, known: KnownToken): boolean {
  let each: KnownToken | undefined = known;
  for (let depth = 0; depth <= TOKEN_DEPTH_MAX; depth++) {
    if (each === undefined || !isAlive(each, view.now)) return false;
    if (each.parent === undefined) return true;
    const above = view.get(each.parent);
    each = above === undefined ? undefined : tokenOf(above);
  }
  return false;
}

/** A token of another project is as one that does not exist. */
function isOurs(view: View, known: KnownToken | undefined): known is KnownToken {
  return known !== undefined && known.token.project === view.project.id && lives(view, known);
}

/** The token that the request names in its field `token`; throws as Vault does for one that is dead. */
export function knownToken({ view, hashes, data }: VaultCall): KnownToken {
  const known = hashes.batch ?? (hashes.token === undefined ? undefined : view.tokenByHash(hashes.token));
  if (hashes.token === undefined && (textField(data, 'token') ?? '') === '') throw invalid('missing token ID');
  if (!isOurs(view, known)) throw new Fault('CREDENTIAL_INVALID', { problem: 'bad token' });
  return known;
}

/** The token of the accessor in the field `accessor`, or in the path. */
export function tokenOfAccessor({ view, params, data }: VaultCall): KnownToken {
  const accessor = params['accessor'] ?? textField(data, 'accessor') ?? '';
  if (accessor === '') throw invalid('missing accessor');
  const found = view.get(accessorId(accessor.slice(0, 100)))?.data['token'];
  const entry = typeof found === 'string' ? view.get(found) : undefined;
  const known = entry === undefined ? undefined : tokenOf(entry);
  if (!isOurs(view, known)) throw invalid('invalid accessor');
  return known;
}

/** The caller's own token, whatever kind it is of. */
export function ownToken({ view, hashes }: VaultCall): KnownToken {
  const known = hashes.batch ?? view.callerToken();
  if (known === undefined) throw invalid("the credential of this request is no token of Vault's");
  return known;
}
