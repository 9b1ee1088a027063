#!/bin/sh
# Makes the secrets that docker-compose.yml mounts, as files under containers/secrets.
#
#   sudo containers/secrets.sh [DIRECTORY]
#
# What is there already is kept, so it can run again, after an upgrade for one. As root, each file
# belongs to the one user whose container reads it, and to nobody else. Without root they cannot be
# given away: then the directory alone keeps other users of this machine out.
set -eu
umask 077
here=$(dirname "$0")
directory=${1:-$here/secrets}
mkdir -p "$directory"
chmod 700 "$directory"

# One password, in as many files as containers need it: 32 random bytes in hexadecimal.
password() { # password NAME
	[ -s "$directory/$1" ] || openssl rand -hex 32 >"$directory/$1"
	cat "$directory/$1"
}
keep() { # keep NAME TEXT
	[ -s "$directory/$1" ] || printf '%s\n' "$2" >"$directory/$1"
}
digest() { # digest TEXT, as Redis keeps passwords
	printf %s "$1" | openssl dgst -sha256 -r | cut -d ' ' -f 1
}

password lockstep_secret_key >/dev/null
password postgresql_superuser_password >/dev/null
password pgadmin_password >/dev/null
serving=$(password postgresql_serving_password)
migrating=$(password postgresql_migrating_password)
keep lockstep_database_url "postgresql://lockstep:$serving@postgresql:5432/lockstep"
keep lockstep_migrate_database_url \
	"postgresql://lockstep_migrate:$migrating@postgresql:5432/lockstep"

bus=$(password redis_password)
inspecting=$(password redis_inspector_password)
keep lockstep_redis_url "redis://lockstep:$bus@redis:6379/0"
# Always anew, because the rules may be newer than the password.
sed "s/DIGEST/$(digest "$bus")/" "$here/redis_users.acl" >"$directory/redis_users"
{
	cat "$directory/redis_users"
	echo "user inspector on #$(digest "$inspecting") ~* &* +@all"
} >"$directory/redis_users_development"

graph=$(password lockstep_neo4j_password)
keep neo4j_auth "neo4j/$graph"

own() { # own USER NAME..., the numeric user of the container that reads them
	user=$1
	shift
	for name; do
		if [ "$(id -u)" = 0 ]; then
			chown "$user:$user" "$directory/$name"
			chmod 0400 "$directory/$name"
		else
			chmod 0444 "$directory/$name"
		fi
	done
}
own 10001 lockstep_secret_key lockstep_database_url lockstep_migrate_database_url \
	lockstep_redis_url lockstep_neo4j_password
own 999 postgresql_superuser_password postgresql_serving_password postgresql_migrating_password
own 999 redis_users redis_users_development
own 7474 neo4j_auth
own 5050 pgadmin_password
