// Fills a data directory in a process of its own, whose memory goes with it.
// Run: node bench/scale-fill-child.ts DATA SECRETS

import { fill } from './scale-fill.ts';

const [data = '', count = ''] = process.argv.slice(2);
await fill(data, Number(count));
