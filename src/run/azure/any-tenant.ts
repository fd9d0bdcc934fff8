// What keeps a vault's challenge from naming another tenant than the one that the environment has.

/**
 * So that one tenant serves every vault, by whichever name it is reached: of Python and Node, which then never look at the
 * tenant that a challenge names, and of Go, which may ask any. Source: azure-identity's and azidentity's environment.
 */
export const ANY_TENANT: Readonly<Record<string, string>> = {
  AZURE_IDENTITY_DISABLE_MULTITENANTAUTH: '1',
  AZURE_ADDITIONALLY_ALLOWED_TENANTS: '*',
};
