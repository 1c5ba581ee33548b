# SPDX-License-Identifier: GPL-2.0-only
# Completion of the words of nat64ctl, for fish.

function __nat64ctl_complete
    set -l words (commandline -opc)
    set -l follow (nat64ctl-complete "$(commandline -ct)" $words[2..])
    if test "$follow" = FILE
        __fish_complete_path (commandline -ct)
        return
    end
    string join \n -- $follow
end

complete -c nat64ctl -f -a '(__nat64ctl_complete)'
