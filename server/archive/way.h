/*
 * The way of a restore through the WAL: which segments of which timelines it reads after a backup,
 * by the history of the newest timeline that follows from it. Pure.
 */
#ifndef SERVER_ARCHIVE_WAY_H
#define SERVER_ARCHIVE_WAY_H

#include "server/archive/facts.h"

/* Segments of one timeline, from `first` to the one before `end`. */
struct leg {
    uint32_t timeline;
    uint64_t first, end;
};

struct way {
    struct leg *legs;
    size_t count;
    uint32_t target; /* the timeline that it ends on */
};

/* Whether a restore that has read the WAL of `timeline` up to `lsn` can go on to the timeline that
 * has this past. */
bool way_descends(const struct history *past, uint32_t timeline, uint64_t lsn);

/* The way from a segment of `timeline`, where a backup begins that ends at `lsn`, to the last
 * segment of the newest timeline that follows from it. The caller ends it with way_done(). */
struct way way_from(const struct facts *facts, const struct wal_runs *runs, uint32_t timeline,
                    uint64_t first, uint64_t lsn);
void way_done(struct way *way);

/* A place on the way. */
struct way_cursor {
    size_t leg;
    uint64_t number;          /* the next segment to look at */
    struct segment_name last; /* the last one that is there; timeline 0 = none yet */
};

/* Segments of one timeline that are missing. */
struct hole {
    uint32_t timeline;
    uint64_t first, end;
};

/* Goes on to the next hole, and behind it; `last` is then the segment before it. False at the end
 * of the way. */
bool way_next_hole(const struct way *way, const struct wal_runs *runs, struct way_cursor *cursor,
                   struct hole *ret);

/* Whether the segment is on the way. */
bool way_has(const struct way *way, uint32_t timeline, uint64_t number);

#endif
