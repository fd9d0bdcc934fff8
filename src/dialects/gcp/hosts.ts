// The names under which Google serves the APIs of this dialect, and which services each has. The certificates that
// `coffer run` needs are made for these names and no other.

const SECRETS = 'secretmanager.googleapis.com';

/** Every host of this dialect but the regional ones. */
export const GCP_HOSTS: readonly string[] = [
  SECRETS,
  'cloudresourcemanager.googleapis.com',
  'iam.googleapis.com',
  'iamcredentials.googleapis.com',
  'pubsub.googleapis.com',
];

const SERVICES: Readonly<Record<string, readonly string[]>> = {
  [SECRETS]: ['google.cloud.secretmanager.v1.SecretManagerService', 'google.cloud.location.Locations'],
  'cloudresourcemanager.googleapis.com': [
    'google.cloud.resourcemanager.v3.Projects',
    'google.cloud.resourcemanager.v3.TagKeys',
    'google.cloud.resourcemanager.v3.TagValues',
    'google.cloud.resourcemanager.v3.TagBindings',
    'google.longrunning.Operations',
  ],
  'iam.googleapis.com': ['google.iam.admin.v1.IAM'],
  'iamcredentials.googleapis.com': ['google.iam.credentials.v1.IAMCredentials'],
  // `coffer run` leaves this name to Google: a program may use the real Pub/Sub for its own messages.
  'pubsub.googleapis.com': ['google.pubsub.v1.Publisher', 'google.pubsub.v1.Subscriber'],
};

const REGION = '([a-z]{2,20}(?:-[a-z0-9]{1,20}){1,3})';

/** The hosts that each region has, and their services: Resource Manager's know the tags of regional secrets. */
const REGIONAL: readonly (readonly [form: RegExp, services: readonly string[]])[] = [
  [new RegExp(`^secretmanager\\.${REGION}\\.rep\\.googleapis\\.com$`), SERVICES[SECRETS] ?? []],
  [
    new RegExp(`^${REGION}-cloudresourcemanager\\.googleapis\\.com$`),
    ['google.cloud.resourcemanager.v3.TagBindings', 'google.longrunning.Operations'],
  ],
];

function regional(host: string): { readonly region: string; readonly services: readonly string[] } | undefined {
  // Asked several times of every request, of which few come by a name of Google's.
  if (!host.endsWith('.googleapis.com')) return undefined;
  for (const [form, services] of REGIONAL) {
    const region = form.exec(host)?.[1];
    if (region !== undefined) return { region, services };
  }
  return undefined;
}

/** True for a name of Google's that this dialect answers for; `host` is lower case and without a port. */
export function ownsGcpHost(host: string): boolean {
  return servicesOf(host) !== undefined;
}

/** The services that a host has; undefined for the server's own address, which has all of them. */
export function servicesOf(host: string): readonly string[] | undefined {
  return Object.hasOwn(SERVICES, host) ? SERVICES[host] : regional(host)?.services;
}

/**
 * The location whose secrets a host has: a region, or the empty text for the global ones. Undefined for the server's own
 * address, which has them all.
 */
export function locationOfHost(host: string): string | undefined {
  return Object.hasOwn(SERVICES, host) ? '' : regional(host)?.region;
}

/** The host that Google names in the details of an error of this service. */
export function hostOfService(service: string): string {
  return GCP_HOSTS.find((host) => SERVICES[host]?.includes(service)) ?? 'googleapis.com';
}
