/*
 * How large the WAL segments of an archive are: derived from what the archive says of itself, never
 * assumed. Pure.
 */
#ifndef SERVER_ARCHIVE_SEGMENT_SIZE_H
#define SERVER_ARCHIVE_SEGMENT_SIZE_H

#include "server/archive/facts.h"

/* A set of sizes: bit i stands for WAL_SIZE_MIN << i. */
typedef uint16_t segment_sizes;
#define SEGMENT_SIZES_ALL ((segment_sizes)((1U << WAL_SIZES) - 1))

static inline uint64_t segment_size_of(unsigned bit)
{
    return WAL_SIZE_MIN << bit;
}

/* The bit of the smallest size of a set that is not empty. */
static inline unsigned segment_sizes_first(segment_sizes sizes)
{
    unsigned bit = 0;
    while (!(sizes >> bit & 1))
        bit++;
    return bit;
}

/* The sizes with which the segment of that name holds the LSN; or ends with it, as the names of
 * backups from a standby have it. */
segment_sizes segment_sizes_of(uint64_t lsn, struct segment_name segment);

struct segment_evidence {
    segment_sizes sizes; /* never empty: one is the size; several could not be told apart */
    bool contradictory;  /* not all that the archive says agrees with them */
    /* The size that a segment's own name rules out, if that is the contradiction: its name. */
    struct segment_name against; /* timeline 0 = none */
};

/* Weighs the LSNs of backups against their names, the offsets of .backup objects, where timelines
 * begin, and the names of the segments. */
struct segment_evidence segment_size_derive(const struct facts *facts);

#endif
