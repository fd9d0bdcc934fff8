// The environment a test gives its children: the caller's own, without anything that could point a program at a
// real Coffer server or a real cloud.

const FOREIGN =
  /^(COFFER|CLOUDSDK|GOOGLE|GCE|GCP|K|AWS|XDG)_|^(https?|no|all)_proxy$|^NODE_(OPTIONS|EXTRA_CA_CERTS|TEST_CONTEXT)$/i;

/** The environment of this process without what names servers, credentials or proxies, then `extra` on top. */
export function cleanEnv(extra: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries({ ...process.env, ...extra })) {
    if (value !== undefined && (name in extra || !FOREIGN.test(name))) env[name] = value;
  }
  return env;
}
