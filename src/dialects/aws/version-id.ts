// What AWS's clients know a version by.

/** A version's uid as AWS's clients know it. */
export function uuid(uid: string): string {
  return uid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
