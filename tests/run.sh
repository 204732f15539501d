#!/bin/bash
# Runs the built test projects and adds up their results.
# usage: tests/run.sh [--unit|--lab] [PROJECT...]
#   --unit  only tests that need neither root nor a lab
#   --lab   only tests that raise labs (trait Category=lab or Category=vm)
# Tests without a lab run first, one project a core; then those with a lab, one project at a time. The last line is
# "N passed, N failed, N skipped". A project that crashes, hangs or cannot start counts as one failed test.
# environment: CONFIGURATION (Release), FABRIC_TEST_MINUTES: most that one project may take (30), CI (true: nothing is skipped)
set -euo pipefail
cd "$(dirname "$0")/.."

configuration=${CONFIGURATION:-Release}
minutes=${FABRIC_TEST_MINUTES:-30}
logs=artifacts/test
phases=(unit lab)
wanted=()
for argument in "$@"; do
  case $argument in
    --unit) phases=(unit) ;;
    --lab) phases=(lab) ;;
    -*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) wanted+=("$argument") ;;
  esac
done
if ((${#wanted[@]} == 0)); then
  for project in tests/*.Tests/*.csproj; do
    project=${project%/*.csproj}
    wanted+=("${project##*/}")
  done
fi

# In CI a missing daemon or privilege is a failure, not a reason to skip.
[[ ${CI-} == true ]] && export FABRIC_REQUIRE_INTEROP=1

mkdir -p "$logs"
rm -f "$logs"/*.log "$logs"/*.xml "$logs"/*.result
lab_traits=(Category=lab Category=vm)

# run PROJECT PHASE: runs one project; leaves PROJECT.PHASE.result with "passed failed skipped".
run() {
  local project=$1 phase=$2 program log result begin took code=0 summary filter=() root=()
  log=$logs/$project.$phase.log
  result=$logs/$project.$phase.result
  program=tests/$project/bin/$configuration/net10.0/$project
  local option=-trait
  [[ $phase == unit ]] && option=-trait-
  local trait
  for trait in "${lab_traits[@]}"; do filter+=("$option" "$trait"); done
  if [[ $phase == lab ]] && ((EUID != 0)); then root=(sudo -E env "PATH=$PATH" "DOTNET_ROOT=${DOTNET_ROOT-}"); fi
  begin=$EPOCHREALTIME
  if [[ -x $program ]]; then
    timeout --kill-after=20s "${minutes}m" "${root[@]}" "$program" -noLogo -noColor "${filter[@]}" -xml "$logs/$project.$phase.xml" >"$log" 2>&1 </dev/null || code=$?
  else
    echo "$program is not there: build first (make test does)" >"$log"
    code=127
  fi
  took=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')

  # "   NAME  Total: 5, Errors: 0, Failed: 1, Skipped: 0, Not Run: 0, Time: 0.5s"
  local total=0 errors=0 failed=0 skipped=0 left_out=0 passed why=
  summary=$(grep -aE '^ +[^ ]+ +Total: [0-9]+' "$log" | tail -n 1 || true)
  if [[ $summary =~ Total:\ ([0-9]+),\ Errors:\ ([0-9]+),\ Failed:\ ([0-9]+),\ Skipped:\ ([0-9]+),\ Not\ Run:\ ([0-9]+) ]]; then
    total=${BASH_REMATCH[1]} errors=${BASH_REMATCH[2]} failed=${BASH_REMATCH[3]} skipped=${BASH_REMATCH[4]} left_out=${BASH_REMATCH[5]}
  elif [[ $summary =~ Total:\ 0$ ]]; then
    :
  else
    errors=1
  fi
  passed=$((total - failed - skipped - left_out))
  if ((code == 124 || code == 137)); then
    why=" (ended after $minutes minutes)"
    ((errors)) || errors=1
  elif ((code != 0 && failed + errors == 0)); then
    why=" (exit code $code)"
    errors=1
  fi
  failed=$((failed + errors))
  echo "$passed $failed $skipped" >"$result"
  ((total || errors)) || return 0
  printf '%-36s %-4s %6s s  %4d passed %3d failed %3d skipped%s\n' "$project" "$phase" "$took" "$passed" "$failed" "$skipped" "$why"
  if ((failed)); then
    # What failed, without the noise around it; everything is in the log.
    if ((errors)) && ! grep -qaE '\[FAIL\]' "$log"; then
      { if (($(wc -l <"$log") > 20)); then head -n 10 "$log"; echo '  ...'; tail -n 10 "$log"; else cat "$log"; fi; } | cut -c 1-200
    else
      grep -aE -A 12 '\[FAIL\]' "$log" | head -n 200 || true
    fi
    echo "  log: $log"
  fi
}

for phase in "${phases[@]}"; do
  if [[ $phase == unit ]]; then
    cores=$(nproc)
    running=0
    for project in "${wanted[@]}"; do
      if ((running >= cores)); then
        wait -n || true
        ((running--)) || true
      fi
      run "$project" unit &
      ((++running))
    done
    wait
  else
    for project in "${wanted[@]}"; do
      grep -rqsE --include='*.cs' 'Category", *"(lab|vm)"|LabFact|LabTheory' "tests/$project" || continue
      run "$project" lab
    done
  fi
done

read -r passed failed skipped < <(cat "$logs"/*.result 2>/dev/null | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
if ((skipped)); then
  echo 'skipped:'
  awk '/^ +.* \[SKIP\]$/ { sub(/ \[SKIP\]$/, ""); printf "%s:", $0; getline; sub(/^ +/, " "); print }' "$logs"/*.log
fi
((passed + failed > 0)) || echo 'no test ran' >&2
echo "$passed passed, $failed failed, $skipped skipped" | tee "$logs/summary"
((failed == 0 && passed > 0))
