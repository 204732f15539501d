# Checks the sessions and confirms. Replaced before it is sent: @ID@, @MARK@, @TENTHS@ (patience), @SETTLE@ (seconds to hold), @NEIGHBORS@.
D=/run/fabric
T=$D/txn
say() { printf '\n@MARK@ %s\n' "$*"; }
if [ "$(cat $T/id 2>/dev/null)" != '@ID@' ]; then
    if [ "$(cat $D/last/id 2>/dev/null)" = '@ID@' ]; then say "$(cat $D/last/result)"; else say unknown; fi
    exit 0
fi
. $T/lib.sh

down=
all_up() {
    for neighbor in @NEIGHBORS@; do
        case $(vtysh -c "show bgp neighbors $neighbor json" 2>/dev/null | tr -d ' \n') in
        *'"bgpState":"Established"'*) ;;
        *) down=$neighbor; return 1 ;;
        esac
    done
}
if ! await @TENTHS@ all_up; then
    say "waiting $down"
    exit 0
fi
sleep @SETTLE@
if ! all_up; then
    say "waiting $down"
    exit 0
fi

if ! mkdir $T/decided 2>/dev/null; then
    await 300 test ! -d $T
    say rolled-back
    exit 0
fi
echo confirm >$T/decided/by
end_group $T/timer.pid
saved=
if [ -s $T/before ]; then
    frr_config >$T/after
    cmp -s $T/before $T/after || saved=$(vtysh -c 'write memory' 2>&1) || say "unsaved $(echo "$saved" | tail -n 1)"
fi
finish confirmed
say confirmed
