# Head of forward.sh.
. /run/fabric/txn/lib.sh
. /run/fabric/txn/steps.sh
flush() {
    [ -s $C ] || return 0
    echo "$step" >$T/progress
    "run_$tool" || { echo "$tool $(cat $O.command)" >$T/refused; cat $O >>$T/refused; exit 1; }
    : >$C
}
# Commands that clear away what somebody else left; a refusal does not matter.
attempt() {
    flush
    cat >$C
    echo "$1" >$T/progress
    case $2 in
    vtysh) vtysh -f $C ;;
    *) "$2" -force -batch $C ;;
    esac >$O 2>&1
    : >$C
}
