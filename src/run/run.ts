// `coffer run`: a local Cloud Run. The child gets a service account's identity, the host names of the cloud led to this
// Coffer server, a CA bundle, and the secrets it was promised as variables and files; what it prints is masked. All of
// it dies with the child: tokens are revoked, ports closed, files removed. `run` reaches the server through the client
// only, and the child never sees the credential that `run` itself uses.

import { ApiError, Client, type Connection } from '../client/client.ts';
import { canTellOwners } from '../client/socket-owner.ts';
import { type Account, explainRefusedAccount, findAccount } from './account.ts';
import { parseBindings } from './bindings.ts';
import { assertExecutable } from './command.ts';
import { childEnvironment } from './environment.ts';
import { complain, RunFailure, warn } from './failure.ts';
import { type Guard, makeGuard } from './guard.ts';
import { hookSource } from './hook-source.ts';
import type { Identity } from './identity.ts';
import { type Launched, launch } from './launch.ts';
import { formsOf, isTooShort } from './mask-forms.ts';
import { googleIdentity } from './metadata-server.ts';
import { planMounts, type SecretFile, Unplaceable } from './mount-plan.ts';
import { namespaces } from './mount-script.ts';
import { PatternSet } from './pattern-set.ts';
import { placePrivately } from './private-directory.ts';
import { startProxy, startTlsPort } from './proxy.ts';
import { makeRunDirectory, type RunDirectory } from './run-directory.ts';
import { type ResolvedSecrets, resolveSecrets } from './secret-values.ts';
import { Interrupted, SignalRelay } from './signals.ts';
import { TokenSource } from './token-source.ts';
import { trustBundle } from './trust-bundle.ts';
import { readUpstream } from './upstream.ts';
import { warnOfUserCredentials } from './user-credentials.ts';

export interface RunOptions {
  /** Email of the account to run as; the project's default compute account where absent. */
  readonly serviceAccount?: string;
  readonly project: string;
  /** Raw values of --set-secrets. */
  readonly setSecrets: readonly string[];
  readonly noMask: boolean;
  readonly command: readonly string[];
}

/** Every cloud whose identity a child is given. */
const IDENTITIES: readonly Identity[] = [googleIdentity];

/**
 * Runs the command and gives its exit code; 128 + n where signal n ended it, 126 or 127 where it cannot be executed or
 * found. What goes wrong before it starts is one line on stderr and 1.
 */
export async function run(options: RunOptions, connection: Connection): Promise<number> {
  const relay = new SignalRelay();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => relay.stop());
  try {
    const started = start(options, connection, cleanup, relay);
    // When a signal wins, what the preparation still fails at no longer matters, and what it starts must not live.
    started.then(
      (late) => relay.isInterrupted && late.kill(),
      () => {},
    );
    const launched = await Promise.race([started, relay.interrupted]);
    relay.passTo(() => launched.pid(), launched.onTerminal);
    return await launched.finished;
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    complain(
      error instanceof ApiError
        ? `${error.status}: ${error.message}`
        : error instanceof Error
          ? error.message
          : String(error),
    );
    return error instanceof RunFailure ? error.exitCode : 1;
  }
}

async function start(
  options: RunOptions,
  connection: Connection,
  cleanup: AsyncDisposableStack,
  relay: SignalRelay,
): Promise<Launched> {
  const [command] = options.command;
  if (command === undefined) throw new RunFailure("no command: expected 'coffer run [flags] -- COMMAND ...'");
  assertExecutable(command, process.env);
  const bindings = parseBindings(options.setSecrets, options.project);
  const client = new Client(connection);
  own(cleanup, () => client.close());
  const [guard, account, authority] = await Promise.all([
    makeGuard(process.env),
    findAccount(client, options.project, options.serviceAccount),
    readAuthority(client),
  ]);
  const tokens = new TokenSource(client, connection, account.email);
  own(cleanup, () => tokens.revokeAll());
  const { accessToken } = await tokens.token().catch((error: unknown) => {
    throw explainRefusedAccount(error, account.email, account.projectId) ?? error;
  });
  const secrets = await resolveSecrets(bindings, {
    connection: { ...connection, token: accessToken, owner: false },
    email: account.email,
    project: options.project,
  });
  const directory = makeRunDirectory(process.env);
  own(cleanup, () => directory.remove());
  const env = await prepareEnvironment({
    command,
    connection,
    account,
    tokens,
    authority,
    secrets,
    directory,
    cleanup,
  });
  const patterns = options.noMask ? undefined : maskPatterns(secrets);
  return launchWithFiles({ options, env, guard, patterns, files: secrets.files, directory, cleanup, relay });
}

