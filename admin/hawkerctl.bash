# SPDX-License-Identifier: Apache-2.0
# Completion for bash(1).
_hawkerctl()
{
        local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
        local options='--help --instance --json --session --version --wait'
        local verbs='acl-test ban bans client clients import kick listeners metrics passwd reload restart status store test-config unban'
        local passwd='--batch --create --delete --hash --help --rehash --stdin --verify'
        local acl_test='--acl --address --compat --config --help --listener'
        local clients='--address --help --json --listener --user'
        local metrics='--help --json --prometheus'
        local kick='--code --help --reason --without-will'
        local ban='--for --help --reason' kinds='address client user'
        local import='--config --help --into --json --partial'
        local store='--config --help --json --partial' works='backup check compact dump load'
        local own

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
                mapfile -t COMPREPLY < <(compgen -W 'argon2id pbkdf2 scram-sha-256 scram-sha-512' -- "$word")
                return
                ;;
        ban)
                mapfile -t COMPREPLY < <(compgen -W "$ban $kinds" -- "$word")
                return
                ;;
        store)
                mapfile -t COMPREPLY < <(compgen -W "$store $works" -- "$word")
                return
                ;;
        unban)
                mapfile -t COMPREPLY < <(compgen -W "--help $kinds" -- "$word")
                return
                ;;
        esac
        case " ${COMP_WORDS[*]:1:COMP_CWORD-1} " in
        *' passwd '*) own=$passwd ;;
        *' acl-test '*) own=$acl_test ;;
        *' import '*) own=$import ;;
        *' store '*) own=$store ;;
        *' ban '*) own=$ban ;;
        *' kick '*) own=$kick ;;
        *' clients '*) own=$clients ;;
        *' metrics '*) own=$metrics ;;
        *' unban '*) own=--help ;;
        esac
        if [[ $own && $word == -* ]]; then
                mapfile -t COMPREPLY < <(compgen -W "$own" -- "$word")
                return
        elif [[ $own ]]; then
                mapfile -t COMPREPLY < <(compgen -f -- "$word")
                return
        fi
        mapfile -t COMPREPLY < <(compgen -W "$options $verbs" -- "$word")
}
complete -F _hawkerctl hawkerctl
