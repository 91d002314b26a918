#!/bin/bash
# The server's init: prepares the control groups for an engine inside a container, then keeps sshd, dockerd, cron and mail up.
set -u

prepare_control_groups() {
  # without --privileged these are mounted read-only; with it the remounts change nothing
  mount -o remount,rw /proc/sys 2>/dev/null
  local folder
  for folder in /sys/fs/cgroup /sys/fs/cgroup/*; do
    if mountpoint -q "$folder"; then mount -o remount,rw,bind "$folder" 2>/dev/null; fi
  done
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    # version 2: a group with processes in it cannot hand controllers down, so everything moves into a group of its own
    mkdir -p /sys/fs/cgroup/init
    xargs -rn1 < /sys/fs/cgroup/cgroup.procs > /sys/fs/cgroup/init/cgroup.procs 2>/dev/null
    sed -e 's/ / +/g' -e 's/^/+/' < /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control
  fi
}

join() { # SLICE: as under systemd, sessions together get as much of the processor as services do, and as containers do
  local controller
  for controller in /sys/fs/cgroup /sys/fs/cgroup/cpu; do # version 2, version 1
    if [ -f "$controller/cgroup.procs" ] && mkdir -p "$controller/$1"; then
      echo "$BASHPID" > "$controller/$1/cgroup.procs"
    fi
  done
}

keep() { # SLICE NAME COMMAND...: start again after a second whenever it ends
  local slice=$1 name=$2; shift 2
  join "$slice"
  while true; do
    if [ "$name" = dockerd ]; then clear_engine_leftovers; fi
    "$@" >> "/var/log/$name.log" 2>&1 &
    echo $! > "/run/keep-$name.pid"
    wait $!
    echo "$(date -u +%FT%TZ) $name ended with $?; starting it again" >> "/var/log/$name.log"
    sleep 1
  done
}

clear_engine_leftovers() {
  # after SIGKILL the pid file names a process that has ended, or another one by now
  if ! pgrep -x dockerd > /dev/null; then rm -f /var/run/docker.pid; fi
  if ! pgrep -x containerd > /dev/null; then rm -rf /var/run/docker/containerd /var/run/docker/containerd.pid; fi
}

shut_down() {
  trap '' TERM INT
  kill "${supervisors[@]}" 2>/dev/null
  local name pid
  for name in dockerd cron smtpd sshd; do
    pid=$(cat "/run/keep-$name.pid" 2>/dev/null) && kill "$pid" 2>/dev/null
  done
  local waited=0
  while pgrep -x dockerd > /dev/null && [ $waited -lt 250 ]; do sleep 0.1; waited=$((waited + 1)); done
  exit 0
}

# what an earlier start of this container left in /run belongs to processes that no longer exist
rm -rf /var/run/docker /var/run/docker.pid /var/run/docker.sock /run/containerd /run/keep-* /run/crond.pid /run/sshd.pid
mkdir -p /run/sshd
ssh-keygen -A > /dev/null
prepare_control_groups

supervisors=()
keep system.slice dockerd dockerd & supervisors+=($!)
keep user.slice sshd /usr/sbin/sshd -D -e & supervisors+=($!)
keep system.slice cron cron -f & supervisors+=($!)
keep system.slice smtpd smtpd -F & supervisors+=($!)
trap shut_down TERM INT
while true; do wait; done
