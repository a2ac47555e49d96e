#!/bin/sh
# Installs Debian packages (the arguments) without letting them start servers of their own. Runs as root.
#
# Only private servers on unix sockets are wanted, so while the packages are being installed
#   - policy-rc.d answers 101, "starting is not allowed", to every package script,
#   - PostgreSQL's packages are told not to make their main cluster.
# Both are taken back at the end, also after an interrupt; what was there before comes back unchanged.
# Servers and clusters that exist already are not touched.
set -eu

policy=/usr/sbin/policy-rc.d
saved=/usr/sbin/policy-rc.d.before-tarmoq
cluster_rule=/etc/postgresql-common/createcluster.d/tarmoq.conf
mark='# tarmoq: temporary'

restore() {
    if [ -f "$policy" ] && grep -q "$mark" "$policy"; then rm -f "$policy"; fi
    if [ -e "$saved" ] || [ -L "$saved" ]; then mv -f "$saved" "$policy"; fi
    rm -f "$cluster_rule"
}
# Also repairs what a killed earlier run left behind.
restore
trap restore EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

had_redis=no
if [ -e /lib/systemd/system/redis-server.service ]; then had_redis=yes; fi

if [ -e "$policy" ] || [ -L "$policy" ]; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\n%s\nexit 101\n' "$mark" > "$policy"
chmod 755 "$policy"
mkdir -p "${cluster_rule%/*}"
printf '%s\ncreate_main_cluster = false\n' "$mark" > "$cluster_rule"

export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
dpkg --configure -a
# Old package lists may still serve when the network does not.
apt-get -o DPkg::Lock::Timeout=300 update || echo 'apt-get update failed; going on with the lists that are there'
apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold -y --no-install-recommends install "$@"

# A Redis that came with us must not begin to listen at the next start of the machine either.
if [ "$had_redis" = no ] && [ -e /lib/systemd/system/redis-server.service ]; then
    update-rc.d redis-server disable || true
    if command -v systemctl > /dev/null; then systemctl disable redis-server.service || true; fi
fi
