// Which decisions of one transaction have to look again, because an earlier one of it has changed what they saw. All
// that the decisions of a group need is loaded at once; most of them touch different secrets, and then it still holds.

import { keysSeen } from '../../core/aws/secret.ts';
import { secretKey } from '../../core/name.ts';
import type { Change, Need, PayloadRow, SecretPlace } from '../../core/ports.ts';
import type { Secret, Version } from '../../core/secret.ts';

export class Touched {
  readonly #secrets = new Set<string>();
  readonly #tokens = new Set<string>();
  /** Names of new secrets, in whichever project. */
  readonly #names = new Set<string>();
  #isAnything = false;
  #isEverything = false;

  /** Keeps in mind what is changed. */
  add(change: Change): void {
    if (change.change === 'event.insert') return;
    this.#isAnything = true;
    switch (change.change) {
      case 'secret.insert':
        this.#names.add(nameOf(change.secret));
        this.#secrets.add(change.secret.uid);
        return;
      case 'secret.update':
        this.#secrets.add(change.secret.uid);
        // It may be one that comes back.
        this.#names.add(nameOf(change.secret));
        return;
      case 'secret.delete':
        this.#secrets.add(change.uid);
        return;
      case 'version.insert':
      case 'version.update':
        this.#secrets.add(change.version.secretUid);
        return;
      case 'token.insert':
        this.#tokens.add(change.token.hash);
        return;
      case 'token.delete':
        this.#tokens.add(change.hash);
        return;
      default:
        this.#isEverything = true;
    }
  }

  /** Whether `row`, which answered the need before, may be another by now. */
  concerns(need: Need, row: unknown): boolean {
    if (this.#isEverything || !this.#isAnything) return this.#isEverything;
    switch (need.need) {
      case 'server':
      case 'project':
      case 'account':
      case 'accountKey':
      case 'accountKeys':
      case 'vaultEntry':
      case 'vaultEntries':
      case 'vaultEntriesNamed':
        return false;
      case 'token':
        return this.#tokens.has(need.hash);
      case 'secret':
        return this.#concernsSecret(need, (row as Secret | undefined)?.uid);
      case 'version':
        return this.#concernsSecret(need, (row as Version | undefined)?.secretUid, true);
      case 'payload':
        return this.#concernsSecret(need, (row as PayloadRow | undefined)?.version.secretUid, true);
      default:
        return true;
    }
  }

  #concernsSecret(need: SecretPlace, uid: string | undefined, isVersion = false): boolean {
    if (uid !== undefined) return this.#secrets.has(uid);
    // Which secret a version is missing of is not known here.
    if (isVersion) return this.#secrets.size > 0;
    if (need.from === undefined) return this.#names.has(`${need.location ?? ''}/${need.key}`);
    const { region } = need.from;
    return keysSeen(need.from).some((key) => this.#names.has(`/${key}`) || this.#names.has(`${region}/${key}`));
  }
}

function nameOf({ location, name }: Secret): string {
  return `${location}/${secretKey(name)}`;
}
