#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The files of jobs/ as a user submits them, to a real Slurm of four nodes on this machine: over 1, 2 and 4 nodes, with srun
# and with mpirun, they leave the bytes of a plain run; a job that loses a rank ends; the allocation is the memory budget;
# mistakes get one line. With SUPERSTEP naming the program and SUPERSTEP_SOURCE the sources.
set -euo pipefail
jobs=$SUPERSTEP_SOURCE/jobs
cluster=$SUPERSTEP_SOURCE/tests/slurm/cluster.sh
script=$(realpath "$0")
start=$PWD
here=$(mktemp -d)  # short: sockets have names of at most 107 characters
bad=0

finish() {
  local rc=$?
  "$cluster" stop "$here/cluster" || rc=1
  cp -r "$here/cluster/log" . 2> /dev/null || true
  # Open MPI 4.1.4 crashes within MPI_Init now and then, when a rank on another node is done with it first and this
  # one's has nobody yet to call for messages over TCP. It says where; then all is tried once more.
  local is_crash_of_mpi=no
  if grep -rqsF --include='*.out' 'Failing at address: (nil)' "$here"; then is_crash_of_mpi=yes; fi
  rm -rf "$here"
  if [[ $rc -ne 0 && $is_crash_of_mpi == yes && -z ${SECOND_TRY:-} ]]; then
    say "a rank crashed within MPI_Init; once more"
    trap - EXIT
    cd "$start" && SECOND_TRY=yes exec "$script"
  fi
  exit $rc
}
trap finish EXIT
# Should this script be killed, somebody still stops the cluster.
(setsid bash -c 'while kill -0 "$1"; do sleep 1; done; [[ ! -d $2 ]] || "$3" stop "$2/cluster"; rm -rf "$2"' \
  watcher $$ "$here" "$cluster" < /dev/null > /dev/null 2>&1 &)

