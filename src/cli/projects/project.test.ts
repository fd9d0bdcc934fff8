import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projectV1 } from './project.ts';

test('a v3 project is shown with the fields of v1', () => {
  assert.deepEqual(
    projectV1({
      name: 'projects/415104041262',
      projectId: 'my-project',
      displayName: 'My project',
      state: 'ACTIVE',
      createTime: '2026-01-01T00:00:00Z',
      labels: { a: 'b' },
      parent: 'folders/7',
    }),
    {
      projectId: 'my-project',
      name: 'My project',
      projectNumber: '415104041262',
      lifecycleState: 'ACTIVE',
      createTime: '2026-01-01T00:00:00Z',
      labels: { a: 'b' },
      parent: { type: 'folder', id: '7' },
    },
  );
});
