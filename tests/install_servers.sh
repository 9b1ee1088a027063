#!/usr/bin/env bash
# Installs the servers and programs that the tests drive, as far as they are missing.
#
# As root on Debian or Ubuntu it installs packages; anywhere else it says loudly what is missing and
# how to get it, and succeeds: those tests are then skipped by name (and fail where CI=true).
set -euo pipefail
cd "$(dirname "$0")"

missing=()
need() { # need <package> <test command ...>
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}
has_postgresql() { compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb; }
has_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
has_node() { command -v node && [ "$(node --version | sed 's/^v\([0-9]*\).*/\1/')" -ge 18 ]; }
has_jdk() { command -v javac && [ "$(javac -version 2>&1 | sed 's/^javac \([0-9]*\).*/\1/')" -ge 17 ]; }
has_nginx() { command -v nginx || [ -x /usr/sbin/nginx ]; }

find_missing() {
	missing=()
	need postgresql has_postgresql
	need redis-server command -v redis-server
	need nginx-light has_nginx
	need gettext-base command -v envsubst
	need chromium has_chromium
	need fonts-dejavu-core test -e /usr/share/fonts
	need nodejs has_node
	need npm command -v npm
	# The Java SDK's client is compiled here; Neo4j runs on it, from jars.
	need default-jdk-headless has_jdk
	need maven command -v mvn
	# The measuring client of the benchmarks is C.
	need gcc command -v cc
	need libc6-dev test -e /usr/include/stdio.h
	# Images are built and run without a daemon, on a base made from Debian's packages. Root only.
	if [ "$(id -u)" = 0 ]; then
		need podman command -v podman
		need runc command -v runc
		need mmdebstrap command -v mmdebstrap
	fi
}

find_missing
if [ ${#missing[@]} -gt 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "Installing ${missing[*]} ..."
	export DEBIAN_FRONTEND=noninteractive
	# The tests start servers of their own: the package's services must not start beside them.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
		trap 'rm -f "$policy"' EXIT
	fi
	# Another apt may be at work: wait for its lock instead of failing.
	apt-get -qq -o DPkg::Lock::Timeout=300 update >/dev/null
	apt-get -qq -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends "${missing[@]}" >/dev/null
	find_missing
fi
if [ ${#missing[@]} -gt 0 ]; then
	{
		echo "================================================================================"
		echo "MISSING for the tests: ${missing[*]}"
		echo "Install them (Debian's package names) or run this as root on Debian:"
		echo "    apt-get install ${missing[*]}"
		echo "Without them the tests that need them are SKIPPED."
		echo "================================================================================"
	} >&2
fi

# The JavaScript SDK, at the versions of the lock file; again only when that changes.
stamp=node/node_modules/.lockstep-installed
if command -v npm >/dev/null && ! cmp -s node/package-lock.json "$stamp"; then
	(cd node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
	cp node/package-lock.json "$stamp"
fi

# The Java SDK's client, of the versions in its pom.xml; again only when something of it changes.
sums=java/build/.lockstep-built
if command -v mvn >/dev/null && command -v javac >/dev/null && ! sha256sum --check --status "$sums" 2>/dev/null; then
	rm -rf java/build
	mvn --quiet --batch-mode --file java/pom.xml compile
	sha256sum java/pom.xml java/src/*.java >"$sums"
fi

# Neo4j Community, of the version in its pom.xml: jars, which are fetched (GPLv3) and never committed.
# A hundred megabytes, so they lie where they outlive a checkout; again only when the pom changes.
jars=${XDG_CACHE_HOME:-$HOME/.cache}/lockstep/neo4j/$(sha256sum neo4j/pom.xml | cut -d ' ' -f 1)/lib
fetch_neo4j() { # --strict-checksums: a jar that is not what the registry says it is, is an error
	rm -rf "$jars.partial"
	mvn --quiet --batch-mode --strict-checksums --file neo4j/pom.xml dependency:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$jars.partial" && mv -T "$jars.partial" "$jars"
}
if command -v mvn >/dev/null && [ ! -d "$jars" ]; then
	echo "Fetching Neo4j (123 MB, once) ..."
	mkdir -p "$(dirname "$jars")"
	# A registry may refuse for a while what comes in bursts.
	fetch_neo4j || { sleep 10 && fetch_neo4j; } || { sleep 30 && fetch_neo4j; } || { sleep 60 && fetch_neo4j; } ||
		echo "MISSING for the tests: Neo4j could not be fetched; the tests that need it are SKIPPED." >&2
fi
