# SPDX-License-Identifier: Apache-2.0
# Completion for bash(1).
_hawkerctl()
{
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
        local options='--help --instance --json --session --version --wait'
        local verbs='passwd reload restart status test-config'
        local passwd='--batch --create --delete --hash --help --rehash --stdin --verify'

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
        --hash | -H)
                mapfile -t COMPREPLY < <(compgen -W 'argon2id pbkdf2' -- "$word")
                return
                ;;
        esac
        if [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " == *' passwd '* ]]; then
                if [[ $word == -* ]]; then
                        mapfile -t COMPREPLY < <(compgen -W "$passwd" -- "$word")
                else
                        mapfile -t COMPREPLY < <(compgen -f -- "$word")
                fi
                return
        fi
        mapfile -t COMPREPLY < <(compgen -W "$options $verbs" -- "$word")
}
complete -F _hawkerctl hawkerctl
