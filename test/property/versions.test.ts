// Versions under a hundred clients, on a server of its own.

import { openCrowd } from './fixture.ts';
import { describeVersions } from './versions-spec.ts';

describeVersions('versions under a hundred clients', openCrowd);
