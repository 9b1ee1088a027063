#!/bin/sh
# Starts Nginx in its container: renders the configuration from the environment, then becomes Nginx.
# After a new certificate: docker compose exec edge nginx -e stderr -c /run/nginx/nginx.conf -s reload
set -eu
here=/opt/lockstep
run=/run/nginx

: "${EDGE_SERVER_NAME:?set EDGE_SERVER_NAME to the name that users type, such as todo.example.org}"
EDGE_RUN_DIR=$run EDGE_WEB_DIR=$here/web \
	python3 -I $here/nginx/render.py --unprivileged --output $run/nginx.conf
exec nginx -e stderr -c $run/nginx.conf -g 'daemon off;'
