/*
 * An archive in memory, for the unit tests of what reads and judges one: stands in for source.c.
 * Compressions are left out, so that objects are written as they are read.
 */
#ifndef TESTS_UNIT_ARCHIVE_STORE_H
#define TESTS_UNIT_ARCHIVE_STORE_H

#include "base/mem.h"
#include "server/archive/collect.h"
#include "server/archive/judge.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#define STORE_TIME 1795348805 /* 2026-11-22T12:00:05Z: when the first backup was taken */
#define STORE_HOUR 3600
#define STORE_DAY (24 * STORE_HOUR)
#define STORE_MIB (UINT64_C(1) << 20)
#define STORE_SYSTEM UINT64_C(7710964401795056148)

struct store_object {
    char *key, *content;
    uint64_t size;
    int64_t modified;
    bool forbidden, fleeting; /* cannot be read; is gone once it has been listed */
};

struct source {
    struct store_object objects[256];
    size_t count;
    const char *no_list; /* the listing of this prefix fails; "*" = each */
    uint64_t segment_size;
};

static inline struct store_object *store_find(struct source *store, const char *key)
{
    for (size_t i = 0; i < store->count; i++)
        if (!strcmp(store->objects[i].key, key))
            return &store->objects[i];
    return NULL;
}

static inline struct store_object *store_at(struct source *store, const char *key)
{
    struct store_object *object = store_find(store, key);
    if (!object)
        fail_msg("the store has no '%s'", key);
    return object;
}

/* Writes an object; takes the content. */
static inline void store_put(struct source *store, const char *key, char *content, int64_t modified)
{
    struct store_object *object = store_find(store, key);
    if (!object) {
        assert_true(store->count < sizeof store->objects / sizeof *store->objects);
        object = &store->objects[store->count++];
        *object = (struct store_object){.key = xstrdup(key)};
    }
    free(object->content);
    object->content = content;
    object->size = strlen(content);
    object->modified = modified;
}

/* An object of which only the size matters. */
static inline void store_size(struct source *store, const char *key, uint64_t size,
                              int64_t modified)
{
    store_put(store, key, xstrdup(""), modified);
    store_at(store, key)->size = size;
}

static inline void store_remove(struct source *store, const char *key)
{
    struct store_object *object = store_at(store, key);
    free(object->key);
    free(object->content);
    *object = store->objects[--store->count];
}

static inline void store_edit(struct source *store, const char *key, const char *content)
{
    store_put(store, key, xstrdup(content), store_at(store, key)->modified);
}

/* Replaces a text of an object, which must be there. */
static inline void store_change(struct source *store, const char *key, const char *from,
                                const char *to)
{
    struct store_object *object = store_at(store, key);
    const char *found = strstr(object->content, from);
    if (!found)
        fail_msg("'%s' is not in %s", from, object->content);
    char *content = xasprintf("%.*s%s%s", (int)(found - object->content), object->content, to,
                              found + strlen(from));
    store_put(store, key, content, object->modified);
}

static inline void store_copy(struct source *store, const char *from, const char *to)
{
    store_put(store, to, xstrdup(store_at(store, from)->content), store_at(store, to)->modified);
}

/* ---- what WAL-G writes ---- */

/* Segment n of a timeline, an hour after segment n - 1. */
static inline char *store_segment_key(const struct source *store, uint32_t timeline, uint64_t n)
{
    char text[NAMES_SEGMENT_SIZE];
    return xasprintf("wal_005/%s.lz4",
                     name_of_segment(wal_segment(timeline, n, store->segment_size), text));
}

static inline void store_segment(struct source *store, uint32_t timeline, uint64_t n)
{
    autofree char *key = store_segment_key(store, timeline, n);
    store_size(store, key, 1000, STORE_TIME + (int64_t)n * STORE_HOUR);
}

static inline void store_segments(struct source *store, uint32_t timeline, uint64_t first,
                                  uint64_t last)
{
    for (uint64_t n = first; n <= last; n++)
        store_segment(store, timeline, n);
}

static inline void store_remove_segment(struct source *store, uint32_t timeline, uint64_t n)
{
    autofree char *key = store_segment_key(store, timeline, n);
    store_remove(store, key);
}

static inline char *store_clock(int64_t time)
{
    struct tm parts;
    char text[32];
    time_t seconds = (time_t)time;
    assert_non_null(gmtime_r(&seconds, &parts));
    assert_true(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts));
    return xasprintf("%s.5Z", text);
}

