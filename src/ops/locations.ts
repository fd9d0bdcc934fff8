// Locations: the regions that a secret's name can hold. Source: google/cloud/location/locations.proto.

import { Fault } from '../core/error.ts';
import { parseFilter } from '../core/filter.ts';
import type { FieldKinds } from '../core/filter-comparison.ts';
import type { Location, ProjectRef } from '../core/name.ts';
import { REGIONS } from '../core/region.ts';
import type { Project } from '../core/secret.ts';
import { type Operation, operation } from './operation.ts';
import { type FilteredRequest, filteredPage, filteredScope, pageCursor } from './paging.ts';

export interface LocationResult {
  readonly project: Project;
  readonly location: Location;
}

export interface GetLocation {
  readonly project: ProjectRef;
  /** As asked; it may be none. */
  readonly location: string;
}

export const getLocation: Operation<GetLocation, LocationResult> = operation({
  name: 'locations.get',
  help: 'show a region that secrets can name',
  kind: 'read',
  permission: 'secretmanager.locations.get',
  target: ({ project, location }) => ({ project, asked: `projects/${project}/locations/${location}` }),
  decide: (input) => {
    const project = input.project(input.command.project);
    const location = REGIONS.find((region) => region === input.command.location);
    if (location === undefined) throw new Fault('LOCATION_NOT_FOUND', { location: input.command.location });
    return { result: { project, location } };
  },
});

export interface ListLocations extends FilteredRequest {
  readonly project: ProjectRef;
}

export interface ListedLocations {
  readonly project: Project;
  readonly locations: readonly Location[];
  readonly nextPageToken: string;
}

const FIELDS: FieldKinds = { name: 'name', location_id: 'text' };

const listScope = (command: ListLocations) => filteredScope(`locations.list projects/${command.project}`, command);

export const listLocations: Operation<ListLocations, ListedLocations> = operation({
  name: 'locations.list',
  help: 'list the regions that secrets can name',
  kind: 'read',
  permission: 'secretmanager.locations.list',
  target: ({ project }) => ({ project, asked: `projects/${project}` }),
  decide: (input) => {
    const project = input.project(input.command.project);
    const belongs = parseFilter(input.command.filter ?? '', FIELDS);
    return { result: { project, belongs } };
  },
  finish: ({ project, belongs }, command, { keyring }) => {
    const scope = listScope(command);
    const after = pageCursor(keyring, scope, command, '');
    const regions = REGIONS.filter((region) => region > after);
    const named = (region: Location) =>
      belongs({ name: [region, `projects/${project.id}/locations/${region}`], location_id: [region] });
    const page = filteredPage(keyring, scope, command, regions, String, named);
    return { project, locations: page.rows, nextPageToken: page.nextPageToken };
  },
});
