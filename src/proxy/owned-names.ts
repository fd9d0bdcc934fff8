// The host names that a run serves instead of the cloud, service by service. Only these, and only on port 443, are led
// to Coffer; every other name passes through. A new dialect adds its names here.

interface OwnedService {
  /** First label of the name, under `googleapis.com`. */
  readonly service: string;
  /** Also served for one region, as SERVICE.REGION.rep.googleapis.com or as REGION-SERVICE.googleapis.com. */
  readonly regional?: 'rep' | 'prefix';
}

const SERVICES: readonly OwnedService[] = [
  { service: 'secretmanager', regional: 'rep' },
  { service: 'iamcredentials' },
  { service: 'sts' },
  { service: 'oauth2' },
  { service: 'cloudresourcemanager', regional: 'prefix' },
  { service: 'iam' },
];

export const OWNED_PORT = 443;

const names = (services: readonly OwnedService[]) => `(?:${services.map(({ service }) => service).join('|')})`;
const GLOBAL = names(SERVICES);
const REP = names(SERVICES.filter(({ regional }) => regional === 'rep'));
const PREFIX = names(SERVICES.filter(({ regional }) => regional === 'prefix'));
const REGION = '[a-z0-9-]{1,63}';

const GOOGLE = `(?:${GLOBAL}|${REP}\\.${REGION}\\.rep|${REGION}-${PREFIX})\\.googleapis\\.com`;
/** Vaults, and where their tokens come from; `login.windows.net` is what older libraries ask. */
const AZURE = '[a-z0-9-]{1,63}\\.vault\\.azure\\.net|login\\.microsoft(?:online)?\\.com|login\\.windows\\.net';

/** Source of a case-insensitive expression over a whole host name, for code that runs in the child. */
export const OWNED_PATTERN = `^(?:${GOOGLE}|${AZURE})\\.?$`;

const owned = new RegExp(OWNED_PATTERN, 'i');

/** True where `host` (a name, without a port) is served by Coffer during a run. */
export function ownsName(host: string): boolean {
  return owned.test(host);
}

/** Of the owned names. */
const PARENTS = ['googleapis.com', 'vault.azure.net', 'microsoftonline.com', 'microsoft.com', 'windows.net'];

/** True where a `no_proxy` entry such as `.googleapis.com`, `com` or `*` would take an owned name off the proxy. */
export function coversOwnedName(suffix: string): boolean {
  const bare = suffix
    .toLowerCase()
    .replace(/^\*?\.?/, '')
    .replace(/:\d+$/, '');
  if (bare === '' || ownsName(bare)) return true;
  if (PARENTS.some((parent) => parent.endsWith(bare))) return true;
  return /^(?:[a-z0-9-]+\.)?rep\.googleapis\.com$/.test(bare);
}
