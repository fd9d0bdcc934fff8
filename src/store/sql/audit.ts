// Audit records of committed changes that are not in a segment yet, and how far the segments reach.

export const AUDIT_INSERT = 'INSERT INTO audit_pending (id, record) VALUES (?, ?)';
export const AUDIT_PENDING = 'SELECT id, record, ordinal FROM audit_pending ORDER BY ordinal';
export const AUDIT_SETTLE = 'DELETE FROM audit_pending WHERE ordinal = ?';

export const MARK_SELECT = 'SELECT segment, sequence, length_bytes, head, mac FROM audit_mark WHERE id = 1';
export const MARK_UPSERT = `INSERT INTO audit_mark (id, segment, sequence, length_bytes, head, mac)
  VALUES (1, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET segment = excluded.segment, sequence = excluded.sequence,
    length_bytes = excluded.length_bytes, head = excluded.head, mac = excluded.mac`;