struct store_backup {
    uint32_t timeline;
    uint64_t first; /* number of the segment that it begins in */
    uint64_t last;  /* and ends in; 0 = the same */
    const char *parent;
    uint64_t parent_lsn;
    uint64_t system; /* 0 = STORE_SYSTEM */
};

/* The name of such a backup; the caller frees. */
static inline char *store_backup_name(const struct source *store, struct store_backup backup)
{
    char text[NAMES_SEGMENT_SIZE];
    name_of_segment(wal_segment(backup.timeline, backup.first, store->segment_size), text);
    return backup.parent ? xasprintf("base_%s_D_%.24s", text, backup.parent + 5)
                         : xasprintf("base_%s", text);
}

static inline void store_put_in(struct source *store, const char *name, const char *rest,
                                char *content, int64_t modified)
{
    autofree char *key = xasprintf("basebackups_005/%s%s", name, rest);
    store_put(store, key, content, modified);
}

/* A whole backup: 1,000 bytes of parts, taken an hour after segment first - 1, in a minute. */
static inline void store_backup(struct source *store, struct store_backup backup)
{
    const int64_t began = STORE_TIME + (int64_t)(backup.first - 1) * STORE_HOUR, ended = began + 60;
    const uint64_t start = backup.first * store->segment_size + 40;
    const uint64_t finish = (backup.last ? backup.last : backup.first) * store->segment_size + 256;
    const uint64_t system = backup.system ? backup.system : STORE_SYSTEM;
    autofree char *name = store_backup_name(store, backup);
    autofree char *from = store_clock(began);
    autofree char *to = store_clock(ended);
    autofree char *delta = backup.parent
                               ? xasprintf("\"DeltaLSN\":%" PRIu64 ",\"DeltaFrom\":\"%s\",",
                                           backup.parent_lsn, backup.parent)
                               : xstrdup("");
    store_put_in(store, name, "_backup_stop_sentinel.json",
                 xasprintf("{\"LSN\":%" PRIu64 ",%s\"PgVersion\":150020,\"FinishLSN\":%" PRIu64
                           ",\"SystemIdentifier\":%" PRIu64
                           ",\"UncompressedSize\":2000,\"CompressedSize\":1000,\"Spec\":null,"
                           "\"Version\":2,\"StartTime\":\"%s\",\"FinishTime\":\"%s\","
                           "\"IsPermanent\":false}",
                           start, delta, finish, system, from, to),
                 ended);
    store_put_in(store, name, "/metadata.json",
                 xasprintf("{\"start_time\":\"%s\",\"finish_time\":\"%s\",\"pg_version\":150020,"
                           "\"start_lsn\":%" PRIu64 ",\"finish_lsn\":%" PRIu64
                           ",\"is_permanent\":false,\"system_identifier\":%" PRIu64
                           ",\"uncompressed_size\":2000,\"compressed_size\":1000}",
                           from, to, start, finish, system),
                 ended);
    store_put_in(
        store, name, "/files_metadata.json",
        xasprintf("{\"Files\":{\"/PG_VERSION\":{\"IsIncremented\":false,\"IsSkipped\":%s}},"
                  "\"TarFileSets\":{\"backup_label.tar\":[\"backup_label\"],"
                  "\"part_001.tar\":[\"/PG_VERSION\"]}}",
                  backup.parent ? "true" : "false"),
        ended);
    store_put_in(store, name, "/tar_partitions/part_001.tar", xasprintf("%600s", "part"), ended);
    store_put_in(store, name, "/tar_partitions/backup_label.tar", xasprintf("%200s", "label"),
                 ended);
    store_put_in(store, name, "/tar_partitions/pg_control.tar", xasprintf("%200s", "control"),
                 ended);
}

static inline void store_history(struct source *store, uint32_t timeline, const char *text)
{
    autofree char *key = xasprintf("wal_005/%08X.history", timeline);
    store_put(store, key, xstrdup(text), STORE_TIME);
}

#define STORE_FULL "base_000000010000000000000002"
#define STORE_DELTA "base_000000010000000000000004_D_000000010000000000000002"
#define STORE_FULL_LSN 33554472
#define STORE_BACKUPS "basebackups_005/"
#define STORE_SENTINEL "_backup_stop_sentinel.json"

