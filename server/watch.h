/*
 * Notices that files changed, whichever way: written in place, renamed over, or behind a symbolic
 * link that was swapped (the ..data of a mounted Secret or ConfigMap). Events only say "look soon":
 * what counts is whether the file that the path leads to is another one, so asking now and then
 * finds what no event told.
 */
#ifndef SERVER_WATCH_H
#define SERVER_WATCH_H

#include "base/str.h"

struct watch;

/* Watches nothing yet. The caller frees. */
struct watch *watch_new(void) __attribute__((warn_unused_result));
void watch_free(struct watch *watch);

/* Watches these files from now on (and no others), as they are now; NULL and "" are left out. */
void watch_files(struct watch *watch, const char *const *paths, size_t count);

/* A descriptor that becomes readable when watch_changed() should be asked; -1 when the kernel gives
 * none, then only asking now and then helps. */
int watch_fd(const struct watch *watch);

/* How long a changed file must hold still before it counts: somebody may be writing it. */
#define WATCH_SETTLE_MS 100

/* Whether a file is another one than the last time that this was true, and has held still. `now`
 * is in milliseconds of any clock that only goes forward. */
bool watch_changed(struct watch *watch, uint64_t now) __attribute__((warn_unused_result));

/* Whether a file changed that has not held still yet: ask again in WATCH_SETTLE_MS. */
bool watch_is_unsettled(const struct watch *watch);

#endif
