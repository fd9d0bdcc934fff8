// `coffer run`: a local Cloud Run. The child gets a service account's identity, the host names of the cloud led to this
// Coffer server, a CA bundle, and the secrets it was promised as variables and files; files follow what is current; what
// it prints is masked. All of it dies with the child: tokens are revoked, ports closed, files removed. `run` reaches the
// server through the client only, and the child never sees the credential that `run` itself uses.

import { ApiError, Client, type Connection } from '../client/client.ts';
import { canTellOwners } from '../client/socket-owner.ts';
import { ownedTarget } from '../proxy/connect.ts';
import { readUpstream } from '../proxy/upstream.ts';
import { type Account, explainRefusedAccount, findAccount } from './account.ts';
import { AccountClient } from './account-client.ts';
import { awsIdentity } from './aws/identity.ts';
import { AwsSessions } from './aws/sessions.ts';
import { azureIdentity } from './azure/identity.ts';
import { type Binding, parseBindings, type SecretReference } from './bindings.ts';
import { makeClientSecret } from './client-secret.ts';
import { assertExecutable } from './command.ts';
import { childEnvironment } from './environment.ts';
import { complain, RunFailure, warn } from './failure.ts';
import { Following, isFollowed, type OnChange, warnOfShort } from './following.ts';
import { makeGuard } from './guard.ts';
import { hookSource } from './hook-source.ts';
import { startHostPort } from './host-port.ts';
import { type Host, isLed, parseHosts } from './hosts.ts';
import { IdTokenSource } from './id-token-source.ts';
import type { Identity, IdentityContext } from './identity.ts';
import type { Launched } from './launch.ts';
import { LivePatterns } from './live-patterns.ts';
import { googleIdentity } from './metadata-server.ts';
import { NarrowTokens } from './narrow-tokens.ts';
import { Placement } from './placement.ts';
import { startProxy, startTlsPort } from './proxy.ts';
import { makeRunDirectory, type RunDirectory } from './run-directory.ts';
import { accessVersion, assignValues, type GivenSecrets, readValues } from './secret-values.ts';
import { Interrupted, SignalRelay } from './signals.ts';
import { Supervisor } from './supervisor.ts';
import { TokenSource } from './token-source.ts';
import { trustBundle } from './trust-bundle.ts';
import { warnOfUserCredentials } from './user-credentials.ts';
import { vaultIdentity } from './vault-identity.ts';
import { makeVaultToken } from './vault-token.ts';
import { workloadOf } from './workload.ts';

export interface RunOptions {
  /** Email of the account to run as; the project's default compute account where absent. */
  readonly serviceAccount?: string;
  readonly project: string;
  /** Raw values of --set-secrets. */
  readonly setSecrets: readonly string[];
  /** Raw values of --host: names that lead to the server too. */
  readonly hosts?: readonly string[];
  readonly noMask: boolean;
  /** What happens after secrets that are followed have changed. */
  readonly onChange: OnChange;
  readonly command: readonly string[];
  /** What its reads are known by; the name of the command where absent. */
  readonly workload?: string;
}

/** A child, and what can be done with it over the length of the run. */
interface Started {
  readonly child: Launched;
  readonly following: Following;
  startAgain(): Promise<Launched>;
}

/** Every cloud whose identity a child is given. */
const IDENTITIES: readonly Identity[] = [googleIdentity, awsIdentity, azureIdentity, vaultIdentity];

/**
 * Runs the command and gives its exit code; 128 + n where signal n ended it, 126 or 127 where it cannot be executed or
 * found. What goes wrong before it starts is one line on stderr and 1.
 */