/** Has `stop` called when the run ends; at once where it has ended already. A failure to tidy up is only told. */
function own(cleanup: AsyncDisposableStack, stop: () => void | Promise<void>): void {
  const quietly = async (): Promise<void> => {
    try {
      await stop();
    } catch (error) {
      warn(`could not tidy up: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  if (!cleanup.disposed) cleanup.defer(quietly);
  else void quietly();
}

interface Preparation {
  readonly command: string;
  readonly connection: Connection;
  readonly account: Account;
  readonly tokens: TokenSource;
  readonly authority: string;
  readonly secrets: ResolvedSecrets;
  readonly directory: RunDirectory;
  readonly cleanup: AsyncDisposableStack;
}

async function prepareEnvironment(parts: Preparation): Promise<Record<string, string>> {
  const { account, tokens, directory, cleanup } = parts;
  const target = targetOf(parts.connection);
  const proxy = await startProxy({ target, route: readUpstream(process.env) });
  own(cleanup, () => proxy.stop());
  const tlsPort = await startTlsPort(target);
  own(cleanup, () => tlsPort.stop());
  const identities: Record<string, string> = {};
  for (const identity of IDENTITIES) {
    const running = await identity.start({ ...account, token: () => tokens.token() });
    own(cleanup, () => running.stop());
    Object.assign(identities, running.env);
  }
  if (!canTellOwners)
    warn(
      'this system does not tell whose connection is whose: other users of this machine can reach the metadata port',
    );
  warnOfUserCredentials(process.env);
  const { all, extra } = trustBundle(process.env, parts.authority);
  return childEnvironment(process.env, {
    project: account.projectId,
    command: parts.command,
    proxyUrl: proxy.url,
    caPath: directory.write('ca.pem', extra),
    bundlePath: directory.write('bundle.pem', all),
    hookPath: directory.write('hook.cjs', hookSource(tlsPort.port)),
    gcloudConfigPath: directory.directory('gcloud'),
    identities,
    secrets: parts.secrets.variables,
  });
}

interface FileLaunch {
  readonly options: RunOptions;
  readonly env: Record<string, string>;
  readonly guard: Guard;
  readonly patterns: PatternSet | undefined;
  readonly files: readonly SecretFile[];
  readonly directory: RunDirectory;
  readonly cleanup: AsyncDisposableStack;
  readonly relay: SignalRelay;
}

/** Tries the ways to a private mount namespace, best first; where the kernel refuses all, the private directory. */
async function launchWithFiles(parts: FileLaunch): Promise<Launched> {
  const { env, guard, patterns, files, directory, cleanup, relay } = parts;
  const common = { command: parts.options.command, env, guard, patterns, directory: directory.path };
  if (files.length > 0) {
    const launched = await launchInNamespace(parts);
    if (launched !== undefined) return launched;
    const placed = placePrivately(files, directory);
    own(cleanup, () => placed.undo());
    Object.assign(env, placed.env);
  }
  relay.assertQuiet();
  return (await launch({ ...common, namespace: undefined })) as Launched;
}

async function launchInNamespace({
  options,
  env,
  guard,
  patterns,
  files,
  directory,
  cleanup,
  relay,
}: FileLaunch): Promise<Launched | undefined> {
  const workingDirectory = process.cwd();
  const common = { command: options.command, env, guard, patterns, directory: directory.path };
  let plan: ReturnType<typeof planMounts>;
  try {
    plan = planMounts(files, workingDirectory);
  } catch (error) {
    if (error instanceof Unplaceable) return undefined;
    throw error;
  }
  const staging = directory.directory('mounts');
  for (const namespace of namespaces({ plan, staging, workingDirectory, env })) {
    relay.assertQuiet();
    const launched = await launch({ ...common, namespace });
    if (launched !== undefined) {
      own(cleanup, () => plan.undo());
      return launched;
    }
  }
  plan.undo();
  return undefined;
}

/** The forms of all given values; undefined where there is nothing to mask. Says once which values are too short. */
function maskPatterns(secrets: ResolvedSecrets): PatternSet | undefined {
  const short = secrets.given.filter(({ payload }) => isTooShort(payload)).map(({ label }) => label);
  if (short.length > 0) warn(`values under 6 characters are not masked in the output: ${short.join(', ')}`);
  const forms = secrets.given.flatMap(({ payload }) => formsOf(payload));
  return forms.length > 0 ? new PatternSet(forms) : undefined;
}

async function readAuthority(client: Client): Promise<string> {
  const { certificate } = await client.request<{ certificate?: unknown }>('GET', '/coffer/v1/ca');
  if (typeof certificate !== 'string' || !certificate.includes('-----BEGIN CERTIFICATE-----')) {
    throw new RunFailure(
      "the server's answer to /coffer/v1/ca holds no certificate: is it a Coffer server of this version?",
    );
  }
  return certificate;
}

/** The Coffer server's own port: it speaks TLS there, whatever the scheme of its address. */
function targetOf(connection: Connection): { host: string; port: number } {
  const url = new URL(connection.address);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) };
}
