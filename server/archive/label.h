/* The file backup_label of a base backup: where its WAL begins. Pure. */
#ifndef SERVER_ARCHIVE_LABEL_H
#define SERVER_ARCHIVE_LABEL_H

#include "base/error.h"
#include "server/archive/names.h"

/* Largest label that is read, in bytes. */
#define LABEL_MAX (64u * 1024)

struct label {
    uint64_t start; /* LSN */
    struct segment_name segment;
    uint32_t timeline; /* 0: PostgreSQL before 11 does not say */
};

/* Reads "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)" and "START TIMELINE: 1".
 * Fails with what was found and what was expected. */
bool label_parse(struct str text, struct label *ret, struct error *err)
    __attribute__((warn_unused_result));

#endif
