#!/bin/bash
# Words of rollout, put where the line of its commands stands.
_rollout() {
  local command='' word words=''
  COMP_WORDBREAKS=${COMP_WORDBREAKS//=/}
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) command=$word; break ;; esac
  done
  case $command in
    #COMMANDS#
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _rollout rollout
