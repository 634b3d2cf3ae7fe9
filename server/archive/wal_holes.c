#include "server/archive/wal_view.h"

#include "base/mem.h"

#include <inttypes.h>

/* Holes of one way that are told one by one. */
#define HOLES_MAX 100

#define DAY (24 * 3600)

static const char *const new_backup =
    "take a new base backup now: with it the hole matters only to what was before; look for the "
    "segments in the bucket's versions and in pg_wal of the primary and its replicas; delete "
    "nothing";

/* "about 2026-11-22 03:12 UTC": when the segment before the hole was archived. There is one: the
 * backup has its own WAL. */
static char *time_before(const struct wal_view *view, struct segment_name last)
{
    autofree char *time = judgement_time(wal_time(&view->judgement->facts->wal, last));
    return xasprintf("about %s", time);
}

static bool is_end(const struct way *way, const struct hole *hole)
{
    const struct leg *last = &way->legs[way->count - 1];
    return hole->timeline == last->timeline && hole->end == last->end;
}

static char *describe(const struct wal_view *view, const struct way *way, const struct hole *hole)
{
    char first[NAMES_SEGMENT_SIZE], last[NAMES_SEGMENT_SIZE];
    const uint64_t size = view->runs.segment_size, count = hole->end - hole->first;
    const char *missing = wal_view_is_empty(view, hole) ? "empty" : "missing";
    const char *after = is_end(way, hole) ? "" : ", and WAL after that is there";
    name_of_segment(wal_segment(hole->timeline, hole->first, size), first);
    if (count == 1)
        return xasprintf("segment %s is %s%s", first, missing, after);
    name_of_segment(wal_segment(hole->timeline, hole->end - 1, size), last);
    return xasprintf("%" PRIu64 " segments are %s, from %s to %s%s", count, missing, first, last,
                     after);
}

static const char *code_of(const struct wal_view *view, const struct hole *hole)
{
    return wal_view_is_empty(view, hole) ? "wal-empty" : "wal-gap";
}

/* Only the first hole stops a restore; the next ones would, once it is mended. */
static void report_hole(struct wal_view *view, const struct hole *hole, struct segment_name last,
                        bool first)
{
    autofree char *time = time_before(view, last);
    judgement_find(
        &view->found, FINDING_DAMAGE, code_of(view, hole),
        wal_view_key(view, hole->timeline, hole->first), describe(view, &view->way, hole),
        first
            ? xasprintf("a restore to any time after %s would fail, and one to the latest state "
                        "would end there without saying so",
                        time)
            : xasprintf("if the holes before it were mended, a restore to any time after %s would "
                        "fail",
                        time),
        new_backup);
}

static void newest_way(struct wal_view *view)
{
    struct way_cursor cursor = {0};
    struct hole hole;
    uint64_t count = 0;
    while (way_next_hole(&view->way, &view->runs, &cursor, &hole)) {
        if (count < HOLES_MAX)
            report_hole(view, &hole, cursor.last, !count);
        count++;
    }
    view->end = cursor.last;
    if (count > HOLES_MAX)
        judgement_find(&view->found, FINDING_DAMAGE, "wal-gap", xstrdup(NAMES_WAL),
                       xasprintf("%" PRIu64 " more holes follow", count - HOLES_MAX),
                       xstrdup("most of this WAL is of no use for a restore"), new_backup);
}

static bool before(struct segment_name a, uint32_t timeline, uint64_t number, uint64_t size)
{
    return a.timeline < timeline || (a.timeline == timeline && wal_number(a, size) < number);
}

static bool same(const struct hole *a, const struct hole *b)
{
    return a->timeline == b->timeline && a->first == b->first && a->end == b->end;
}

/* The first hole after an older backup, when it lies before the newest one: restores from the
 * newest one are not affected. Those of a permanent backup are what retention leaves. */
static void older_way(struct wal_view *view, const struct judged *backup, struct hole *told)
{
    const uint64_t size = view->runs.segment_size;
    const struct judged *newest = &view->judgement->backups[view->newest];
    const uint64_t *values = backup->record->values;
    struct way way = way_from(view->judgement->facts, &view->runs, backup->facts->segment.timeline,
                              values[RECORD_START_LSN] / size, values[RECORD_FINISH_LSN]);
    struct way_cursor cursor = {0};
    struct hole hole;
    const bool found = way_next_hole(&way, &view->runs, &cursor, &hole);
    autofree char *what = found ? describe(view, &way, &hole) : NULL;
    way_done(&way);
    if (!found || same(&hole, told) ||
        !before(cursor.last, newest->facts->segment.timeline,
                newest->record->values[RECORD_START_LSN] / size, size) ||
        way_has(&view->way, hole.timeline, hole.first))
        return;
    *told = hole;
    autofree char *time = time_before(view, cursor.last);
    autofree char *from = judgement_time(newest->finish);
    judgement_find(&view->found, FINDING_NOTE, code_of(view, &hole),
                   wal_view_key(view, hole.timeline, hole.first), xstrdup(what),
                   xasprintf("a restore to a time between %s and %s, when %s ended, would fail; "
                             "later times are not affected",
                             time, from, newest->facts->name),
                   "look for the segments in the bucket's versions, if a restore to that time may "
                   "be wanted");
}

static bool is_told(const struct wal_view *view, const char *key)
{
    for (size_t i = 0; i < view->found.finding_count; i++)
        if (!strcmp(view->found.findings[i].object, key))
            return true;
    return false;
}

/* Empty segments that no restore reads. */
static void other_empty(struct wal_view *view)
{
    const struct wal *wal = &view->judgement->facts->wal;
    for (size_t i = 0; i < wal->empty_count; i++) {
        const struct segment_name segment = wal->empty[i];
        const uint64_t number = wal_number(segment, view->runs.segment_size);
        autofree char *key = wal_view_key(view, segment.timeline, number);
        if (wal_time(wal, segment) || way_has(&view->way, segment.timeline, number) ||
            is_told(view, key))
            continue;
        judgement_find(&view->found, FINDING_NOTE, "wal-empty", xstrdup(key), xstrdup("is empty"),
                       xstrdup("a restore from the newest backup does not read it"),
                       "look why it was stored empty; take a new base backup");
    }
}

/* A new timeline whose WAL has not come: for a while that is normal. */
static void not_begun(struct wal_view *view)
{
    const struct way *way = &view->way;
    const struct history_facts *history = facts_history(view->judgement->facts, way->target);
    const struct leg *last = way->count ? &way->legs[way->count - 1] : NULL;
    if (!last || !history || last->timeline == way->target)
        return;
    const bool young = view->judgement->options->now - history->modified <= DAY;
    autofree char *time = time_before(view, view->end);
    judgement_find(&view->found, young ? FINDING_NOTE : FINDING_DAMAGE, "wal-missing",
                   wal_view_key(view, way->target, last->end),
                   xasprintf("timeline %u has begun, but none of its WAL is here", way->target),
                   xasprintf("a restore ends with timeline %u: what was written after %s is lost",
                             last->timeline, time),
                   "find out why the new primary does not archive (pg_stat_archiver and its log)");
}

void wal_view_holes(struct wal_view *view)
{
    struct hole told = {0};
    if (view->newest != JUDGEMENT_NONE) {
        newest_way(view);
        not_begun(view);
        for (size_t i = 0; i < view->newest; i++) {
            const struct judged *backup = &view->judgement->backups[i];
            if (view->fates[i].judged && !view->fates[i].missing && !backup->permanent)
                older_way(view, backup, &told);
        }
    }
    other_empty(view);
}
