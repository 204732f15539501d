# Head of forward.sh: stops at the first refused command.
. /run/fabric/txn/lib.sh
. /run/fabric/txn/steps.sh
# What is not noted as begun is not undone.
begin() {
    if cat >$C && echo "$1" >$T/progress && [ -s $T/progress ]; then return 0; fi
    printf 'sh\ncannot write to /run/fabric\n' >$T/refused
    return 1
}
commands() {
    begin "$1" || exit 1
    "run_$2" || { echo "$2 $(cat $O.command)" >$T/refused; cat $O >>$T/refused; exit 1; }
}
# Commands that clear away what somebody else left; a refusal does not matter.
attempt() {
    begin "$1" || exit 1
    case $2 in
    vtysh) vtysh -f $C ;;
    *) "$2" -force -batch $C ;;
    esac >$O 2>&1
}
