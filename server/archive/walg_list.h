/*
 * What `wal-g backup-list --detail --json` printed, compared with our own view, both ways. The
 * times in it are those of objects, which a copy of a bucket changes: they are not compared. WAL-G
 * 2.x and 3.x and its list without --detail have fewer fields: those that are there must agree.
 * Pure.
 */
#ifndef SERVER_ARCHIVE_WALG_LIST_H
#define SERVER_ARCHIVE_WALG_LIST_H

#include "base/str.h"
#include "server/archive/report.h"

/* Largest list, in bytes. */
#define WALG_LIST_MAX (16u * 1024 * 1024)

/* Adds what differs to the report: walg-lists-not, walg-lists-only, walg-differs; or, as "could not
 * tell", walg-list-empty (WAL-G prints nothing, and exits with 0, where it finds no backup) and
 * walg-list-failed (what is no such list). `taken` is when WAL-G made it, seconds UTC: what ended
 * later, or may have been removed by retention since, is no finding. */
void walg_list_compare(struct report *report, struct str list, int64_t taken);

/* Adds walg-list-failed: WAL-G gave no list. `why` is a phrase: "wal-g exited with 1: ...". */
void walg_list_failed(struct report *report, const char *why);

#endif
