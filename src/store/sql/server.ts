// The server's own policy, and the few values that are kept beside the data: wrapped root key, key id, CA.

export const SERVER_SELECT = 'SELECT policy FROM server WHERE id = 1';
export const SERVER_UPDATE = 'UPDATE server SET policy = ? WHERE id = 1';
export const SERVER_POLICIES = 'SELECT id, policy FROM server WHERE policy LIKE ?';
export const SERVER_POLICY_UPDATE = 'UPDATE server SET policy = ? WHERE id = ?';

export const META_SELECT = 'SELECT value FROM meta WHERE key = ?';
export const META_UPSERT =
  'INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
