// google.cloud.location.Locations, which every regional API of Google carries. Secrets here are global.

import { Locations } from '../../../gen/google/cloud/location/locations_pb.js';
import { missing, serviceMethods } from './call.ts';

export const locationsMethods = serviceMethods(Locations, {
  listLocations: missing('ListLocations'),
  getLocation: missing('GetLocation'),
});
