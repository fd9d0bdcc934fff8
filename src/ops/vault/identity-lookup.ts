// Who is meant: an entity or a group by one of the ways to name it.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/identity/lookup

import { type Data, invalid, textField } from './fields.ts';
import { describeEntity } from './identity-entities.ts';
import { describeGroup } from './identity-groups.ts';
import { byAlias, byMethod, byName, type Found, found } from './identity-rows.ts';
import type { Handler, VaultRoute } from './route.ts';
import type { View } from './view.ts';

const WAYS = ['name', 'id', 'alias_id', 'alias_name'] as const;

function lookUp<K extends 'entity' | 'group'>(view: View, kind: K, data: Data): Found<K> | undefined {
  const field = (name: string) => textField(data, name) ?? '';
  const accessor = field('alias_mount_accessor');
  const given = WAYS.filter((way) => field(way) !== '');
  const [way] = given;
  if (way === undefined && accessor === '') throw invalid('query parameter not supplied');
  if ((way === 'alias_name') !== (accessor !== '') && given.length < 2) {
    throw invalid("both 'alias_name' and 'alias_mount_accessor' needs to be set");
  }
  if (given.length > 1 || way === undefined) {
    throw invalid('query parameter conflict; please supply distinct set of query parameters');
  }
  const text = field(way);
  if (way === 'name') return byName(view, kind, text);
  if (way === 'id') return found(view, kind, text);
  return way === 'alias_id' ? byAlias(view, kind, text) : byMethod(view, kind, accessor, text);
}

const entity: Handler = ({ view, data }) => {
  const known = lookUp(view, 'entity', data);
  return known === undefined ? {} : { data: describeEntity(view, known) };
};

const group: Handler = ({ view, data }) => {
  const known = lookUp(view, 'group', data);
  return known === undefined ? {} : { data: describeGroup(view, known) };
};

export const LOOKUP_ROUTES: readonly VaultRoute[] = [
  { path: 'identity/lookup/entity', help: 'Look for an entity.', asks: true, write: entity },
  { path: 'identity/lookup/group', help: 'Look for a group.', asks: true, write: group },
];