export async function run(options: RunOptions, connection: Connection): Promise<number> {
  const relay = new SignalRelay();
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => relay.stop());
  try {
    const starting = start(options, connection, cleanup, relay);
    // When a signal wins, what the preparation still fails at no longer matters, and what it starts must not live.
    starting.then(
      ({ child }) => relay.isInterrupted && child.kill(),
      () => {},
    );
    const { child, following, startAgain } = await Promise.race([starting, relay.interrupted]);
    const supervisor = new Supervisor(child, startAgain, relay);
    const follower = following.begin(supervisor);
    own(cleanup, () => follower?.stop());
    return await supervisor.finished;
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
): Promise<Started> {
  const [command] = options.command;
  if (command === undefined) throw new RunFailure("no command: expected 'coffer run [flags] -- COMMAND ...'");
  assertExecutable(command, process.env);
  const bindings = parseBindings(options.setSecrets, options.project);
  const hosts = parseHosts(options.hosts ?? []);
  const client = new Client(connection);
  own(cleanup, () => client.close());
  const [guard, account, authority] = await Promise.all([
    makeGuard(process.env),
    findAccount(client, options.project, options.serviceAccount),
    readAuthority(client),
  ]);
  const workload = workloadOf(options.workload, command);
  const tokens = new TokenSource(client, connection, { email: account.email, workload });
  own(cleanup, () => tokens.revokeAll());
  await tokens.token().catch((error: unknown) => {
    throw explainRefusedAccount(error, account.email, account.projectId) ?? error;
  });
  const reader = new AccountClient(connection, tokens);
  own(cleanup, () => reader.close());
  const { email } = account;
  const values = await readValues(await reader.client(), bindings, { email, project: options.project });
  const secrets = assignValues(bindings, values);
  const directory = makeRunDirectory(process.env);
  own(cleanup, () => directory.remove());
  const idTokens = new IdTokenSource(client, email);
  const narrow = new NarrowTokens(reader, tokens);
  const aws = new AwsSessions(client, connection, { email, workload });
  own(cleanup, () => aws.stop());
  const credentials: Credentials = {
    token: () => tokens.token(),
    idToken: (audience) => idTokens.token(audience),
    audienceToken: (audience) => narrow.token(audience),
    clientSecret: () => makeClientSecret(client, email, workload),
    awsSession: () => aws.session(),
    vaultToken: () => makeVaultToken(client, connection, { email, workload }, account.projectId),
  };
  const common = { command, connection, hosts, account, credentials, authority, directory, cleanup };
  const env = await prepareEnvironment({ ...common, secrets });
  const patterns = options.noMask ? undefined : maskPatterns(secrets, bindings, options.onChange);
  const placement = new Placement({
    command: options.command,
    guard,
    patterns,
    files: bindings.flatMap((binding) =>
      binding.kind === 'file' ? [{ path: binding.path, follows: isFollowed(binding, options.onChange) }] : [],
    ),
    payloads: new Map(secrets.files.map(({ path, payload }) => [path, payload])),
    directory,
    own: (stop) => own(cleanup, stop),
    assertQuiet: () => relay.assertQuiet(),
  });
  const read = async (reference: SecretReference) => accessVersion(await reader.client(), reference);
  const following = new Following({ bindings, onChange: options.onChange, values, placement, patterns, read });
  const startAgain = () => placement.start({ ...env, ...following.variables });
  return { child: await placement.start(env), following, startAgain };
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

type Credentials = Pick<
  IdentityContext,
  'token' | 'idToken' | 'audienceToken' | 'clientSecret' | 'vaultToken' | 'awsSession'
>;

interface Preparation {
  readonly command: string;
  readonly hosts: readonly Host[];
  readonly connection: Connection;
  readonly account: Account;
  readonly credentials: Credentials;
  readonly authority: string;
  readonly secrets: GivenSecrets;
  readonly directory: RunDirectory;
  readonly cleanup: AsyncDisposableStack;
}

async function prepareEnvironment(parts: Preparation): Promise<Record<string, string>> {
  const { account, connection, credentials, directory, cleanup, hosts } = parts;
  const target = targetOf(connection);
  const hostPort = hosts.length === 0 ? undefined : await startHostPort(hosts, connection, target);
  own(cleanup, () => hostPort?.stop());
  const led = hostPort === undefined ? undefined : { hosts, port: hostPort.port };
  const owned = ownedTarget(() => target);
  const proxy = await startProxy({
    target: (host, port) =>
      led !== undefined && isLed(hosts, host, port) ? { host: '127.0.0.1', port: led.port } : owned(host, port),
    route: readUpstream(process.env),
  });
  own(cleanup, () => proxy.stop());
  const tlsPort = await startTlsPort(target);
  own(cleanup, () => tlsPort.stop());
  const identities: Record<string, string> = {};
  for (const identity of IDENTITIES) {
    if (identity.replacedBy !== undefined && identity.replacedBy in parts.secrets.variables) continue;
    const running = await identity.start({
      ...{ address: connection.address, directory, userEnv: process.env },
      ...account,
      ...credentials,
    });
    own(cleanup, () => running.stop());
    Object.assign(identities, running.env);
  }
  if (!canTellOwners)
    warn(
      'this system does not tell whose connection is whose: other users of this machine can reach the metadata port',
    );
  warnOfUserCredentials(process.env);
  const { all, extra } = trustBundle(process.env, parts.authority, connection.ca, hostPort?.certificate);
  return childEnvironment(process.env, {
    hosts,
    project: account.projectId,
    command: parts.command,
    proxyUrl: proxy.url,
    caPath: directory.write('ca.pem', extra),
    bundlePath: directory.write('bundle.pem', all),
    hookPath: directory.write('hook.cjs', hookSource(tlsPort.port, led)),
    gcloudConfigPath: directory.directory('gcloud'),
    identities,
    secrets: parts.secrets.variables,
  });
}

/** What is masked; undefined where there is nothing, and nothing can come. Says once which values are too short. */
function maskPatterns(
  secrets: GivenSecrets,
  bindings: readonly Binding[],
  onChange: OnChange,
): LivePatterns | undefined {
  warnOfShort(secrets);
  const patterns = new LivePatterns(secrets.given.map(({ payload }) => payload));
  const mayChange = bindings.some((binding) => isFollowed(binding, onChange));
  return patterns.isEmpty && !mayChange ? undefined : patterns;
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
