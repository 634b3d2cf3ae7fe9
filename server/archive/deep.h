/*
 * Reads the objects of an archive, not only their names: every tar object of the backups and every
 * segment since the oldest of them. Adds what it finds to the report of judge.c, and marks the
 * backups that are not usable. Streams: memory is bounded by DEEP_MEMORY, whatever the objects say.
 */
#ifndef SERVER_ARCHIVE_DEEP_H
#define SERVER_ARCHIVE_DEEP_H

#include "server/archive/facts.h"
#include "server/archive/progress.h"
#include "server/archive/report.h"
#include "server/archive/source.h"

#include <stdatomic.h>

/* Most objects of WAL that are read in one look; more could not be told. */
#define DEEP_WAL_MAX 1000000u

/* What it holds beside the facts and the source at most, in bytes: the list of WAL objects (16
 * MiB), the list of files of one backup (16 MiB), and one decompressor with its window. */
#define DEEP_MEMORY (80u * 1024 * 1024)

struct deep_options {
    uint64_t rate;             /* bytes a second, as stored; 0 = as fast as it goes */
    struct progress *progress; /* NULL: none */
    const atomic_bool *cancel; /* ends it soon once it is true; NULL: never */
};

/* What could not be read is in the report too: also that it was cancelled. */
void deep(struct source *source, const struct facts *facts, const struct deep_options *options,
          struct report *report);

#endif
