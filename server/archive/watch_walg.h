/*
 * What WAL-G itself lists, as a container beside us writes it for ever: FILE, then FILE.status (the
 * exit status, written last), and FILE.errors.
 */
#ifndef SERVER_ARCHIVE_WATCH_WALG_H
#define SERVER_ARCHIVE_WATCH_WALG_H

#include "base/buf.h"
#include "base/error.h"
#include "server/archive/walg_list.h"

struct watch_walg {
    struct buf list;
    int64_t taken; /* when it was made */
    bool failed;
    struct error why; /* there is no list */
};

/* Reads it; a list that is older than `age_max` seconds at `now` is none. End with
 * watch_walg_done(). */
void watch_walg_read(const char *file, int64_t now, int64_t age_max, struct watch_walg *ret);

/* Whether WAL-G has ended at least once. */
bool watch_walg_exists(const char *file);

/* Compares: a list that is none is "walg-list-failed". */
void watch_walg_compare(const struct watch_walg *walg, struct report *report);

void watch_walg_done(struct watch_walg *walg);

#endif
