# Common to all scripts of a transaction. Lives in the transaction's directory while there is one.
#
# /run/fabric/txn          the one transaction of the device; making it is the lock
#   id                     its name
#   forward.sh backward.sh what to do, and what undoes it
#   progress               number of the last step that was begun
#   before                 FRR's configuration before it
#   timer.pid forward.pid  processes, each leader of a group of its own
#   decided/               made by whoever decides the end, confirmation or rollback; making it is the decision
# /run/fabric/last         how the last one ended: id, result
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
umask 077
D=/run/fabric
T=$D/txn

# Waits until a condition holds, at most so many tenths of a second.
await() {
    deadline=$(($(hundredths) + $1 * 10))
    shift
    while ! "$@"; do
        [ "$(hundredths)" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# Hundredths of a second since the start of the machine: a clock that nobody sets.
hundredths() {
    read -r up _ </proc/uptime
    echo "${up%.*}${up#*.}"
}

gone() { ! kill -0 "-$1" 2>/dev/null; }

# Ends a group of processes by the number of its leader in a file.
end_group() {
    [ -s "$1" ] || return 0
    read -r leader <"$1"
    kill -TERM "-$leader" 2>/dev/null || return 0
    await 20 gone "$leader" || kill -KILL "-$leader" 2>/dev/null
}

frr_config() { vtysh -c 'show running-config' 2>&1; }

# Undoes all steps that were begun. The caller made the decision.
roll_back() {
    end_group $T/forward.pid
    last=$(cat $T/progress 2>/dev/null || echo 0)
    [ "$last" -eq 0 ] || LAST=$last sh $T/backward.sh >$T/undone 2>&1
    result=rolled-back
    if [ "$last" -ne 0 ] && [ -s $T/before ]; then
        frr_config >$T/after
        cmp -s $T/before $T/after || result=rolled-back-differs
    fi
    finish $result
}

# Ends the transaction: what is left is for reading only.
finish() {
    echo "$1" >$T/result
    rm -rf $D/last
    mv $T $D/last
}

# Starts a script as a process of its own that outlives this session.
detach() {
    if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then
        systemd-run --quiet --collect --unit "fabric-rollback-$$" /bin/sh "$@" && return
    fi
    setsid /bin/sh "$@" </dev/null >/dev/null 2>&1 &
}
