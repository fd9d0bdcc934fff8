// The mounts of a plan as a shell script, run inside a new mount namespace before the child's command takes its place.
// Payloads come in as base64 lines on descriptor 3, so they are in no argument, variable or file outside the child's own
// memory file systems. `failed` or `ready` goes out on descriptor 4. Descriptor 7 keeps the caller's stderr: what the
// tools say about a refusing kernel is not for the user. Where files are followed, a helper stays behind, and with it
// the memory file system that its new files begin in. See mount(8), unshare(1), pivot_root(8).

import { join } from 'node:path';
import { chainShell, findTool, shellQuote } from './command.ts';
import { followedFiles, helperScript, putFunction, writableAlias } from './follow-script.ts';
import type { MountPlan } from './mount-plan.ts';

const OPTIONS = 'nosuid,nodev';
const TMPFS_SIZE = '16m';
const TOOLS = ['unshare', 'mount', 'umount', 'pivot_root', 'base64', 'mkdir', 'rmdir', 'cp', 'mv', 'rm'] as const;
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
  /** The files whose payloads descriptor 3 must bring, in this order. */
  readonly expects: readonly string[];
  /** The files that the helper replaces afterwards, under their numbers. */
  readonly followed: readonly string[];
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
    expects: [...options.plan.covers, ...freshOrder(options.plan), ...mirrorOrder(options.plan)].map(
      ({ path }) => path,
    ),
    followed: followedFiles(options.plan).map(({ path }) => path),
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

function mountScript({ plan, staging, workingDirectory }: NamespaceOptions, tools: Tools): string {
  const quoted = quotedTools(tools);
  const place = shellQuote(staging);
  const follows = followedFiles(plan).length > 0;
  const lines = [prologue(quoted), `tmpfs 0700 ${place} || fail staging`];
  plan.covers.forEach(({ path }, index) => {
    lines.push(`cover ${shellQuote(join(staging, String(index)))} ${shellQuote(path)} || fail cover`);
  });
  lines.push(...freshLines(plan, staging, quoted));
  // A mirror of / or /dev must not copy the mounts in the making.
  lines.push(`${quoted.mount} -n --make-unbindable ${place} || fail staging`);
  deepestFirst(plan).forEach(({ path, mode }, index) => {
    const stage = join(staging, `m${index}`);
    const from = shellQuote(path === '/' ? '' : path);
    lines.push(`mirror ${from} ${shellQuote(stage)} 0${mode.toString(8)} || fail mirror`);
    for (const file of plan.written.filter(({ under }) => under === path)) {
      lines.push(`put ${shellQuote(join(stage, file.path.slice(path === '/' ? 0 : path.length)))} || fail write`);
    }
    if (path !== '/') lines.push(`move ${shellQuote(stage)} ${shellQuote(path)} || fail move`);
    else lines.push(`become ${shellQuote(stage)} ${follows ? place : ''} || fail root`);
  });
  const isRootGone = plan.mirrors.some(({ path }) => path === '/');
  if (follows) lines.push(...followLines(plan, staging, quoted));
  else if (!isRootGone) lines.push(`${quoted.umount} -n -l ${place}`);
  lines.push(`cd ${shellQuote(workingDirectory)} || fail directory`, 'umask "$_coffer_mask"', '');
  return lines.join('\n');
}

function freshLines(plan: MountPlan, staging: string, tools: Tools): string[] {
  const lines = plan.fresh.map((directory) => `tmpfs 0755 ${shellQuote(directory)} || fail tmpfs`);
  lines.push(...freshOrder(plan).map(({ path }) => `put ${shellQuote(path)} || fail write`));
  for (const directory of plan.fresh) {
    const place = shellQuote(directory);
    const isFollowed = plan.written.some(({ under, follows }) => under === directory && follows);
    if (isFollowed) {
      const alias = shellQuote(writableAlias(plan, staging, directory));
      lines.push(`{ ${tools.mkdir} ${alias} && ${tools.mount} -n --bind ${place} ${alias}; } || fail alias`);
    }
    // Read-only is this mount, or the file system as a whole.
    lines.push(`${tools.mount} -n -o remount,${isFollowed ? 'bind,' : ''}ro,${OPTIONS} ${place}`);
  }
  return lines;
}

/** Last, since a mirror takes along one mount of a covered file and not the second one. */
function followLines(plan: MountPlan, staging: string, tools: Tools): string[] {
  const lines = [`${tools.mount} -n --make-private ${shellQuote(staging)} || fail staging`];
  plan.covers.forEach(({ path, follows }, index) => {
    const source = shellQuote(join(staging, String(index)));
    if (follows) lines.push(`again ${source} ${shellQuote(path)} || fail cover`);
  });
  const shell = chainShell().map(shellQuote).join(' ');
  return [...lines, helperScript(plan, staging, tools, shell, OPTIONS)];
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

function quotedTools(tools: Tools): Tools {
  return Object.fromEntries(Object.entries(tools).map(([name, path]) => [name, shellQuote(path)])) as Tools;
}

/** Files are 0444 as on Cloud Run: only the child's namespace sees them, and it may run as several users. */
function prologue(tools: Tools): string {
  const { mount, umount, pivot_root, mkdir, rmdir, cp, rm } = tools;
  return `
_coffer_mask=$(umask)
umask 022
fail() { printf 'failed %s\\n' "$1" >&4; exit 125; }
tmpfs() {
  ${mount} -n -t tmpfs -o size=${TMPFS_SIZE},mode=$1,${OPTIONS},noswap coffer "$2" ||
    ${mount} -n -t tmpfs -o size=${TMPFS_SIZE},mode=$1,${OPTIONS} coffer "$2"
}
${putFunction(tools)}
cover() {
  put "$1" && ${mount} -n --bind "$1" "$2" && ${mount} -n -o remount,bind,ro,${OPTIONS} "$2"
}
again() {
  ${cp} "$1" "$1.new" && ${mount} -n --bind "$1.new" "$2" && ${mount} -n -o remount,bind,ro,${OPTIONS} "$2" &&
    ${rm} -f "$1.new"
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
    { [ -z "$2" ] || ${mount} -n --move "/.coffer-old$2" "$2"; } &&
    ${umount} -n -l /.coffer-old && ${rmdir} /.coffer-old
}
`;
}

function findTools(env: NodeJS.ProcessEnv): Tools | undefined {
  const found = TOOLS.map((name) => [name, findTool(name, env)] as const);
  return found.every(([, path]) => path !== undefined) ? (Object.fromEntries(found) as Tools) : undefined;
}
