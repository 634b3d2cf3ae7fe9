/*
 * WAL-G uploads several segments at a time, so that a busy database's newest WAL has holes for a
 * moment. They are looked at a second time before they count.
 */
#ifndef SERVER_ARCHIVE_SETTLE_H
#define SERVER_ARCHIVE_SETTLE_H

#include "server/archive/facts.h"
#include "server/archive/source.h"

/* How long a segment may come after one that follows it, in seconds. */
#define SETTLE_SECONDS 5

/* How far from the newest segment a hole may be that is still being filled; WAL-G uploads 16
 * segments at a time unless it is told otherwise. */
#define SETTLE_SEGMENTS 32

/* How far ahead the store's clock may be, in seconds; further, it says nothing. */
#define SETTLE_SKEW 300

/* What is to be looked at again. */
struct unsettled {
    uint32_t timeline;
    uint64_t first, last; /* numbers of segments */
    uint64_t segment_size;
    int64_t seconds; /* from now */
};

/* Whether the newest WAL has holes, and is as new as that. Pure. */
bool settle_find(const struct facts *facts, int64_t now, struct unsettled *ret);

/* Lists that WAL again, and fills in what has come; nothing newer than what was there before. A
 * listing that fails leaves the holes. */
void settle_again(struct source *source, struct facts *facts, const struct unsettled *unsettled);

#endif
