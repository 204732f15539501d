# Carries a change out under the rollback timer. Replaced before it is sent: @ID@, @SECONDS@, @MARK@, and one @...@ a file.
mkdir -p -m 0700 /run/fabric
if ! mkdir /run/fabric/txn 2>/dev/null; then
    printf '\n@MARK@ busy %s\n' "$(cat /run/fabric/txn/id 2>/dev/null)"
    exit 0
fi
cat >/run/fabric/txn/lib.sh <<'@MARK@'
@LIB@
# end
@MARK@
. /run/fabric/txn/lib.sh
echo '@ID@' >$T/id
cat >$T/steps.sh <<'@MARK@'
@STEPS@
# end
@MARK@
cat >$T/timer.sh <<'@MARK@'
@TIMER@
# end
@MARK@
cat >$T/forward.sh <<'@MARK@'
@FORWARD@
# end
@MARK@
cat >$T/backward.sh <<'@MARK@'
@BACKWARD@
# end
@MARK@
# A full file system leaves files without their end.
for file in lib steps timer forward backward; do
    [ "$(tail -n 1 $T/$file.sh)" = '# end' ] && [ -s $T/id ] && continue
    finish not-begun
    printf '\n@MARK@ rejected\nsh\ncannot write to /run/fabric\n'
    exit 0
done
frr_config >$T/before
detach $T/timer.sh @SECONDS@
if ! await 50 test -s $T/timer.pid; then
    finish no-timer
    printf '\n@MARK@ rejected\nsetsid\nthe rollback timer does not start\n'
    exit 0
fi

setsid sh $T/forward.sh </dev/null >$T/forward.log 2>&1 &
echo $! >$T/forward.pid
wait $!
status=$?
if [ $status -eq 0 ]; then
    printf '\n@MARK@ applied\n'
    exit 0
fi

said=$([ -s $T/refused ] && cat $T/refused || printf 'sh forward.sh\n%s\n' "$(tail -n 5 $T/forward.log)")
if mkdir $T/decided 2>/dev/null; then
    echo apply >$T/decided/by
    end_group $T/timer.pid
    roll_back
    printf '\n@MARK@ rejected %s\n%s\n' "$(cat $D/last/result)" "$said"
else
    printf '\n@MARK@ rolled-back\n'
fi
