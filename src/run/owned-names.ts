// The host names that a run serves instead of the cloud, service by service. Only these, and only on port 443, are led
// to Coffer; every other name passes through. A new dialect adds its names here.

interface OwnedService {
  /** First label of the name, under `googleapis.com`. */
  readonly service: string;
  /** Also served as SERVICE.REGION.rep.googleapis.com. */
  readonly regional: boolean;
}

const SERVICES: readonly OwnedService[] = [
  { service: 'secretmanager', regional: true },
  { service: 'iamcredentials', regional: false },
  { service: 'sts', regional: false },
  { service: 'oauth2', regional: false },
  { service: 'cloudresourcemanager', regional: false },
  { service: 'iam', regional: false },
];

export const OWNED_PORT = 443;

const GLOBAL = SERVICES.map(({ service }) => service).join('|');
const REGIONAL = SERVICES.filter(({ regional }) => regional)
  .map(({ service }) => service)
  .join('|');

/** Source of a case-insensitive expression over a whole host name, for code that runs in the child. */
export const OWNED_PATTERN = `^(?:${GLOBAL}|(?:${REGIONAL})\\.[a-z0-9-]{1,63}\\.rep)\\.googleapis\\.com\\.?$`;

const owned = new RegExp(OWNED_PATTERN, 'i');

/** True where `host` (a name, without a port) is served by Coffer during a run. */
export function ownsName(host: string): boolean {
  return owned.test(host);
}

/** True where a `no_proxy` entry such as `.googleapis.com`, `com` or `*` would take an owned name off the proxy. */
export function coversOwnedName(suffix: string): boolean {
  const bare = suffix
    .toLowerCase()
    .replace(/^\*?\.?/, '')
    .replace(/:\d+$/, '');
  if (bare === '' || ownsName(bare)) return true;
  return 'googleapis.com'.endsWith(bare) || /^(?:[a-z0-9-]+\.)?rep\.googleapis\.com$/.test(bare);
}
