#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A real Slurm on this machine: one controller, as many node daemons as asked for, an authentication daemon of its own.
# Everything lies in DIR, ports and job numbers are drawn, so several can run side by side. Needs no systemd; tried as root only.
# usage: cluster.sh start DIR NODES CPUS MEMORY_MIB    CPUs and memory of each node; then export SLURM_CONF=DIR/slurm.conf
#        cluster.sh stop DIR
# Exit code 77: Slurm cannot run here, and a line says why.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

cannot() {
  echo "Slurm cannot run here: $*" >&2
  exit 77
}

free_ports() {  # COUNT: as many consecutive ports that nobody listens on, somewhere below the ephemeral ones
  local count=$1 base port taken
  while :; do
    base=$((10000 + (RANDOM * 32768 + RANDOM) % 20000))
    taken=no
    for ((port = base; port < base + count; ++port)); do
      if (: > "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then taken=yes; fi
    done
    [[ $taken == yes ]] || { echo "$base"; return; }
  done
}

configure() {  # DIR NODES CPUS MEMORY_MIB
  local dir=$1 nodes=$2 cpus=$3 memory=$4 host user port i
  host=$(hostname -s)
  user=$(id -un)
  port=$(free_ports $((nodes + 1)))
  mkdir -p "$dir"/{state,log,run}
  for ((i = 1; i <= nodes; ++i)); do mkdir -p "$dir/spool/n$i" "$dir/tmp/n$i"; done
  # TmpFS: the pmix plugin keeps a folder there that differs from node to node. FirstJobId: Open MPI names its shared
  # memory after job numbers. KillOnBadExit stays at its default, 0, as on most clusters: the jobs ask for it themselves.
  # Without a limit on core files a killed rank would write its memory to the disk.
  cat > "$dir/slurm.conf" << END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$dir/run/munge.socket
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
TmpFS=$dir/tmp/%n
SlurmctldPidFile=$dir/run/slurmctld.pid
SlurmdPidFile=$dir/run/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
FirstJobId=$((port * 100))
MaxJobId=$((port * 100 + 9999))
ReturnToService=2
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=100000
SlurmdParameters=config_overrides
KillWait=5
MinJobAge=600
PropagateResourceLimits=NONE
NodeName=n[1-$nodes] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + nodes))] CPUs=$cpus RealMemory=$memory
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
  [[ $nodes -gt 1 ]] || sed -i "s/n\[1-1\]/n1/; s/Port=\[.*\] CPUs/Port=$((port + 1)) CPUs/" "$dir/slurm.conf"
}

start_munge() {  # DIR
  local dir=$1
  (umask 077; head -c 1024 /dev/urandom > "$dir/run/munge.key")
  # Munge wants folders that others cannot write to; in a checkout or under /tmp that is not ours to decide.
  munged --force --socket="$dir/run/munge.socket" --key-file="$dir/run/munge.key" --pid-file="$dir/run/munged.pid" \
         --log-file="$dir/log/munged.log" --seed-file="$dir/run/munged.seed" --num-threads=2 2> "$dir/log/munged.err" ||
    cannot "munged ends with: $(tail -n 1 "$dir/log/munged.err")"
}

start() {  # DIR NODES CPUS MEMORY_MIB
  local dir=$1 nodes=$2 i state=""
  for program in munged slurmctld slurmd sbatch srun scontrol; do
    command -v $program > /dev/null || cannot "there is no $program; run jobs/install-packages.sh tests"
  done
  configure "$@"
  start_munge "$dir"
  export SLURM_CONF=$dir/slurm.conf
  slurmctld -c > "$dir/log/start.log" 2>&1 || cannot "slurmctld ends with: $(tail -n 1 "$dir/log/start.log")"
  for ((i = 1; i <= nodes; ++i)); do
    slurmd -N "n$i" > "$dir/log/start.log" 2>&1 || cannot "slurmd ends with: $(tail -n 1 "$dir/log/start.log")"
  done
  for ((i = 0; i < 200; ++i)); do
    state=$(timeout 5 sinfo -h -o '%T %D' 2> /dev/null || true)
    [[ $state != "idle $nodes" ]] || return 0
    sleep 0.1
  done
  echo "the nodes did not come up within 20 s: $state" >&2
  tail -n 5 "$dir"/log/slurm*.log >&2
  return 1
}

# Pids of the daemons that still live, from their files, and only if they are what they were.
daemons() {  # DIR
  local file pid
  for file in "$1"/run/slurmd-*.pid "$1"/run/slurmctld.pid "$1"/run/munged.pid; do
    [[ -s $file ]] || continue
    pid=$(< "$file")
    # In a container nobody may collect the dead ones: state Z.
    if grep -qsE '^[0-9]+ \((slurmd|slurmctld|munged)\) [^Z]' "/proc/$pid/stat"; then echo "$pid"; fi
  done
}

stop() {  # DIR
  local dir=$1 i pids
  export SLURM_CONF=$dir/slurm.conf
  if [[ -n $(daemons "$dir") ]]; then
    timeout 5 scancel -u "$(id -un)" 2> /dev/null || true
    for ((i = 0; i < 50; ++i)); do
      [[ -n $(timeout 2 squeue -h 2> /dev/null || true) ]] || break
      sleep 0.1
    done
  fi
  for signal in TERM KILL; do
    pids=$(daemons "$dir")
    [[ -n $pids ]] || break
    # shellcheck disable=SC2086
    kill -$signal $pids 2> /dev/null || true
    for ((i = 0; i < 50; ++i)); do
      [[ -n $(daemons "$dir") ]] || break
      sleep 0.1
    done
  done
}

case "${1:-}" in
  start) shift; start "$@" ;;
  stop) shift; stop "$@" ;;
  *) sed -n '3,8p' "$0" >&2; exit 2 ;;
esac
