/* Points in time of a restore: RFC 3339 with an offset, as PostgreSQL and spilo both read them. */
#ifndef PATCHES_TARGET_TIME_H
#define PATCHES_TARGET_TIME_H

#include "base/error.h"
#include "base/str.h"

#include <stdint.h>

/* Reads "2026-11-20T02:00:00+00:00" (RFC 3339 5.6: also "Z", a fraction of a second, a blank for
 * the "T"; offsets up to 15:59, PostgreSQL's own limit) into seconds since 1970-01-01 UTC, the
 * fraction cut off. Fails for a date that no calendar has, a missing offset and everything else;
 * *err is what was found and expected, without a place: "'2026-11-20T02:00:00' has no offset from
 * UTC, expected one such as +00:00 at its end". */
bool target_time_parse(struct str text, int64_t *ret_seconds, struct error *err)
    __attribute__((warn_unused_result));

#endif