say() { printf '%3d s  %s\n' $SECONDS "$*"; }
wrong() {
  say "WRONG: $*"
  bad=$((bad + 1))
}
same() {  # FILE FILE WHAT
  if cmp "$1" "$2"; then say "$3: same bytes"; else wrong "$3: other bytes"; fi
}
says() {  # FILE TEXT
  grep -qF -- "$2" "$1" || { wrong "$1 does not say '$2', but:"; tail -n 20 "$1"; }
}
submit() {  # NAME sbatch arguments: prints the job's number
  local name=$1
  shift
  sbatch --parsable --output="$name.out" "$@"
}
# Waits until none of the jobs is left.
wait_for() {  # SECONDS JOB...
  local until=$((SECONDS + $1)) list
  shift
  list=$(IFS=,; echo "$*")
  while [[ -n $(squeue -h -j "$list" 2>&1) ]]; do
    if ((SECONDS > until)); then
      wrong "these do not end: $(squeue -h -j "$list")"
      scancel "$@"
      return
    fi
    sleep 0.2
  done
}
# The table of a search but for its times.
scores() {  # NAME
  python3 -c '
import csv, sys
for row in csv.DictReader(sys.stdin): print([v for k, v in row.items() if not k.endswith("_time")])' < "$1.csv" > "$1.scores"
}
# The process of rank 1 that writes this file.
rank_one_of() {  # FILE
  local file pid
  for file in $(grep -lsF -- "$1" /proc/[0-9]*/cmdline || true); do
    pid=${file//[^0-9]/}
    if [[ $(cat "/proc/$pid/comm" 2> /dev/null) == superstep ]] &&
       tr '\0' '\n' 2> /dev/null < "/proc/$pid/environ" | grep -qE '^(OMPI_COMM_WORLD_RANK|PMIX_RANK)=1$'; then
      echo "$pid"
      return
    fi
  done
}
exit_code_of() { scontrol -o show job "$1" | sed -nE 's/.* ExitCode=([0-9]+:[0-9]+).*/\1/p'; }
ended_well() {  # JOB NAME
  [[ $(exit_code_of "$1") == 0:0 ]] || { wrong "$2 ended with $(exit_code_of "$1"):"; tail -n 20 "$2.out"; }
}

cd "$here"
export SUPERSTEP
"$cluster" start "$here/cluster" 4 2 4000
export SLURM_CONF=$here/cluster/slurm.conf
say "$(sinfo -h -o '%D nodes %t')"

"$SUPERSTEP" make classification train.h5 --rows 20000 --columns 10 --seed 1 --quiet > /dev/null
"$SUPERSTEP" make blobs wide.h5 --rows 100000 --columns 40 --seed 1 --quiet > /dev/null
pipeline="make_pipeline(StandardScaler(), LogisticRegression(C=0.1))"
grid=(--grid "{'logisticregression__C': [0.01, 0.1, 1.0]}" --cv 3 --quiet)
"$SUPERSTEP" fit "$pipeline" train.h5 --model plain.h5 --quiet > /dev/null
"$SUPERSTEP" search "$pipeline" train.h5 --model plain_best.h5 --results plain_best.csv "${grid[@]}" > /dev/null
"$SUPERSTEP" fit "Ridge()" wide.h5 --model plain_wide.h5 --quiet > /dev/null
say "plain runs"

declare -A job
for launcher in srun mpirun; do
  for nodes in 1 2 4; do
    name=fit_${launcher}_$nodes
    job[$name]=$(LAUNCHER=$launcher submit "$name" --nodes=$nodes --mem=100 "$jobs/fit.sbatch" "$pipeline" train.h5 "$name.h5")
  done
  name=search_$launcher
  job[$name]=$(LAUNCHER=$launcher submit "$name" --nodes=2 --mem=100 "$jobs/search.sbatch" "$pipeline" train.h5 "$name.h5" "${grid[@]}")
done
# 56 MiB are four fifths of 70: beside the process itself the file of 31 MiB does not stay in memory.
job[little]=$(submit little --nodes=1 --mem=70 "$jobs/fit.sbatch" "Ridge()" wide.h5 little.h5)
job[little_by_cpu]=$(LAUNCHER=mpirun submit little_by_cpu --nodes=1 --mem-per-cpu=35 "$jobs/fit.sbatch" "Ridge()" wide.h5 little_by_cpu.h5)
job[missing]=$(submit missing --nodes=1 --mem=100 "$jobs/search.sbatch" "Ridge()" nowhere.h5 missing.h5)
job[launcher]=$(LAUNCHER=mpiexec submit launcher --nodes=1 --mem=100 "$jobs/fit.sbatch" "Ridge()" train.h5 launcher.h5)
job[usage]=$(submit usage --nodes=2 --mem=100 "$jobs/fit.sbatch" "Rigde()" train.h5 usage.h5)
job[scaling]=$(submit scaling --array=0,2 --nodes=2 --cpus-per-task=1 --mem=100 --output=scaling-%a.out "$jobs/scaling.sbatch" \
  --rows 50000 --columns 40 --runs 1 --modes strong)
wait_for 120 "${job[@]}"
say "${#job[@]} jobs"

for name in "${!job[@]}"; do
  record=$name.${job[$name]}
  case $name in
    fit_*) ended_well "${job[$name]}" "$name"; same plain.h5 "$name.h5" "$name"
           says "$name.out" "wrote $name.h5; what it came from is in $record/"
           says "$record/result.json" "\"ranks\": ${name##*_}, \"threads\": 2,"
           says "$record/versions.txt" "superstep 0."
           [[ $(grep -c '^n[1-4]$' "$record/versions.txt") == "${name##*_}" ]] || wrong "$record/versions.txt lacks nodes"
           says "$record/environment.txt" "SLURM_JOB_ID=${job[$name]}"
           [[ -s $record/modules.txt ]] || wrong "$record/modules.txt is missing"
           cmp "$jobs/fit.sbatch" "$record/job.sbatch" || wrong "$record/job.sbatch is not what was submitted" ;;
    search_*) ended_well "${job[$name]}" "$name"; same plain_best.h5 "$name.h5" "$name"
              scores plain_best
              scores "$name"
              same plain_best.scores "$name.scores" "$name, scores" ;;
    little*) ended_well "${job[$name]}" "$name"; same plain_wide.h5 "$name.h5" "$name"
             if [[ $name == little ]]; then variable=SLURM_MEM_PER_NODE; else variable=SLURM_MEM_PER_CPU; fi
             says "$name.out" "streamed: 56.0 MiB of memory per rank (the Slurm allocation of this node ($variable))" ;;
    scaling) for work in fit stream; do
               table=scaling-${job[scaling]}/$work/scaling.csv
               # One rank and two.
               [[ $(grep -c "^$work,strong,[12],1,0,50000," "$table") == 2 ]] || { wrong "$table lacks runs"; cat scaling-*.out; }
               [[ -s ${table%/*}/versions.txt && -s ${table%/*}/table.md ]] || wrong "${table%/*} lacks files"
             done
             [[ -z $(find "scaling-${job[scaling]}" -name '*.h5') ]] || wrong "scaling.sbatch left its data" ;;
    missing) says missing.out "search.sbatch: $(hostname) cannot read the data file nowhere.h5"
             [[ $(exit_code_of "${job[missing]}") == 4:0 ]] || wrong "missing ended with $(exit_code_of "${job[missing]}")" ;;
    launcher) says launcher.out "fit.sbatch: LAUNCHER is srun or mpirun, not mpiexec" ;;
    usage) says usage.out "Rigde"; says usage.out "superstep ended with exit code 2"
           [[ $(grep -c "superstep: error" usage.out) == 1 ]] || wrong "usage.out has more than one message" ;;
  esac
done

if "$jobs/fit.sbatch" > outside.out 2>&1; then wrong "fit.sbatch runs outside of a job"; fi
says outside.out "fit.sbatch: this is not a Slurm job; submit it with sbatch"

# A rank that is killed takes its job down, under both launchers at once.
endless="KMeans(n_clusters=64, n_init=1000, max_iter=1000, tol=0)"
for launcher in srun mpirun; do
  job[victim_$launcher]=$(LAUNCHER=$launcher submit "victim_$launcher" --nodes=2 --mem=1000 \
    "$jobs/fit.sbatch" "$endless" wide.h5 "$here/victim_$launcher.h5")
done
for launcher in srun mpirun; do
  victim=""
  for ((i = 0; i < 100; ++i)); do
    victim=$(rank_one_of "$here/victim_$launcher.h5")
    [[ -z $victim ]] || break
    sleep 0.1
  done
  sleep 1
  [[ -n $victim ]] || { wrong "no rank 1 of victim_$launcher was found"; continue; }
  kill -KILL "$victim"
  wait_for 40 "${job[victim_$launcher]}"  # less than the ranks' own watch would take
  code=$(exit_code_of "${job[victim_$launcher]}")
  [[ $code != 0:0 ]] || wrong "victim_$launcher ended as if nothing had happened"
  says "victim_$launcher.out" "fit.sbatch: superstep ended with exit code"
  if [[ -e victim_$launcher.h5 ]]; then wrong "victim_$launcher wrote a model"; fi
  say "victim_$launcher ended with $code"
done

[[ $bad -eq 0 ]] || { say "$bad things went wrong"; exit 1; }
