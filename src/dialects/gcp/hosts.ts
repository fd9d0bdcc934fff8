// The names under which Google serves the APIs of this dialect, and which services each has. The certificates that
// `coffer run` needs are made for these names and no other.

/** Every host of this dialect but the regional ones. */
export const GCP_HOSTS: readonly string[] = [
  'secretmanager.googleapis.com',
  'cloudresourcemanager.googleapis.com',
  'iam.googleapis.com',
  'iamcredentials.googleapis.com',
];

const REGIONAL = /^secretmanager\.[a-z]{2,20}(?:-[a-z0-9]{1,20}){1,3}\.rep\.googleapis\.com$/;

const SERVICES: Readonly<Record<string, readonly string[]>> = {
  'secretmanager.googleapis.com': [
    'google.cloud.secretmanager.v1.SecretManagerService',
    'google.cloud.location.Locations',
  ],
  'cloudresourcemanager.googleapis.com': ['google.cloud.resourcemanager.v3.Projects', 'google.longrunning.Operations'],
  'iam.googleapis.com': ['google.iam.admin.v1.IAM'],
  'iamcredentials.googleapis.com': ['google.iam.credentials.v1.IAMCredentials'],
};

function canonicalHost(host: string): string {
  return REGIONAL.test(host) ? 'secretmanager.googleapis.com' : host;
}

/** True for a name of Google's that this dialect answers for; `host` is lower case and without a port. */
export function ownsGcpHost(host: string): boolean {
  return Object.hasOwn(SERVICES, canonicalHost(host));
}

/** The services that a host has; undefined for the server's own address, which has all of them. */
export function servicesOf(host: string): readonly string[] | undefined {
  const name = canonicalHost(host);
  return Object.hasOwn(SERVICES, name) ? SERVICES[name] : undefined;
}

/** The host that Google names in the details of an error of this service. */
export function hostOfService(service: string): string {
  return GCP_HOSTS.find((host) => SERVICES[host]?.includes(service)) ?? 'googleapis.com';
}
