/* A report as people and programs read it. Pure: everything goes into a buffer. */
#ifndef SERVER_ARCHIVE_RENDER_H
#define SERVER_ARCHIVE_RENDER_H

#include "base/buf.h"
#include "server/archive/report.h"

/* Largest text of a report, in bytes. */
#define RENDER_MAX (64u * 1024 * 1024)

struct render_style {
    bool colour;
    size_t width; /* columns of the paper */
};

/* For people: the backups, the WAL, what was found, and the verdict in the last line. */
void render_report(const struct report *report, struct render_style style, struct buf *out);

/* The part of it that says what there is: backups and WAL. */
void render_backups(const struct report *report, struct render_style style, struct buf *out);

/* The verdict, one line without its end: "usable: ...", "2 findings: ...", "could not tell: ...".
 */
void render_verdict(const struct report *report, struct buf *out);

/* One line of JSON; its members are in docs/verification.md and stay as they are. */
void render_json(const struct report *report, struct buf *out);

/* "damage", "unknown", "note"; "usable", "damaged", "unknown". */
const char *render_kind_name(enum finding_kind kind);
const char *render_state_name(enum backup_state state);

#endif
