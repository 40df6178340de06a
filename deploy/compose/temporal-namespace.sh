#!/bin/sh
# One-shot job (temporalio/admin-tools): makes the namespace and the search attributes operators look orders up by. Safe to repeat.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE are the temporal CLI's own variables, TEMPORAL_RETENTION is this script's.
set -eu

# again N COMMAND...: tries once a second, at most N times. What a new namespace is takes the server some seconds to know everywhere.
again() {
  left=$1
  shift
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then
      echo "gave up on: $*" >&2
      "$@" # once more, to show why
      return 1
    fi
    sleep 1
  done
}

again 120 temporal operator cluster health
if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$TEMPORAL_RETENTION" --description "Billetter's orders"
fi
again 60 temporal operator search-attribute list

for name in BilletterEvent BilletterOrder BilletterStatus BilletterOwner; do
  temporal operator search-attribute list | grep -qw "$name" ||
    temporal operator search-attribute create --name "$name" --type Keyword
done
again 60 temporal workflow count --query "BilletterStatus = 'pending'"
echo "namespace $TEMPORAL_NAMESPACE is ready"
