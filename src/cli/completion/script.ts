// `coffer completion bash|zsh|fish`: a script that asks `coffer __complete` what the word under the cursor could become.
// Where nothing of Coffer's fits, the shell offers files.

import type { Context } from '../context.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** The word is taken from the line itself: bash would split it at `=` and `:`, and replaces what follows them only. */
const BASH = `_coffer() {
  local line="\${COMP_LINE:0:COMP_POINT}" words cur entry
  IFS=$' \\t\\n' read -r -a words <<< "$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  cur="\${words[\${#words[@]}-1]}"
  COMPREPLY=()
  while IFS=$'\\t' read -r entry _; do
    case "$cur" in *=*) entry="\${entry#*=}" ;; esac
    COMPREPLY+=("$entry")
  done < <("\${1/#\\~/$HOME}" __complete "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _coffer coffer
`;

const ZSH = `#compdef coffer
_coffer() {
  local -a proposals
  local line tab=$'\\t'
  for line in "\${(@f)$(\${(Q)words[1]} __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && proposals+=("\${\${line%%\${tab}*}//:/\\\\:}:\${line#*\${tab}}")
  done
  if (( $#proposals )); then
    _describe coffer proposals
  else
    compset -P '--*='
    _files
  fi
}
if [[ $funcstack[1] == _coffer ]]; then _coffer "$@"; else compdef _coffer coffer; fi
`;

const FISH = `function __coffer_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l proposals ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
  if test (count $proposals) -gt 0
    printf '%s\\n' $proposals
  else
    __fish_complete_path "$current"
  end
end
complete -c coffer -f -a '(__coffer_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export function printCompletion(this: Context, _flags: object, shell: Shell): void {
  this.out.result(SCRIPTS[shell]);
}
