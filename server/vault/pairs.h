/*
 * Whether the Secrets of a HarborCluster fit each other: who will not log in, and what cannot be
 * decrypted, if the cluster is started with them. Values are compared in constant time and never
 * shown. Pure.
 */
#ifndef SERVER_VAULT_PAIRS_H
#define SERVER_VAULT_PAIRS_H

#include "server/vault/names.h"

/* One Secret of the set; borrowed. */
struct vault_held {
    const char *name;
    const json_t *secret;
    const json_t *archived; /* what the archive has instead, and is not restored; NULL: nothing */
};

/* Adds a line with the way out for everything that does not fit. `held` are the Secrets that the
 * namespace has, or would have after a restore, under the names that they have there. */
void vault_pairs(const struct vault_held *held, size_t count, const struct vault_owner *owner,
                 struct strlist *findings);

#endif
