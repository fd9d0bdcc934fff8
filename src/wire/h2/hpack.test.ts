import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { session, start } from '../../../test/support/wire.ts';
import { headerBlock } from './header-block.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { decodeHuffman } from './huffman.ts';
import { COMPRESSION_ERROR } from './protocol.ts';

const BOUNDS = { bytesMax: 16_384, countMax: 100 };

function decode(decoder: HpackDecoder, hex: string): string[] | undefined {
  const block = Buffer.from(hex, 'hex');
  return decoder.decode(block, 0, block.length)?.map(({ name, value }) => `${name}: ${value}`);
}

const ASKED = [':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'];
const CUSTOM = [
  ':method: GET',
  ':scheme: https',
  ':path: /index.html',
  ':authority: www.example.com',
  'custom-key: custom-value',
];
for (const [part, ...blocks] of [
  [
    'C.3, literals',
    '828684410f7777772e6578616d706c652e636f6d',
    '828684be58086e6f2d6361636865',
    '828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565',
  ],
  [
    "C.4, Huffman's code",
    '828684418cf1e3c2e5f23a6ba0ab90f4ff',
    '828684be5886a8eb10649cbf',
    '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf',
  ],
] as const) {
  test(`the requests of RFC 7541 appendix ${part}`, () => {
    const decoder = new HpackDecoder(BOUNDS);
    const [first, second, third] = blocks.map((block) => decode(decoder, block));
    assert.deepEqual(first, ASKED);
    assert.deepEqual(second, [...ASKED, 'cache-control: no-cache']);
    assert.deepEqual(third, CUSTOM);
  });
}

test('the answers of RFC 7541 appendix C.6 drive fields out of a table of 256 bytes', () => {
  const decoder = new HpackDecoder(BOUNDS);
  const date = 'date: Mon, 21 Oct 2013 20:13:21 GMT';
  const rest = ['cache-control: private', date, 'location: https://www.example.com'];
  const first =
    '3fe101488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3';
  assert.deepEqual(decode(decoder, first), [':status: 302', ...rest]);
  assert.deepEqual(decode(decoder, '4883640effc1c0bf'), [':status: 307', ...rest]);
  const third =
    '88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007';
  assert.deepEqual(decode(decoder, third), [
    ':status: 200',
    'cache-control: private',
    'date: Mon, 21 Oct 2013 20:13:22 GMT',
    'location: https://www.example.com',
    'content-encoding: gzip',
    'set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
  ]);
  // Of the three that the last answer entered, the oldest is at 64; behind it there is nothing.
  assert.deepEqual(decode(decoder, 'c0'), ['date: Mon, 21 Oct 2013 20:13:22 GMT']);
  assert.throws(() => decode(decoder, 'c1'), { code: COMPRESSION_ERROR });
});

for (const [what, hex] of [
  ['index 0', '80'],
  ['an index that no field has', 'be'],
  ['a name that no field has', '7e0161'],
  ['a number that is cut off', 'ff'],
  ['a number without end', 'ff80808080808080808000'],
  ['a literal without a value', '000161'],
  ['a string beyond the end', '00016105abcd'],
  ['a string longer than any', '007fffffffff7f'],
  ['a table above the limit', '3fe21f'],
  ['a new size behind a field', '8220'],
  ['the end of strings in a string', '008461ffffffff0161'],
  ['padding of zeros', '0081180161'],
  ['padding of eight bits', '0082f8ff0161'],
] as const) {
  test(`a block with ${what} is an error`, () => {
    assert.throws(() => decode(new HpackDecoder(BOUNDS), hex), { code: COMPRESSION_ERROR });
  });
}

test('a field above the size of the table empties it, and one of its size stays', () => {
  const decoder = new HpackDecoder(BOUNDS);
  const enter = (chars: number): string => {
    const length = chars - 127;
    return `4001617f${((length & 127) | 128).toString(16)}${(length >> 7).toString(16).padStart(2, '0')}${'62'.repeat(chars)}`;
  };
  assert.equal(decode(decoder, enter(4096 - 32 - 1))?.length, 1);
  assert.equal(decode(decoder, 'be')?.length, 1);
  assert.equal(decode(decoder, enter(4096 - 32))?.length, 1);
  assert.throws(() => decode(decoder, 'be'), { code: COMPRESSION_ERROR });
});

test('random bytes are fields or a compression error, and never more than the bounds', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder({ bytesMax: 300, countMax: 4 });
      try {
        for (const block of blocks) {
          const fields = decoder.decode(Buffer.from(block), 0, block.length);
          assert.ok(fields === undefined || fields.length <= 4);
        }
      } catch (error) {
        assert.equal((error as { code?: number }).code, COMPRESSION_ERROR);
      }
    }),
    { numRuns: 2000 },
  );
});

test("what Node's encoder writes is read, every character and in any order", async () => {
  const server = await start();
  const client = session(server.port);
  // Enough of the shortest code around each character that the encoder chooses Huffman's.
  const chars = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter((char) =>
    /[\x21-\x7e\x80-\xff]/.test(char),
  );
  const value = fc.array(fc.constantFrom(...chars, ...'eeeeaaiost012'), { minLength: 1, maxLength: 60 });
  const values = [
    ...chars.map((char) => `${'e'.repeat(40)}${char}${'e'.repeat(40)}`),
    ...fc.sample(value, 200).map((all) => all.join('')),
  ];
  const names = ['x-a', 'x-b', 'user-agent', 'x-quite-long-and-never-heard-of'];
  await Promise.all(
    values.map((each, index) => {
      const stream = client.request({ ':path': `/${index}`, [names[index % 4] as string]: each });
      stream.resume();
      return new Promise((resolve) => stream.on('close', resolve));
    }),
  );
  assert.equal(server.requests.length, values.length);
  for (const { path, headers } of server.requests) {
    const index = Number(path.slice(1));
    assert.equal(headers[names[index % 4] as string], values[index]);
  }
  client.close();
  await server.listener.drain(100);
});

test('what we write is read again, and what HTTP/2 does not allow is not written', () => {
  const name = fc.stringMatching(/^[a-z0-9!#$%&'*+.^_`|~-]{1,40}$/);
  const value = fc.stringMatching(/^[\x21-\x7e\x80-\xff]{0,300}$/);
  fc.assert(
    fc.property(fc.dictionary(name, value, { maxKeys: 8 }), (fields) => {
      const block = Buffer.concat([headerBlock(fields, { name: 'x-request-id', chars: 3 }), Buffer.from('abc')]);
      const decoder = new HpackDecoder(BOUNDS);
      const read = decoder.decode(block, 0, block.length)?.map((field) => [field.name, field.value]);
      assert.deepEqual(read, [...Object.entries(fields), ['x-request-id', 'abc']]);
      assert.equal(decoder.changes, 0);
    }),
  );
  for (const [name, value] of [
    ['A', 'b'],
    ['bad name', 'b'],
    ['', 'b'],
    ['a', 'b\r\n'],
    ['a', ' b'],
    ['a', 'b '],
    ['a', '\u0100'],
  ] as const) {
    assert.throws(() => headerBlock({ [name]: value }), TypeError);
  }
});

test('a string of one character is read in all its paddings', () => {
  for (const [hex, text] of [
    ['1f', 'a'],
    ['1f8f', 'aw'],
    ['', ''],
  ] as const) {
    const bytes = Buffer.from(hex, 'hex');
    assert.equal(decodeHuffman(bytes, 0, bytes.length), text);
  }
});
