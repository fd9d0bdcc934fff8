// The entity of a login: the one that has the alias by which the auth method knows the caller, or a new one. Whose entity is
// disabled gets no token.

import { Fault } from '../../core/error.ts';
import { addEntity } from './identity-entities.ts';
import { byMethod, checkedName, indexAlias, newId } from './identity-rows.ts';
import type { View } from './view.ts';

/** Its id. `name` is the method's own name for whoever logs in, in the one spelling that it has. */
export function entityOfLogin(view: View, accessor: string, name: string): string {
  const known = byMethod(view, 'entity', accessor, name);
  if (known !== undefined) {
    if (known.row.disabled)
      throw new Fault('PERMISSION_DENIED', { permission: 'login', resource: 'a disabled entity' });
    return known.id;
  }
  const times = { createdAt: view.now, updatedAt: view.now };
  const alias = { id: newId(view), name: checkedName(name, 'alias name'), accessor, customMetadata: null, ...times };
  const { id } = addEntity(view, undefined, { aliases: [alias] });
  indexAlias(view, 'entity', id, alias);
  return id;
}
