/* What the halves of deep.c share: deep_backup.c reads tar objects, deep_wal.c reads segments. */
#ifndef SERVER_ARCHIVE_DEEP_LOOK_H
#define SERVER_ARCHIVE_DEEP_LOOK_H

#include "server/archive/deep.h"
#include "server/archive/object.h"
#include "server/archive/rate.h"

struct look {
    struct source *source;
    const struct facts *facts;
    const struct deep_options *options;
    struct report *report;
    struct rate rate;
    struct progress_state state;
    unsigned char *reached; /* of each backup, a bit for each kind of finding; NULL before any */
    bool cancelled;
};

/* As object_read(), within the rate and with progress. OBJECT_STOPPED with look->cancelled when it
 * was cancelled. */
enum object_status look_read(struct look *look, const char *key, codec_take take, void *context,
                             struct error *err) __attribute__((warn_unused_result));

/* Adds a finding about the object, with what it means by what the object is. Of a damage the
 * backups that need the object are not usable any more, or reach less far. */
void look_found(struct look *look, enum finding_kind kind, const char *code, const char *key,
                const char *what);

/* Adds the finding for an object that could not be read whole, other than OBJECT_FOREIGN: that
 * depends on its neighbours. */
void look_status(struct look *look, enum object_status status, const char *key, const char *what);

/* Whether a finding of this code is there already, about an object whose key has `part` in it. */
bool look_has(const struct look *look, const char *code, const char *part);

/* The halves: each first counts what it will read. */
void look_count_backups(struct look *look);
void look_at_backups(struct look *look);

struct wal_objects;
struct wal_objects *look_list_wal(struct look *look);
void look_at_wal(struct look *look, struct wal_objects *objects);

#endif
