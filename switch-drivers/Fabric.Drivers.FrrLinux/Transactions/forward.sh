# Head of forward.sh: stops at the first refused command.
. /run/fabric/txn/lib.sh
. /run/fabric/txn/steps.sh
commands() {
    cat >$C
    echo "$1" >$T/progress
    "run_$2" || { echo "$2 $(cat $O.command)" >$T/refused; cat $O >>$T/refused; exit 1; }
}
# Commands that clear away what somebody else left; a refusal does not matter.
attempt() {
    cat >$C
    echo "$1" >$T/progress
    case $2 in
    vtysh) vtysh -f $C ;;
    *) "$2" -force -batch $C ;;
    esac >$O 2>&1
}
