// Audit records of committed changes that are not in a segment yet, how far the segments of each stream reach, and where
// those that were pruned begin.

// A row of `audit_pending` holds the records of one commit.
export const AUDIT_INSERT = 'INSERT INTO audit_pending (id, record) VALUES (?, ?)';
export const AUDIT_PENDING = 'SELECT id, record, ordinal FROM audit_pending ORDER BY ordinal LIMIT ?';
export const AUDIT_ROW_SELECT = 'SELECT id, record FROM audit_pending WHERE ordinal = ?';
export const AUDIT_ROW_UPDATE = 'UPDATE audit_pending SET id = ?, record = ? WHERE ordinal = ?';
export const AUDIT_SETTLE = 'DELETE FROM audit_pending WHERE ordinal BETWEEN ? AND ?';

export const MARKS_SELECT =
  'SELECT stream, segment, sequence, length_bytes, head, streams, mac FROM audit_marks ORDER BY stream';
export const MARK_UPSERT = `INSERT INTO audit_marks (stream, segment, sequence, length_bytes, head, streams, mac)
  VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (stream) DO UPDATE SET segment = excluded.segment, sequence = excluded.sequence,
    length_bytes = excluded.length_bytes, head = excluded.head, streams = excluded.streams, mac = excluded.mac`;

export const ANCHORS_SELECT = 'SELECT stream, segment, sequence, head, mac FROM audit_anchors ORDER BY stream';
export const ANCHOR_UPSERT = `INSERT INTO audit_anchors (stream, segment, sequence, head, mac)
  VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (stream) DO UPDATE SET segment = excluded.segment, sequence = excluded.sequence, head = excluded.head,
    mac = excluded.mac
  WHERE excluded.segment > audit_anchors.segment`;
