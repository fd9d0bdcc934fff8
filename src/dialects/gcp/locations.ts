// google.cloud.location.Locations, which every regional API of Google carries. It lists Google's own regions: they are
// what the name of a secret can hold.

import { create } from '@bufbuild/protobuf';
import {
  ListLocationsResponseSchema,
  type Location as LocationMessage,
  LocationSchema,
  Locations,
} from '../../../gen/google/cloud/location/locations_pb.js';
import { getLocation, type LocationResult, listLocations } from '../../ops/locations.ts';
import { then } from '../../ops/maybe.ts';
import { serviceMethods } from './call.ts';
import { decodeFilteredPage } from './decode.ts';
import { parseLocationName, parseProjectName } from './names.ts';

function encodeLocation({ project, location }: LocationResult): LocationMessage {
  return create(LocationSchema, { name: `projects/${project.id}/locations/${location}`, locationId: location });
}

export const locationsMethods = serviceMethods(Locations, {
  listLocations: (request, call) => {
    const command = { project: parseProjectName(request.name, 'name'), ...decodeFilteredPage(request) };
    return then(call.run(listLocations, command), ({ project, locations, nextPageToken }) =>
      create(ListLocationsResponseSchema, {
        locations: locations.map((location) => encodeLocation({ project, location })),
        nextPageToken,
      }),
    );
  },
  getLocation: (request, call) => then(call.run(getLocation, parseLocationName(request.name)), encodeLocation),
});
