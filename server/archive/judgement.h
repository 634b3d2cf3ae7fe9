/*
 * A judgement while it is being made: what the files of judge.c share, and nobody else includes.
 */
#ifndef SERVER_ARCHIVE_JUDGEMENT_H
#define SERVER_ARCHIVE_JUDGEMENT_H

#include "server/archive/judge.h"
#include "server/archive/segment_size.h"

#define JUDGEMENT_NONE SIZE_MAX

/* A backup that has a sentinel. */
struct judged {
    const struct backup_facts *facts;
    const struct record *record; /* of the sentinel, else of metadata.json; never NULL */
    int64_t start, finish;       /* 0 = not known */
    bool permanent;
    bool damaged;       /* its own objects */
    bool parts_damaged; /* those that deltas build on: all but its label */
    bool unknown;       /* not all of them could be judged */
    bool in_doubt;      /* what its record says is not to be trusted */
    size_t parent;      /* index; JUDGEMENT_NONE for none, or one that is not there */
    bool parent_damaged, parent_unknown;
    bool wal_damaged, wal_unknown; /* its own range of WAL */
    int64_t reaches;
    char *reaches_wal;
};

struct judgement {
    const struct facts *facts;
    const struct judge_options *options;
    struct report *report;
    struct segment_evidence evidence;
    struct judged *backups; /* oldest first */
    size_t count;
};

/* Adds a finding and frees `object`, `what` and `means`. */
void judgement_find(struct report *report, enum finding_kind kind, const char *code, char *object,
                    char *what, char *means, const char *way_out);

/* "2026-11-22 03:12 UTC" for a text that goes on; the caller frees. */
char *judgement_time(int64_t time) __attribute__((warn_unused_result));

/* Key of a backup's sentinel; of something else of it: "/metadata.json". The caller frees. */
char *judgement_sentinel(const struct backup_facts *facts) __attribute__((warn_unused_result));
char *judgement_key(const struct backup_facts *facts, const char *name)
    __attribute__((warn_unused_result));

/* Whether restores from the backup can begin; whether that is known. */
static inline bool judged_broken(const struct judged *backup)
{
    return backup->damaged || backup->parent_damaged || backup->wal_damaged;
}
static inline bool judged_unknown(const struct judged *backup)
{
    return backup->unknown || backup->parent_unknown || backup->wal_unknown;
}

/* judge_backup.c: the objects of one backup, and what they say of it. */
void judge_backup(struct judgement *judgement, struct judged *backup);

/* judge_record.c: sentinel against metadata.json against name. */
void judge_record(struct judgement *judgement, struct judged *backup);

/* judge_chain.c: the parents of deltas, unfinished backups, and whose database it is. */
void judge_parents(struct judgement *judgement);
void judge_unfinished(struct judgement *judgement, const struct backup_facts *facts);
void judge_system(struct judgement *judgement);

/* judge_wal.c: the WAL, and how far each backup reaches. */
void judge_wal(struct judgement *judgement);

#endif
