/* The file of `backups watch`: read once, checked whole. Every mistake is told with its path. */
#ifndef SERVER_ARCHIVE_WATCH_CONFIG_H
#define SERVER_ARCHIVE_WATCH_CONFIG_H

#include "patches/fields.h"
#include "server/config.h"

/* Largest file, in bytes; most archives in it. */
#define WATCH_CONFIG_MAX (1024u * 1024)
#define WATCH_TARGETS_MAX 1000

/* Durations in milliseconds, 0 = not asked. */
struct watch_target {
    char *name; /* for the log */
    char *prefix;
    char *region, *endpoint, *ca, *credentials; /* NULL: as in struct source_place */
    bool path_style;
    uint64_t max_backup_age, max_wal_age, min_backups;
    bool deep;
    char *rate_text;
    uint64_t rate;   /* of deep, bytes a second; 0 = as fast as it goes */
    char *walg_list; /* what WAL-G lists, written by somebody else; NULL: not compared */
};

struct watch_config {
    char *listen;      /* "host:port" */
    uint64_t interval; /* from one look at an archive to the next */
    uint64_t timeout;  /* how long one may take */
    struct config_log log;
    struct watch_target *targets;
    size_t target_count;
};

/* The keys, for the reference page. */
extern const struct field watch_config_fields[];
extern const struct field watch_target_fields[];

/* Reads the text of a file called `name`. Returns false when there are mistakes: each is added with
 * the name in front. The caller ends *ret with watch_config_done(), also after a failure. */
bool watch_config_parse(const char *name, struct str text, struct watch_config *ret,
                        struct strlist *mistakes) __attribute__((warn_unused_result));

/* The same of a file. */
bool watch_config_load(const char *path, struct watch_config *ret, struct strlist *mistakes)
    __attribute__((warn_unused_result));

void watch_config_done(struct watch_config *config);

#endif
