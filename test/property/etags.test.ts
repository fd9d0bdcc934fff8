// Changes by an etag under a hundred clients, on a server of its own.

import { describeEtags } from './etags-spec.ts';
import { openCrowd } from './fixture.ts';

describeEtags('changes by an etag under a hundred clients', openCrowd);
