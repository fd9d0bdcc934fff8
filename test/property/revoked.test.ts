// A hundred clients never see what was before, on a server of its own.

import { openCrowd } from './fixture.ts';
import { describeRevoked } from './revoked-spec.ts';

describeRevoked('a hundred clients never see what was before', openCrowd);
