// The path tree: every template of every service finds itself again, and no spelling of a path leads elsewhere.
// Numbers 1 and 18 of the checklist in the design.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { getOption } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { http } from '../../../gen/google/api/annotations_pb.js';
import { METHODS } from './methods.ts';
import { Transcoder } from './rest.ts';
import { PathTree, parseTemplate } from './template.ts';

const transcoder = new Transcoder(METHODS.values());

/** Every rule of every method: what the tree must find. */
const rules = [...METHODS.values()].flatMap(({ desc }) => {
  const rule = getOption(desc, http);
  // WaitOperation has no REST form.
  return [rule, ...rule.additionalBindings]
    .filter(({ pattern }) => pattern.case !== undefined)
    .map(({ pattern }) => ({
      desc,
      verb: (pattern.case ?? '').toUpperCase(),
      template: String(pattern.value),
    }));
});

describe('templates', () => {
  test('a template is segments, a verb and variables', () => {
    assert.deepEqual(parseTemplate('/v1/{secret.name=projects/*/secrets/*}:access'), {
      segments: ['v1', 'projects', '*', 'secrets', '*'],
      verb: 'access',
      variables: [{ field: 'secret.name', from: 1, to: 5 }],
    });
    assert.throws(() => parseTemplate('v1/{name'), TypeError);
  });

  test('every template of every service leads to its own method', () => {
    assert.ok(rules.length > 90, `${rules.length} rules`);
    for (const { desc, verb, template } of rules) {
      const { segments, verb: colon, variables } = parseTemplate(template);
      const filled = segments.map((segment, index) => (segment.startsWith('*') ? `v${index}` : segment));
      const path = `/${filled.join('/')}${colon === '' ? '' : `:${colon}`}`;
      const found = transcoder.find(verb, path, [desc.parent.typeName]);
      assert.equal(found?.value.method.desc, desc, `${verb} ${path}`);
      assert.deepEqual(
        found?.values,
        variables.map(({ from, to }) => filled.slice(from, to).join('/')),
      );
    }
  });

  test('a host has its own services only', () => {
    const path = '/v1/projects/p/serviceAccounts/a:signJwt';
    const found = transcoder.find('POST', path, ['google.iam.admin.v1.IAM']);
    assert.equal(found?.value.service, 'google.iam.admin.v1.IAM');
    assert.equal(transcoder.find('POST', path, undefined)?.value.service, 'google.iam.credentials.v1.IAMCredentials');
    assert.equal(transcoder.find('POST', path, ['google.cloud.secretmanager.v1.SecretManagerService']), undefined);
  });

  test('a literal goes before a star, and a star is tried after it', () => {
    const tree = new PathTree<string>();
    for (const template of ['/v3/{name=projects/*}', '/v3/projects:search', '/v3/{a=*/x}', '/v3/{rest=**}']) {
      tree.add('GET', template, template);
    }
    const find = (path: string) => tree.find('GET', path, () => true)?.value;
    assert.equal(find('/v3/projects/p'), '/v3/{name=projects/*}');
    assert.equal(find('/v3/projects:search'), '/v3/projects:search');
    assert.equal(find('/v3/folders/x'), '/v3/{a=*/x}');
    assert.equal(find('/v3/a/b/c'), '/v3/{rest=**}');
    assert.equal(find('/v4/a'), undefined);
  });
});

describe('hostile paths', () => {
  const find = (path: string) => transcoder.find('GET', path, undefined);

  test('no other spelling of a separator is one', () => {
    for (const path of [
      '/v1/projects/p/secrets/a/../b',
      '/v1/projects/p//secrets/a',
      '//v1/projects/p/secrets/a',
      '/v1/projects/p/secrets/a/',
      '/v1/projects/p/secrets/',
      '/v1/projects/p/secrets/a/versions/latest:access/',
      '/V1/projects/p/secrets/a',
      '/v1/projects/p/Secrets/a',
      '/v1/projects%2Fp/secrets/a',
      '/v1/projects/p/secrets%2Fa',
      '/v1/projects/p/secrets/%zz',
      '/v1/projects/p/secrets/%c0%ae',
      'v1/projects/p/secrets/a',
      '',
      '/',
    ]) {
      assert.equal(find(path), undefined, path);
    }
  });

  test('a segment is decoded once, and its slash stays encoded', () => {
    for (const [path, name] of [
      ['/v1/projects/p/secrets/%2e%2e', 'projects/p/secrets/..'],
      ['/v1/projects/p/secrets/a%2fb', 'projects/p/secrets/a%2Fb'],
      ['/v1/projects/p/secrets/a%252fb', 'projects/p/secrets/a%2fb'],
      ['/v1/projects/p/secrets/a;x', 'projects/p/secrets/a;x'],
      ['/v1/projects/p/secrets/a%5Cb', 'projects/p/secrets/a\\b'],
      ['/v1/projects/p/secrets/a%3Aaccess', 'projects/p/secrets/a:access'],
    ] as const) {
      assert.deepEqual(find(path)?.values, [name], path);
    }
  });

  test('whatever the path, what is found has as many segments as were sent', () => {
    const piece = fc.oneof(
      fc.constantFrom('v1', 'v3', 'projects', 'p', 'secrets', 'a', 'versions', '1', '..', '%2e', '%2f', '', ':access'),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE'),
        fc.array(piece, { maxLength: 9 }),
        (verb, parts) => {
          const path = `/${parts.join('/')}`;
          const found = transcoder.find(verb, path, undefined);
          if (found === undefined) return;
          const segments = path.slice(1).split('/');
          const value = found.values[0];
          assert.ok(!segments.includes(''));
          if (value !== undefined) assert.ok(value.split('/').length <= segments.length - 1, path);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
