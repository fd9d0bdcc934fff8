// The helper that stays in a child's mount namespace when files are followed: it alone may still change what is mounted
// there. It waits on descriptor 3 for the number of a file and its new payload (setup-channel.ts), and ends with it.
// A file in a memory file system is replaced by renaming over it. One that is mounted over another file cannot be: there
// two mounts lie on each other, both with the value. The lower one, which nobody sees, is given the new value first;
// then the upper one is taken away and a new file mounted in its place. At no moment does the path show less than one
// whole value, and however often it happens, two mounts it stays. See mount(8), umount(8).

import { dirname, join } from 'node:path';
import { shellQuote } from './command.ts';
import type { MountPlan, SecretFile } from './mount-plan.ts';

/** Shell code that reads one line of descriptor 3 and writes what it stands for to the file $1, mode 0444. */
export function putFunction(tools: { readonly mkdir: string; readonly base64: string }): string {
  return `
put() {
  IFS= read -r _coffer_line <&3 && { [ -d "\${1%/*}/" ] || ${tools.mkdir} -p "\${1%/*}/"; } && umask 222 &&
    printf %s "$_coffer_line" | ${tools.base64} -d >"$1"
  _coffer_result=$?; _coffer_line=; umask 022; return $_coffer_result
}
`;
}

/** The files that the helper can replace; a file's number is its place here. */
export function followedFiles(plan: MountPlan): SecretFile[] {
  return [...plan.covers, ...plan.written].filter(({ follows }) => follows);
}

/** Where a followed file of a fresh directory is written: the directory itself is read-only to the child. */
export function writableAlias(plan: MountPlan, staging: string, directory: string): string {
  return join(staging, `f${plan.fresh.indexOf(directory)}`);
}

/** The tools as words of a shell, quoted already. */
interface HelperTools {
  readonly mount: string;
  readonly umount: string;
  readonly base64: string;
  readonly mkdir: string;
  readonly cp: string;
  readonly mv: string;
  readonly rm: string;
}

/**
 * Shell code for the setup script: starts the helper, not as a child of the command, since a program may wait for all
 * the children it has, and with a command line of its own.
 */
export function helperScript(
  plan: MountPlan,
  staging: string,
  tools: HelperTools,
  shell: string,
  options: string,
): string {
  const cases = followedFiles(plan).map((file, index) => `${index}) ${replacement(plan, staging, file)} ;;`);
  const helper = `
trap '' HUP INT QUIT TERM TSTP
cd /
umask 022
${putFunction(tools)}
renew() { put "$1" && ${tools.mv} -f "$1" "$2"; }
swap() {
  put "$1.new" && ${tools.cp} "$1.new" "$1" && ${tools.umount} -n -l "$2" || return 1
  ${tools.mount} -n --bind "$1.new" "$2" && ${tools.mount} -n -o remount,bind,ro,${options} "$2" || exit 1
  ${tools.rm} -f "$1.new"
}
while IFS= read -r _coffer_at <&3; do
  case $_coffer_at in
  ${cases.join('\n  ')}
  *) false ;;
  esac
  if [ $? = 0 ]; then printf 'done\\n' >&4; else printf 'failed replace\\n' >&4; fi
done`;
  return `(
  _coffer_helper=${shellQuote(helper)}
  export _coffer_helper
  exec ${shell} -c 'eval "$_coffer_helper"' coffer-follow </dev/null >/dev/null 2>&1 5<&- 6>&- 7>&- &
)`;
}

function replacement(plan: MountPlan, staging: string, file: SecretFile): string {
  const cover = plan.covers.indexOf(file);
  if (cover >= 0) return `swap ${shellQuote(join(staging, String(cover)))} ${shellQuote(file.path)}`;
  const under = plan.written.find(({ path }) => path === file.path)?.under as string;
  const live = plan.fresh.includes(under)
    ? join(writableAlias(plan, staging, under), file.path.slice(under.length))
    : file.path;
  return `renew ${shellQuote(join(dirname(live), '.coffer-next'))} ${shellQuote(live)}`;
}
