/* Times, sizes and texts of objects as a person, and JSON, can take them. Pure. */
#ifndef SERVER_ARCHIVE_RENDER_TEXT_H
#define SERVER_ARCHIVE_RENDER_TEXT_H

#include "base/buf.h"

/* "2026-11-22 12:00:05"; "-" for 0, a time that is not known. */
void render_time(struct buf *out, int64_t time);

/* "2026-11-22T12:00:05Z". */
void render_rfc3339(struct buf *out, int64_t time);

/* "40 s", "5 min", "26 h", "3 days": rounded down, in the unit that leaves two digits or more. */
void render_age(struct buf *out, int64_t seconds);

/* "0 B", "4.3 MiB". */
void render_size(struct buf *out, uint64_t bytes);

/* The text with '?' for what is no UTF-8 (RFC 3629) and for control characters: a name in a bucket
 * may be any bytes, and must not steer a terminal. */
void render_clean(struct buf *out, struct str text);

/* The text cleaned, broken at blanks so that no line is longer than `width` (what has no blank
 * stays whole). The first line goes on behind `indent` columns that are there already; the others
 * are indented by as much. Ends with "\n". */
void render_wrapped(struct buf *out, struct str text, size_t indent, size_t width);

#endif
