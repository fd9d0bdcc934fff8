// What this machine lets a test do with users and mount namespaces.

import { execFileSync } from 'node:child_process';

export const isRoot: boolean = process.getuid?.() === 0;
export const NOBODY = 65534;

export function succeeds(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Puts an ordinary user in front of a command: root can become one here; another user already is one. */
export const asUser: readonly string[] = isRoot
  ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups']
  : [];
const canDrop = !isRoot || succeeds('setpriv', [...asUser.slice(1), 'true']);

export const hasNamespaces: boolean =
  canDrop &&
  succeeds('sh', ['-c', `${asUser.join(' ')} unshare --user --map-root-user --mount mount -n -t tmpfs x /mnt`]);

/** A user namespace in which no mount namespace may be made: a kernel that refuses. */
export const refusing: readonly string[] = [
  'unshare',
  '--user',
  '--map-root-user',
  'sh',
  '-c',
  'echo 0 >/proc/sys/user/max_mnt_namespaces && exec "$@"',
  'sh',
];
export const canRefuse: boolean = succeeds(refusing[0] as string, [...refusing.slice(1), 'true']);
