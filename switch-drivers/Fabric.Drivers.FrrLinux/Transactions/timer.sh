# The rollback timer: a process of its own, started before the first change. $1: seconds.
. /run/fabric/txn/lib.sh
echo $$ >$T/timer.new
mv $T/timer.new $T/timer.pid
sleep "$1"
mkdir $T/decided 2>/dev/null || exit 0
echo timer >$T/decided/by
rm -f $T/timer.pid
roll_back
