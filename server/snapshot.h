/*
 * The configuration of now: requests take a reference and keep what they started with, a reload
 * swaps the pointer.
 */
#ifndef SERVER_SNAPSHOT_H
#define SERVER_SNAPSHOT_H

#include "server/config.h"

struct snapshot;

/* Takes the caller's reference over. The caller frees the snapshot. */
struct snapshot *snapshot_new(struct config *config) __attribute__((warn_unused_result));
void snapshot_free(struct snapshot *snapshot);

/* A reference to the configuration of now; the caller lets go with config_unref(). */
struct config *snapshot_get(struct snapshot *snapshot) __attribute__((warn_unused_result));

/* Takes the caller's reference over; the old configuration goes when its last user lets go. */
void snapshot_set(struct snapshot *snapshot, struct config *config);

#endif
