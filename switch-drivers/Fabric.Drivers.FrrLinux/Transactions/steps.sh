# Runs the commands of forward.sh and backward.sh, a block at a time: commands STEP PROGRAM <<'MARK' ... MARK
C=$T/commands
O=$T/output
: >$C

# Programs take a file of commands. Status 0 where all were taken; else the refused command is in $O.command, the answer in $O.
run_ip() { batch ip; }
run_bridge() { batch bridge; }
batch() {
    "$1" -batch $C >$O 2>&1 && return 0
    line=$(sed -n 's/^Command failed .*:\([0-9]*\)$/\1/p' $O | head -n 1)
    sed -n "${line:-1}p" $C >$O.command
    sed -i '/^Command failed /d' $O
    return 1
}
run_sysctl() {
    while read -r line; do
        # shellcheck disable=SC2086
        sysctl -q -w $line >$O 2>&1 || { echo "$line" >$O.command; return 1; }
    done <$C
}
# vtysh echoes prompt and command; every other word it says is a refusal, also where its exit status is 0.
run_vtysh() {
    vtysh -E -c "$(cat $C)" >$O.all 2>&1
    status=$?
    awk -v command=$O.command -v status=$status '
        NR == 1 && (at = index($0, "# configure terminal")) { host = substr($0, 1, at - 1) }
        host != "" && (index($0, host "# ") == 1 || index($0, host "(config") == 1) { if (said) exit; last = $0; sub(/^[^#]*# /, "", last); next }
        NF { said = 1; print }
        END { if (said || status != 0) print last >command; exit said || status != 0 }
        ' $O.all >$O
}
