#!/bin/sh
# Creates the namespace TEMPORAL_NAMESPACE if it does not exist. Runs in
# temporalio/admin-tools, which reads the server from TEMPORAL_ADDRESS.
set -eu
attempt=0
until temporal operator cluster health; do
  attempt=$((attempt + 1))
  if [ "$attempt" -ge 30 ]; then
    echo "Temporal at $TEMPORAL_ADDRESS is not healthy" >&2
    exit 1
  fi
  sleep 2
done
temporal operator namespace describe >/dev/null 2>&1 ||
  temporal operator namespace create --retention 168h --namespace "$TEMPORAL_NAMESPACE"
