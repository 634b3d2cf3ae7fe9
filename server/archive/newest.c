#include "server/archive/newest.h"

#include "base/mem.h"
#include "server/archive/record.h"

#include <stdio.h>

/* Timelines and digits follow one another; a bound all the same. */
#define TIMELINES_MAX 1000

static bool is_newer(struct segment_name a, struct segment_name b)
{
    if (a.timeline != b.timeline)
        return a.timeline > b.timeline;
    return a.high != b.high ? a.high > b.high : a.low > b.low;
}

static void not_listed(struct strlist *not_read, const char *key, const struct error *err)
{
    strlist_addf(not_read, "%s: %s", key, err->text);
}

/* ---- the newest backup ---- */

struct sentinels {
    size_t folder; /* bytes of every key that are the archive's folder */
    struct found_archive *archive;
    struct segment_name newest;
};

static bool take_sentinel(void *context, const struct source_object *object)
{
    struct sentinels *it = context;
    struct name name = name_parse(str_skip(object->key, it->folder));
    struct segment_name begin;
    struct segment_name parent;
    if (name.kind != NAME_SENTINEL || !name_backup(name.backup, &begin, &parent))
        return true;
    it->archive->backups++;
    if (it->archive->newest_backup && !is_newer(begin, it->newest))
        return true;
    free(it->archive->newest_backup);
    it->archive->newest_backup = xstrndup(name.backup.data, name.backup.length);
    it->archive->backup_time = object->modified;
    it->newest = begin;
    return true;
}

struct reading {
    struct record_reader reader;
    bool fine;
};

static bool feed(void *context, struct str bytes)
{
    struct reading *reading = context;
    struct error unused;
    reading->fine = record_feed(&reading->reader, bytes, &unused);
    return reading->fine;
}

/* The end that the backup itself tells stays right in a bucket that was copied. When it cannot be
 * read, the time of the sentinel stands. */
static void read_finish(struct source *source, const char *folder, struct found_archive *archive)
{
    struct error unused;
    struct reading reading = {.fine = true};
    cleanup(record_done) struct record record = {0};
    autofree char *key =
        xasprintf("%s" NAMES_BACKUPS "%s/metadata.json", folder, archive->newest_backup);
    record_begin(&reading.reader, RECORD_METADATA, &record, NULL, NULL);
    if (source_read(source, key, feed, &reading, &unused) == SOURCE_DONE && reading.fine &&
        record_end(&reading.reader, &unused) && record_has(&record, RECORD_FINISH_TIME))
        archive->backup_time = (int64_t)record.values[RECORD_FINISH_TIME];
}

void newest_backup(struct source *source, const char *folder, struct found_archive *archive,
                   struct strlist *not_read)
{
    struct error err;
    struct sentinels sentinels = {.folder = strlen(folder), .archive = archive};
    autofree char *place = xasprintf("%s" NAMES_BACKUPS, folder);
    if (source_list_folder(source, place, take_sentinel, &sentinels, &err) == SOURCE_UNKNOWN)
        not_listed(not_read, place, &err);
    if (archive->newest_backup)
        read_finish(source, folder, archive);
}

/* ---- the newest segment ---- */

struct segments {
    struct source *source;
    struct strlist *not_read;
    const char *folder;
    size_t most; /* stop after so many segments */
    size_t count;
    struct segment_name newest;
    int64_t time;
};

static bool take_segment(void *context, const struct source_object *object)
{
    struct segments *it = context;
    struct name name = name_parse(str_skip(object->key, strlen(it->folder)));
    if (name.kind != NAME_SEGMENT || !object->size)
        return true;
    if (!it->count++ || is_newer(name.segment, it->newest)) {
        it->newest = name.segment;
        it->time = object->modified;
    }
    return it->count < it->most;
}

/* The newest of the first `most` segments whose names begin with `begin`. */
static enum source_status list(struct segments *it, const char *begin, size_t most)
{
    struct error err;
    autofree char *prefix = xasprintf("%s" NAMES_WAL "%s", it->folder, begin);
    it->count = 0;
    it->most = most;
    enum source_status status = source_list(it->source, prefix, take_segment, it, &err);
    if (status == SOURCE_UNKNOWN)
        not_listed(it->not_read, prefix, &err);
    return status;
}

/* Whether there is a segment whose name begins so; *ret_first is the first one. */
static bool any(const struct segments *it, const char *begin, struct segment_name *ret_first)
{
    struct segments one = *it;
    if (list(&one, begin, 1) == SOURCE_UNKNOWN || !one.count)
        return false;
    *ret_first = one.newest;
    return true;
}

/* Goes on to the last timeline that has a segment, to its first one. */
static void last_timeline(const struct segments *it, struct segment_name *at)
{
    char begin[NAMES_SEGMENT_SIZE];
    for (uint32_t i = 1; i <= TIMELINES_MAX; i++) {
        snprintf(begin, sizeof(begin), "%08X", at->timeline + 1);
        if (!any(it, begin, at))
            return;
    }
}

/* Goes on to the last high part of the timeline: one hexadecimal digit after the other is raised as
 * long as there is a segment. */
static void last_high_part(const struct segments *it, struct segment_name *at)
{
    char begin[NAMES_SEGMENT_SIZE];
    for (int shift = 28; shift >= 0; shift -= 4) {
        do
            snprintf(begin, sizeof(begin), "%08X%0*X", at->timeline, (32 - shift) / 4,
                     (at->high >> shift) + 1);
        while ((at->high >> shift & 15) < 15 && any(it, begin, at));
    }
}

/* Among many: starts at `at`, the newest segment that is known. */
static void search(struct segments *it, struct segment_name at)
{
    char begin[NAMES_SEGMENT_SIZE];
    last_timeline(it, &at);
    last_high_part(it, &at);
    snprintf(begin, sizeof(begin), "%08X%08X", at.timeline, at.high);
    struct segments known = *it;
    if (list(it, begin, SIZE_MAX) != SOURCE_DONE || !it->count)
        *it = known;
}

/* Where a search can begin: at the newest backup, if that is newer than what was seen. */
static struct segment_name known_segment(const struct found_archive *archive,
                                         struct segment_name seen)
{
    struct segment_name backup;
    struct segment_name parent;
    if (archive->newest_backup && name_backup(str_of(archive->newest_backup), &backup, &parent) &&
        is_newer(backup, seen))
        return backup;
    return seen;
}

void newest_wal(struct source *source, const char *folder, struct found_archive *archive,
                struct strlist *not_read)
{
    char text[NAMES_SEGMENT_SIZE];
    struct segments segments = {.source = source, .folder = folder, .not_read = not_read};
    bool sorted = str_starts(str_of(source_name(source)), STR("s3://")); /* a folder is not */
    enum source_status status = list(&segments, "", sorted ? FIND_SEGMENTS_MAX : SIZE_MAX);
    if (!segments.count)
        return;
    if (status == SOURCE_STOPPED)
        search(&segments, known_segment(archive, segments.newest));
    archive->newest_wal = xstrdup(name_of_segment(segments.newest, text));
    archive->wal_time = segments.time;
}
