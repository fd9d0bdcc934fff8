// Runs inside `coffer run`: reads the files that it is given again and again, and prints each value that it had not seen
// there before, with the time. A torn or empty file would be such a value. Ends when all files but
// the pinned one show what begins with LAST.
'use strict';
const { readFileSync } = require('node:fs');

const files = process.argv.slice(2);
const seen = new Map(files.map((file) => [file, new Set()]));
const pinned = process.env.PINNED;
const text = (file) => {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    return error.code;
  }
};

function look() {
  let last = 0;
  for (const file of files) {
    const value = text(file);
    if (!seen.get(file).has(value)) {
      seen.get(file).add(value);
      const shown = value.length > 100 ? `${value.slice(0, 20)}+${value.length}` : value;
      process.stdout.write(`${JSON.stringify({ file, value: shown })}\n`);
    }
    if (value.startsWith('LAST') || file === pinned) last++;
  }
  if (last < files.length) setTimeout(look, 1);
}
look();
