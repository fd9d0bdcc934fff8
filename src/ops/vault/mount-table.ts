// The mount table of the project that a request is in, as the judgement sees and leaves it.

import { type MountTable, mountsId, mountTable } from '../../core/vault/mounts.ts';
import type { View } from './view.ts';

export function tableOf(view: View): MountTable {
  return mountTable(view.project.id, view.get(mountsId(view.project.id)));
}

export function keepMounts(view: View, mounts: MountTable): void {
  const id = mountsId(view.project.id);
  view.put({ id, data: { ...view.get(id)?.data, mounts } });
}
