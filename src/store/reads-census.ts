// The needs of the census and of access questions, as statements.

import assert from 'node:assert/strict';
import type { Need } from '../core/ports.ts';
import { checkedLimit, type Read, rowsOf } from './read.ts';
import { secretOf } from './rows.ts';
import { sightingOfSecretOf, sightingOfVersionOf } from './rows-census.ts';
import { CENSUS_OF_PRINCIPAL, CENSUS_OF_PROJECT, CENSUS_OF_SECRET, secretsNaming } from './sql/census.ts';
import { forPlace, forReference, placeValues } from './sql/reference.ts';

type CensusNeed = Extract<Need, { need: 'census' | 'censusOfProject' | 'censusOfPrincipal' | 'secretsNaming' }>;

/** A principal is one member, its groups and domain, and the two that stand for everybody. */
const MEMBERS_MAX = 100;

export function readCensus(need: CensusNeed): Read {
  const limit = checkedLimit(need);
  switch (need.need) {
    case 'census':
      return rowsOf(forPlace(CENSUS_OF_SECRET, need), [...placeValues(need), limit], sightingOfVersionOf);
    case 'censusOfProject':
      return rowsOf(forReference(CENSUS_OF_PROJECT, need.project), [need.project, limit], sightingOfSecretOf);
    case 'censusOfPrincipal': {
      const values = [need.project, need.principal, limit];
      return rowsOf(forReference(CENSUS_OF_PRINCIPAL, need.project), values, sightingOfSecretOf);
    }
    case 'secretsNaming': {
      const { members, project, after } = need;
      assert(members.length > 0 && members.length <= MEMBERS_MAX, `1 to ${MEMBERS_MAX} members`);
      const values = [...members.flatMap((member) => [project, member, after, limit]), limit];
      return rowsOf(forReference(secretsNaming(members.length), project), values, secretOf);
    }
  }
}
