# Head of backward.sh: runs all there is to run, whatever is refused. $LAST: number of the last step that was begun.
. /run/fabric/txn/lib.sh
. /run/fabric/txn/steps.sh
run_ip() { ip -force -batch $C; }
run_bridge() { bridge -force -batch $C; }
run_sysctl() {
    while read -r line; do
        # shellcheck disable=SC2086
        sysctl -q -w $line
    done <$C
}
run_vtysh() { vtysh -f $C; }
commands() {
    [ "$1" -le "$LAST" ] || { cat >/dev/null; return 0; }
    cat >$C
    "run_$2"
}
