// The deletion of a service account: one of the changes of ports.ts. What named it names nobody from then on.

import type { AccountEmail } from './name.ts';

/** Takes every token and key of the account with it, and renames it in every policy that names it. */
export interface AccountDeletion {
  readonly change: 'account.delete';
  readonly email: AccountEmail;
  /** The member that bindings name from now on: nobody's, so that no account to come inherits them. */
  readonly deletedMember: string;
  /** The etag of each policy that was changed so. */
  readonly policyEtag: string;
  /** How policies of AWS's name it, and what takes that place: nobody's too. */
  readonly awsArns: readonly string[];
  readonly awsDeleted: string;
}