/* As a real one: a full backup and its delta, a promotion in segment 6, segments of 16 MiB. */
static inline struct source store_whole(void)
{
    struct source store = {.segment_size = 16 * STORE_MIB};
    store_segments(&store, 1, 1, 5);
    store_backup(&store, (struct store_backup){.timeline = 1, .first = 2});
    store_backup(
        &store, (struct store_backup){
                    .timeline = 1, .first = 4, .parent = STORE_FULL, .parent_lsn = STORE_FULL_LSN});
    store_size(&store, "wal_005/000000010000000000000002.00000028.backup.lz4", 257, STORE_TIME);
    store_size(&store, "wal_005/000000010000000000000006.partial.lz4", 500, STORE_TIME);
    store_history(&store, 2, "1\t0/60000A0\tno recovery target specified\n");
    store_segments(&store, 2, 6, 7);
    return store;
}

static inline void store_done(struct source *store)
{
    while (store->count)
        store_remove(store, store->objects[0].key);
}

/* ---- what source.c would do ---- */

static inline enum source_status store_list(struct source *store, const char *prefix, bool folders,
                                            source_visit visit, void *context, struct error *err)
{
    if (store->no_list && (store->no_list[0] == '*' || !strcmp(store->no_list, prefix))) {
        error_set_(err, "the store says 403 AccessDenied");
        return SOURCE_UNKNOWN;
    }
    const char *last = "";
    for (size_t i = 0; i < store->count; i++) {
        const struct store_object *object = &store->objects[i];
        struct str key = str_of(object->key);
        if (!str_starts(key, str_of(prefix)))
            continue;
        const long slash = folders ? str_find(str_skip(key, strlen(prefix)), STR("/")) : -1;
        struct source_object one = {key, object->size, object->modified};
        if (slash >= 0)
            one = (struct source_object){{key.data, strlen(prefix) + (size_t)slash + 1}, 0, 0};
        if (slash >= 0 && !strncmp(last, key.data, one.key.length))
            continue;
        last = slash >= 0 ? key.data : last;
        if (!visit(context, &one))
            return SOURCE_STOPPED;
    }
    return SOURCE_DONE;
}

enum source_status source_list(struct source *source, const char *prefix, source_visit visit,
                               void *context, struct error *err)
{
    return store_list(source, prefix, false, visit, context, err);
}

enum source_status source_list_folder(struct source *source, const char *prefix, source_visit visit,
                                      void *context, struct error *err)
{
    return store_list(source, prefix, true, visit, context, err);
}

enum source_status source_read(struct source *source, const char *key, source_bytes take,
                               void *context, struct error *err)
{
    const struct store_object *object = store_at(source, key);
    if (object->fleeting)
        return SOURCE_ABSENT;
    if (object->forbidden) {
        error_set_(err, "the store says 403 AccessDenied");
        return SOURCE_UNKNOWN;
    }
    struct str content = str_of(object->content);
    while (content.length) { /* in small pieces, as a network would */
        struct str piece = {content.data, content.length < 7 ? content.length : 7};
        if (!take(context, piece))
            return SOURCE_STOPPED;
        content = str_skip(content, piece.length);
    }
    return SOURCE_DONE;
}

/* ---- what comes of it ---- */

static inline struct report store_judge(struct source *store, const struct judge_options *options)
{
    struct facts facts;
    struct report report;
    collect(store, &facts);
    judge(&facts, "an archive", options, &report);
    facts_done(&facts);
    return report;
}

/* "kind code object: what", one line each. */
static inline void store_check_lines(const struct report *report, const char *expected)
{
    static const char *const kinds[] = {"damage", "unknown", "note"};
    struct buf lines = BUF(1024 * 1024);
    buf_add_text(&lines, "");
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct finding *it = &report->findings[i];
        assert_true(it->means[0] && it->way_out[0]);
        buf_addf(&lines, "%s %s %s: %s\n", kinds[it->kind], it->code, it->object, it->what);
    }
    assert_string_equal(buf_str(&lines).data, expected);
    buf_clear(&lines);
}

/* Judges, checks the findings, and ends the store. */
static inline void store_check(struct source *store, const char *expected)
{
    const struct judge_options options = {.now = STORE_TIME + 2 * STORE_DAY};
    struct report report = store_judge(store, &options);
    store_check_lines(&report, expected);
    report_done(&report);
    store_done(store);
}

#endif
