#!/bin/sh
# Runs Redis with the password of REDIS_PASSWORD, read from a file that lives in
# memory: an argument would show it to every `ps`.
set -eu
umask 077
cat >/run/redis/redis.conf <<CONF
requirepass $REDIS_PASSWORD
dir /data
appendonly yes
maxmemory 256mb
maxmemory-policy noeviction
CONF
unset REDIS_PASSWORD
exec redis-server /run/redis/redis.conf
