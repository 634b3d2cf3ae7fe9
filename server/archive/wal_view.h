/*
 * What the WAL of an archive comes to when its segments have one given size: findings, and how far
 * each backup reaches. Made for each size that is possible, so that a judgement can tell whether
 * the size makes a difference. Only for judge_wal.c.
 */
#ifndef SERVER_ARCHIVE_WAL_VIEW_H
#define SERVER_ARCHIVE_WAL_VIEW_H

#include "server/archive/judgement.h"
#include "server/archive/way.h"

/* Of one backup. */
struct fate {
    bool judged;     /* its record can be trusted, so that its WAL can be looked at */
    bool missing;    /* of its own WAL */
    int64_t reaches; /* as struct report_backup has it */
    char *reaches_wal;
};

struct wal_view {
    const struct judgement *judgement;
    struct wal_runs runs;
    struct report found;
    struct fate *fates;      /* as many as there are backups */
    size_t newest;           /* the newest backup from which a restore can begin; JUDGEMENT_NONE */
    struct way way;          /* of that one */
    struct segment_name end; /* the newest segment; timeline 0 = none */
};

struct wal_view *wal_view_new(const struct judgement *judgement, uint64_t segment_size);
void wal_view_free(struct wal_view *view);

/* Whether two sizes come to the same. */
bool wal_view_equal(const struct wal_view *a, const struct wal_view *b);

/* wal_ranges.c: the backups' own WAL, and how far each reaches. */
void wal_view_ranges(struct wal_view *view);

/* wal_holes.c: what is missing on the way from the newest backup, and on those of older ones. */
void wal_view_holes(struct wal_view *view);

/* wal_timelines.c: history files, and timelines that no way leads to. */
void wal_view_timelines(struct wal_view *view);

/* "wal_005/<segment>"; the caller frees. */
char *wal_view_key(const struct wal_view *view, uint32_t timeline, uint64_t number)
    __attribute__((warn_unused_result));

/* Whether all segments of the hole are there but empty. */
bool wal_view_is_empty(const struct wal_view *view, const struct hole *hole);

#endif
