// The deletion of a project: one of the changes of ports.ts. All that is in it goes, in one transaction; what named it, its
// id, its number and its account of AWS's, names nothing for ever, so that nobody inherits what others grant by those.

import type { Location, ProjectRef } from './name.ts';
import type { Project } from './secret.ts';

export interface ProjectDeletion {
  readonly change: 'project.delete';
  readonly project: Project;
  /** Where the leases of Vault's API lie: what they are of goes. */
  readonly leases: string;
  /** Where other entries of Vault's API lie: paths that end in `/`. */
  readonly vaultPrefixes: readonly string[];
  /** The names that are not given again. */
  readonly retired: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

export type ProjectNeed =
  /** Whether an id, a number or an account of AWS's was that of a project that is deleted. */
  | { readonly need: 'retired'; readonly name: string }
  /** Where a secret of another project lives that has a tag of this one. */
  | { readonly need: 'tagUseElsewhere'; readonly project: ProjectRef };

export interface ProjectRowByNeed {
  readonly retired: boolean;
  readonly tagUseElsewhere: Location | undefined;
}
