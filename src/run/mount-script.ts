// The mounts of a plan as a shell script, run inside a new mount namespace before the child's command takes its place.
// Payloads come in as base64 lines on descriptor 3, so they are in no argument, variable or file outside the child's own
// memory file systems. `failed` or `ready` goes out on descriptor 4. Descriptor 7 keeps the caller's stderr: what the
// tools say about a refusing kernel is not for the user. See mount(8), unshare(1), pivot_root(8).

import { join } from 'node:path';
import { chainShell, findTool, shellQuote } from './command.ts';
import type { MountPlan } from './mount-plan.ts';

const OPTIONS = 'nosuid,nodev';
const TMPFS_SIZE = '16m';
const TOOLS = ['unshare', 'mount', 'umount', 'pivot_root', 'base64', 'mkdir', 'rmdir', 'cp'] as const;
type Tools = Readonly<Record<(typeof TOOLS)[number], string>>;

export interface NamespaceOptions {
  readonly plan: MountPlan;
  /** An empty directory of the run, for the memory file systems in the making. */
  readonly staging: string;
  readonly workingDirectory: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Namespace {
  /** Puts the namespace in front of a command; `keepStatus` leaves descriptor 4 open for what comes next. */
  wrap(argv: readonly string[], keepStatus: boolean): string[];
  /** What descriptor 3 must bring. */
  readonly feed: string;
}

/** The ways to a private mount namespace here, the best first; none where the tools are missing. */
export function namespaces(options: NamespaceOptions): Namespace[] {
  const tools = findTools(options.env);
  const uid = process.getuid?.();
  const gid = process.getgid?.();
  if (process.platform !== 'linux' || tools === undefined || uid === undefined || gid === undefined) return [];
  // Root keeps its own view of all users; others, and a root without the capability, need a user namespace around it.
  const asUser = namespace(options, tools, { uid, gid });
  return uid === 0 ? [namespace(options, tools, undefined), asUser] : [asUser];
}

function namespace(
  options: NamespaceOptions,
  tools: Tools,
  mapped: { uid: number; gid: number } | undefined,
): Namespace {
  const shell = [...chainShell(), '-c'];
  const script = mountScript(options, tools);
  const enter = mapped === undefined ? ['--mount'] : ['--user', '--map-root-user', '--mount'];
  const quiet = 'exec 7>&2 2>/dev/null; exec "$@"';
  return {
    feed: payloadsOf(options.plan)
      .map((payload) => `${Buffer.from(payload).toString('base64')}\n`)
      .join(''),
    wrap: (argv, keepStatus) => {
      const ready = `printf 'ready\\n' >&4; exec 3<&- 2>&7 7>&-${keepStatus ? '' : ' 4>&-'}; exec "$@"`;
      const entered = [...shell, quiet, 'coffer-run', tools.unshare, ...enter, '--', ...shell];
      if (mapped === undefined || mapped.uid === 0) return [...entered, script + ready, 'coffer-run', ...argv];
      // Mounting needs uid 0 of the user namespace; a second one gives the child back the uid that it was started with,
      // and with it takes away the power to undo the mounts.
      const back = [tools.unshare, '--user', `--map-user=${mapped.uid}`, `--map-group=${mapped.gid}`, '--'];
      return [...entered, `${script}exec "$@"`, 'coffer-run', ...back, ...shell, ready, 'coffer-run', ...argv];
    },
  };
}

/** In the order in which the script takes them. */
function payloadsOf(plan: MountPlan): Uint8Array[] {
  return [...plan.covers, ...freshOrder(plan), ...mirrorOrder(plan)].map(({ payload }) => payload);
}

function mountScript({ plan, staging, workingDirectory }: NamespaceOptions, tools: Tools): string {
  const lines = [prologue(tools), `tmpfs 0700 ${shellQuote(staging)} || fail staging`];
  plan.covers.forEach(({ path }, index) => {
    const source = shellQuote(join(staging, String(index)));
    lines.push(`cover ${source} ${shellQuote(path)} || fail cover`);
  });
  for (const directory of plan.fresh) lines.push(`tmpfs 0755 ${shellQuote(directory)} || fail tmpfs`);
  for (const { path } of freshOrder(plan)) lines.push(`put ${shellQuote(path)} || fail write`);
  for (const directory of plan.fresh)
    lines.push(`${shellQuote(tools.mount)} -n -o remount,ro,${OPTIONS} ${shellQuote(directory)}`);
  // A mirror of / or /dev must not copy the mounts in the making.
  lines.push(`${shellQuote(tools.mount)} -n --make-unbindable ${shellQuote(staging)} || fail staging`);
  deepestFirst(plan).forEach(({ path, mode }, index) => {
    const stage = join(staging, `m${index}`);
    lines.push(
      `mirror ${shellQuote(path === '/' ? '' : path)} ${shellQuote(stage)} 0${mode.toString(8)} || fail mirror`,
    );
    for (const file of plan.written.filter(({ under }) => under === path)) {
      lines.push(`put ${shellQuote(join(stage, file.path.slice(path === '/' ? 0 : path.length)))} || fail write`);
    }
    lines.push(
      path === '/'
        ? `become ${shellQuote(stage)} || fail root`
        : `move ${shellQuote(stage)} ${shellQuote(path)} || fail move`,
    );
  });
  if (!plan.mirrors.some(({ path }) => path === '/'))
    lines.push(`${shellQuote(tools.umount)} -n -l ${shellQuote(staging)}`);
  lines.push(`cd ${shellQuote(workingDirectory)} || fail directory`, 'umask "$_coffer_mask"', '');
  return lines.join('\n');
}

function freshOrder(plan: MountPlan): MountPlan['written'] {
  return plan.written.filter(({ under }) => plan.fresh.includes(under));
}

/** Deeper directories first: a mirror of / leads through what was mounted below it before. */
function deepestFirst(plan: MountPlan): MountPlan['mirrors'] {
  return plan.mirrors.toSorted((one, other) => other.path.length - one.path.length);
}

function mirrorOrder(plan: MountPlan): MountPlan['written'] {
  return deepestFirst(plan).flatMap(({ path }) => plan.written.filter(({ under }) => under === path));
}

/** Files are 0444 as on Cloud Run: only the child's namespace sees them, and it may run as several users. */
function prologue(tools: Tools): string {
  const { mount, umount, pivot_root, base64, mkdir, rmdir, cp } = Object.fromEntries(
    Object.entries(tools).map(([name, path]) => [name, shellQuote(path)]),
  ) as Tools;
  return `
_coffer_mask=$(umask)
umask 022
fail() { printf 'failed %s\\n' "$1" >&4; exit 125; }
tmpfs() {
  ${mount} -n -t tmpfs -o size=${TMPFS_SIZE},mode=$1,${OPTIONS},noswap coffer "$2" ||
    ${mount} -n -t tmpfs -o size=${TMPFS_SIZE},mode=$1,${OPTIONS} coffer "$2"
}
put() {
  ${mkdir} -p "\${1%/*}/" && umask 222 && IFS= read -r _coffer_line <&3 && printf %s "$_coffer_line" | ${base64} -d >"$1"
  _coffer_result=$?; _coffer_line=; umask 022; return $_coffer_result
}
cover() {
  put "$1" && ${mount} -n --bind "$1" "$2" && ${mount} -n -o remount,bind,ro,${OPTIONS} "$2"
}
mirror() {
  ${mkdir} "$2" && tmpfs "$3" "$2" || return 1
  for _coffer_entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    _coffer_name=\${_coffer_entry##*/}
    if [ -L "$_coffer_entry" ]; then ${cp} -P "$_coffer_entry" "$2/$_coffer_name"
    elif [ -d "$_coffer_entry" ]; then ${mkdir} "$2/$_coffer_name" && ${mount} -n --rbind "$_coffer_entry" "$2/$_coffer_name"
    elif [ -e "$_coffer_entry" ]; then : >"$2/$_coffer_name" && ${mount} -n --bind "$_coffer_entry" "$2/$_coffer_name"
    fi || return 1
  done
}
move() { ${mount} -n --move "$1" "$2"; }
become() {
  cd "$1" && ${mkdir} .coffer-old && ${pivot_root} . .coffer-old && cd / &&
    ${umount} -n -l /.coffer-old && ${rmdir} /.coffer-old
}
`;
}

function findTools(env: NodeJS.ProcessEnv): Tools | undefined {
  const found = TOOLS.map((name) => [name, findTool(name, env)] as const);
  return found.every(([, path]) => path !== undefined) ? (Object.fromEntries(found) as Tools) : undefined;
}
