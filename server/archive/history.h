/*
 * Timeline history files: where each timeline of a database's past ends. Pure.
 */
#ifndef SERVER_ARCHIVE_HISTORY_H
#define SERVER_ARCHIVE_HISTORY_H

#include "base/error.h"
#include "base/str.h"

/* Most timelines in one past. */
#define HISTORY_MAX 10000

/* A timeline of the past, and the LSN at which the next one begins. */
struct history_entry {
    uint32_t timeline;
    uint64_t end;
};

struct history {
    struct history_entry *entries; /* oldest first; owned */
    size_t count;
};

/* Reads what the file of `timeline` holds, by PostgreSQL's own rules (lines of timeline, LSN and
 * anything; blank lines and "#" are skipped; timelines grow and stay below the own one). Fails with
 * the line. */
bool history_parse(struct str text, uint32_t timeline, struct history *ret, struct error *err)
    __attribute__((warn_unused_result));

void history_done(struct history *history);

#endif
