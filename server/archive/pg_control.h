/* The file global/pg_control of a base backup. Pure. */
#ifndef SERVER_ARCHIVE_PG_CONTROL_H
#define SERVER_ARCHIVE_PG_CONTROL_H

#include "base/error.h"
#include "base/str.h"

/* What is read of it, in bytes: PostgreSQL keeps what matters in the first 512, so that it is
 * written whole. */
#define PG_CONTROL_BYTES 512

/* Checks the beginning of the file (up to PG_CONTROL_BYTES are looked at) by its own checksum,
 * whose place depends on the version: one that fits anywhere it may be is taken. *ret_system gets
 * the system identifier. */
bool pg_control_check(struct str bytes, uint64_t *ret_system, struct error *err)
    __attribute__((warn_unused_result));

#endif
