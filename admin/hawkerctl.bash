# SPDX-License-Identifier: Apache-2.0
# Completion for bash(1).
_hawkerctl()
{
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
        local options='--help --instance --json --session --version --wait'
        local verbs='reload restart status test-config'

        case $before in
        -i | --instance)
                mapfile -t COMPREPLY < <(compgen -W "$(systemctl list-units --all --plain --no-legend \
                        'hawker@*.service' 2>/dev/null | sed 's/^hawker@\(.*\)\.service .*/\1/')" -- "$word")
                return
                ;;
        test-config)
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
                return
                ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options $verbs" -- "$word")
}
complete -F _hawkerctl hawkerctl
