# Rolls back whatever change is under way. Replaced before it is sent: @MARK@.
D=/run/fabric
T=$D/txn
say() { printf '\n@MARK@ %s\n' "$*"; }
if [ ! -d $T ]; then
    say none
    exit 0
fi
id=$(cat $T/id 2>/dev/null)
if [ ! -s $T/lib.sh ] || [ ! -s $T/backward.sh ]; then
    # It was made a moment ago, or its maker died before the first change.
    sleep 1
fi
if [ ! -s $T/lib.sh ] || [ ! -s $T/backward.sh ]; then
    rm -rf $T
    say "aborted $id"
    exit 0
fi
. $T/lib.sh
if mkdir $T/decided 2>/dev/null; then
    echo abort >$T/decided/by
    end_group $T/timer.pid
    roll_back
elif ! await 100 test ! -d $T; then
    # Whoever decided died over it.
    if [ "$(cat $T/decided/by 2>/dev/null)" = confirm ]; then finish confirmed; else end_group $T/timer.pid; roll_back; fi
fi
say "aborted $id $(cat $D/last/result 2>/dev/null)"
