#include "server/archive/wal_view.h"

#include "base/mem.h"

#include <inttypes.h>

static struct way way_of(const struct wal_view *view, const struct judged *backup)
{
    const uint64_t size = view->runs.segment_size;
    return way_from(view->judgement->facts, &view->runs, backup->facts->segment.timeline,
                    backup->record->values[RECORD_START_LSN] / size,
                    backup->record->values[RECORD_FINISH_LSN]);
}

/* The first segment of the backup's own WAL that is missing. */
static bool own_hole(const struct wal_view *view, const struct judged *backup,
                     const struct way *way, uint64_t last, struct hole *ret)
{
    struct way_cursor cursor = {0};
    if (way_next_hole(way, &view->runs, &cursor, ret) && ret->first <= last) {
        ret->end = ret->end <= last ? ret->end : last + 1;
        return true;
    }
    /* The way ends with the last segment that there is. */
    const struct leg *end = way->count ? &way->legs[way->count - 1] : NULL;
    const uint64_t first = backup->record->values[RECORD_START_LSN] / view->runs.segment_size;
    *ret = (struct hole){way->target, end ? end->end : first, last + 1};
    return ret->first <= last;
}

static void report_missing(struct wal_view *view, const struct judged *backup, struct hole hole,
                           uint64_t first, uint64_t last)
{
    char from[NAMES_SEGMENT_SIZE], to[NAMES_SEGMENT_SIZE];
    const uint64_t size = view->runs.segment_size;
    const uint32_t timeline = backup->facts->segment.timeline;
    const bool empty = wal_view_is_empty(view, &hole);
    autofree char *needed =
        first == last ? xstrdup("it")
                      : xasprintf("the WAL from %s to %s",
                                  name_of_segment(wal_segment(timeline, first, size), from),
                                  name_of_segment(wal_segment(timeline, last, size), to));
    judgement_find(
        &view->found, FINDING_DAMAGE, empty ? "wal-empty" : "wal-missing",
        wal_view_key(view, hole.timeline, hole.first),
        xasprintf("%s; %s needs %s", empty ? "is empty" : "there is no such segment",
                  backup->facts->name, needed),
        xasprintf("a restore from %s would fail: it needs its own WAL to become consistent",
                  backup->facts->name),
        "take a new base backup now; look for the segment in the bucket's versions and in pg_wal "
        "of the primary and its replicas; delete nothing until the new backup is verified");
}

/* How far the way goes without a hole: at least through the backup's own WAL. */
static void set_reach(struct wal_view *view, struct fate *fate, const struct way *way)
{
    struct way_cursor cursor = {0};
    struct hole hole;
    (void)way_next_hole(way, &view->runs, &cursor, &hole);
    char text[NAMES_SEGMENT_SIZE];
    fate->reaches = wal_time(&view->judgement->facts->wal, cursor.last);
    fate->reaches_wal = xstrdup(name_of_segment(cursor.last, text));
}

static void judge_range(struct wal_view *view, const struct judged *backup, struct fate *fate)
{
    const uint64_t size = view->runs.segment_size;
    const uint64_t start = backup->record->values[RECORD_START_LSN];
    const uint64_t finish = backup->record->values[RECORD_FINISH_LSN];
    const uint64_t last = (finish > start ? finish - 1 : start) / size;
    struct way way = way_of(view, backup);
    struct hole hole;
    fate->judged = true;
    if (own_hole(view, backup, &way, last, &hole)) {
        fate->missing = true;
        report_missing(view, backup, hole, start / size, last);
    } else {
        set_reach(view, fate, &way);
    }
    way_done(&way);
}

void wal_view_ranges(struct wal_view *view)
{
    for (size_t i = 0; i < view->judgement->count; i++) {
        const struct judged *backup = &view->judgement->backups[i];
        if (backup->in_doubt)
            continue;
        judge_range(view, backup, &view->fates[i]);
        if (!backup->damaged && !backup->parent_damaged && !view->fates[i].missing)
            view->newest = i;
    }
    if (view->newest != JUDGEMENT_NONE)
        view->way = way_of(view, &view->judgement->backups[view->newest]);
}
