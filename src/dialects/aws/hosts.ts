// The names under which AWS serves what is served here: SERVICE.REGION.amazonaws.com, also its FIPS and dual-stack forms,
// and the global name of STS. Source: AWS General Reference, "Secrets Manager endpoints and quotas" and those of STS, KMS.

const HOST =
  /^(secretsmanager|kms|sts)(?:-fips)?\.([a-z]{2}(?:-[a-z]{2,12}){1,3}-\d{1,2})\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;
const GLOBAL_STS = 'sts.amazonaws.com';

/** True for a name that is one of these services'; `host` is lower case and without a port. */
export function ownsAwsHost(host: string): boolean {
  return host === GLOBAL_STS || (/\.(?:com|cn|aws)$/.test(host) && HOST.test(host));
}

/** The region that a name says; undefined for the server's own address, which serves every one. */
export function regionOfHost(host: string): string | undefined {
  return HOST.exec(host)?.[2];
}
