/*
 * Which WAL segments an archive has, and when each was archived: compact, so that a million of them
 * take a few MiB, in whatever order they are listed. Segments are numbered as their names are, in
 * two parts; what follows what depends on the size of a segment, so runs are made for one size.
 * Pure.
 */
#ifndef SERVER_ARCHIVE_WAL_H
#define SERVER_ARCHIVE_WAL_H

#include "server/archive/names.h"

/* Sizes that PostgreSQL can be given: powers of two from 1 MiB to 1 GiB. */
#define WAL_SIZE_MIN (UINT64_C(1) << 20)
#define WAL_SIZE_MAX (UINT64_C(1) << 30)
#define WAL_SIZES 11

/* Most (timeline, high part) pairs that are kept: a million segments of 1 GiB have 250,000. */
#define WAL_PAGES_MAX 400000

/* Most times that are kept, with those of segments that are not there: 32 MiB. Pages are as long as
 * their largest low part, so that is 8 million segments of any size without holes. */
#define WAL_TIMES_MAX (UINT64_C(8) << 20)

/* Most empty segments whose names are kept; more are absent like any other. */
#define WAL_EMPTY_MAX 1000

/* All segments of one timeline and one high part. */
struct wal_page {
    uint32_t timeline, high;
    uint32_t count;  /* entries of `times`: by low part */
    uint32_t *times; /* when it was archived, seconds UTC; 0 = there is no such segment */
};

struct wal {
    struct wal_page *pages; /* sorted once wal_sort() has been called */
    size_t page_count, page_room;
    uint32_t *index;   /* where each page is, plus 1: a hash table; only while segments are added */
    size_t index_size; /* a power of two */
    size_t last;       /* the page that was added to last */
    uint64_t times;    /* entries of all pages */
    uint64_t segments; /* how many there are, without empty ones */
    uint64_t bytes;    /* as stored */
    struct segment_name *empty;
    size_t empty_count;
    struct segment_name largest_low; /* a segment with the largest low part; timeline 0 = none */
};

/* Adds an object that is a segment. An empty object is no segment, but is remembered. Of two
 * objects for one segment (two compressions) the newer time stays. False when there is no room for
 * one more: then nothing was added. */
bool wal_add(struct wal *wal, struct segment_name segment, uint64_t size, int64_t modified)
    __attribute__((warn_unused_result));

/* Ends the adding; everything below wants it. */
void wal_sort(struct wal *wal);

/* Adds a segment that was not there, where others of its page are; else it stays a hole. */
void wal_fill(struct wal *wal, struct segment_name segment, uint64_t size, int64_t modified);

/* When the segment was archived; 0 = it is not there. */
int64_t wal_time(const struct wal *wal, struct segment_name segment);

/* The first segment of a timeline. False when it has none. */
bool wal_first(const struct wal *wal, uint32_t timeline, struct segment_name *ret);

/* Whether the segment is there, but empty. */
bool wal_is_empty(const struct wal *wal, struct segment_name segment);

void wal_done(struct wal *wal);

/* The number of a segment from the beginning of all WAL, and back; the segment that an LSN is in.
 */
uint64_t wal_number(struct segment_name segment, uint64_t segment_size);
struct segment_name wal_segment(uint32_t timeline, uint64_t number, uint64_t segment_size);

/* Segments of a timeline that follow each other without a hole. */
struct wal_run {
    uint32_t timeline;
    uint64_t first, last; /* numbers */
};

struct wal_runs {
    uint64_t segment_size;
    struct wal_run *items; /* by timeline, then number */
    size_t count;
};

/* The runs, when segments have this size. The caller ends them with wal_runs_done(). */
struct wal_runs wal_runs(const struct wal *wal, uint64_t segment_size);
void wal_runs_done(struct wal_runs *runs);

/* The run that holds the segment; else the next one of that timeline; else NULL. */
const struct wal_run *wal_run_from(const struct wal_runs *runs, uint32_t timeline, uint64_t number);

/* The last run of the timeline; NULL when it has no segment. */
const struct wal_run *wal_run_last(const struct wal_runs *runs, uint32_t timeline);

#endif
