// Audit devices: enabled, listed, disabled, and what they make of a value. They are the server's, so the root namespace
// alone has them. Nothing is ever written as it came: an option that asks for it is refused, as is one that would put
// other text into the file.
// Source: https://developer.hashicorp.com/vault/api-docs/system/audit

import { Fault } from '../../core/error.ts';
import {
  AUDIT_DEVICES_ID,
  AUDIT_DEVICES_MAX,
  type AuditDevice,
  auditDevices,
  problemOfFile,
} from '../../core/vault/audit-device.ts';
import { booleanField, type Data, invalid, mapField, textField } from './fields.ts';
import { mountPath } from './mounts.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';
import type { View } from './view.ts';

/** Options that may be given because they say what is done anyway. */
const SAID_ANYWAY: Readonly<Record<string, readonly string[]>> = {
  ...{ format: ['json', ''], log_raw: ['false', ''], hmac_accessor: ['true', ''], prefix: [''] },
  ...{ mode: ['0600', '600', ''], elide_list_responses: ['false', ''] },
};

const devicesOf = (view: View) => auditDevices(view.get(AUDIT_DEVICES_ID));
const pathOf = ({ params }: Pick<VaultCall, 'params'>) => mountPath(params['path'] ?? '');

const keep = (view: View, devices: readonly AuditDevice[]) => view.put({ id: AUDIT_DEVICES_ID, data: { devices } });

const shown = ({ path, description, options, local }: AuditDevice) => ({
  ...{ path, type: 'file', description, options, local },
});

function existing(call: VaultCall): AuditDevice {
  const path = pathOf(call);
  const found = devicesOf(call.view).find((each) => each.path === path);
  if (found === undefined) throw invalid('unknown audit backend');
  return found;
}

const list: Handler = ({ view }) => ({
  data: Object.fromEntries(devicesOf(view).map((device) => [device.path, shown(device)])),
});

/** The file that a device would write, and its options; throws for what is none that this server has. */
function settingsOf(data: Data): Pick<AuditDevice, 'file' | 'options'> {
  const type = textField(data, 'type') ?? '';
  if (type !== 'file') throw invalid(`unknown backend type: "${type.slice(0, 64)}"; this server has "file"`);
  const options = mapField(data, 'options') ?? {};
  const { file_path: named, path: old, ...others } = options;
  for (const [name, value] of Object.entries(others)) {
    if (!Object.hasOwn(SAID_ANYWAY, name) || !SAID_ANYWAY[name]?.includes(value)) {
      throw invalid(`the option "${name.slice(0, 64)}" is not supported with this value`);
    }
  }
  const file = named ?? old ?? '';
  if (file === '') throw invalid('file_path is required');
  const problem = problemOfFile(file);
  if (problem !== undefined) throw invalid(`file_path ${problem}`);
  return { file, options };
}

const enable: Handler = (call) => {
  const { view, data } = call;
  const settings = settingsOf(data);
  const path = pathOf(call);
  const devices = devicesOf(view);
  if (devices.some((each) => each.path === path)) throw invalid('path already in use');
  if (devices.some(({ file }) => file === settings.file)) throw invalid('another audit device writes this file');
  if (devices.length >= AUDIT_DEVICES_MAX)
    throw new Fault('LIMIT_REACHED', { what: 'audit devices', limit: AUDIT_DEVICES_MAX });
  const description = (textField(data, 'description') ?? '').slice(0, 1024);
  const local = booleanField(data, 'local') ?? false;
  keep(view, [...devices, { ...settings, path, uid: view.entropy.uid(), description, local }]);
  return {};
};

const disable: Handler = (call) => {
  const path = pathOf(call);
  const devices = devicesOf(call.view);
  if (devices.some((each) => each.path === path)) {
    keep(
      call.view,
      devices.filter((each) => each.path !== path),
    );
  }
  return {};
};

const hash: Handler = (call) => {
  const { uid } = existing(call);
  const input = textField(call.data, 'input');
  if (input === undefined) throw invalid('the "input" parameter is empty');
  return { data: {}, audits: { uid, input } };
};

export const AUDIT_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/audit', help: 'List the audit devices.', sudo: true, server: true, read: list },
  {
    path: 'sys/audit/*path',
    help: 'Enable an audit device, read it, or disable it.',
    ...{ sudo: true, server: true },
    // Where the file cannot be written nothing is enabled: every request would fail from then on.
    tries: ({ data }, files) => files.open(settingsOf(data).file),
    read: (call) => ({ data: shown(existing(call)) }),
    write: enable,
    delete: disable,
  },
  {
    path: 'sys/audit-hash/*path',
    help: 'What an audit device writes in the place of a value.',
    ...{ server: true, asks: true },
    write: hash,
  },
];
