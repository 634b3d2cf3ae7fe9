#include "server/archive/settle.h"

#include "base/mem.h"
#include "server/archive/segment_size.h"

/* The first hole that is near enough to the last segment of the timeline. */
static bool near_hole(const struct wal_runs *runs, uint32_t timeline, struct unsettled *ret)
{
    const struct wal_run *last = wal_run_last(runs, timeline);
    bool found = false;
    *ret = (struct unsettled){.timeline = timeline, .last = last->last};
    for (const struct wal_run *run = last; run > runs->items; run--) {
        const struct wal_run *before = run - 1;
        if (before->timeline != timeline || last->last - before->last > SETTLE_SEGMENTS)
            break;
        ret->first = before->last + 1;
        found = true;
    }
    return found;
}

bool settle_find(const struct facts *facts, int64_t now, struct unsettled *ret)
{
    const struct wal *wal = &facts->wal;
    if (!wal->page_count)
        return false;
    /* Any size that is possible does: it is about neighbours. */
    const uint64_t size = segment_size_of(segment_sizes_first(segment_size_derive(facts).sizes));
    const uint32_t timeline = wal->pages[wal->page_count - 1].timeline;
    struct wal_runs runs = wal_runs(wal, size);
    const bool found = wal_run_last(&runs, timeline) && near_hole(&runs, timeline, ret);
    wal_runs_done(&runs);
    if (!found)
        return false;
    const int64_t age = now - wal_time(wal, wal_segment(timeline, ret->last, size));
    ret->segment_size = size;
    ret->seconds = age > 0 ? SETTLE_SECONDS - age : SETTLE_SECONDS;
    return age >= -SETTLE_SKEW && ret->seconds > 0;
}

struct again {
    struct facts *facts;
    const struct unsettled *unsettled;
};

static bool fill(void *context, const struct source_object *object)
{
    const struct again *again = context;
    const struct unsettled *unsettled = again->unsettled;
    const struct name name = name_parse(object->key);
    const uint64_t number = wal_number(name.segment, unsettled->segment_size);
    if (name.kind == NAME_SEGMENT && object->size && number >= unsettled->first &&
        number <= unsettled->last)
        wal_fill(&again->facts->wal, name.segment, object->size, object->modified);
    return true;
}

void settle_again(struct source *source, struct facts *facts, const struct unsettled *unsettled)
{
    const uint64_t size = unsettled->segment_size;
    const uint32_t last = wal_segment(1, unsettled->last, size).high;
    struct again again = {facts, unsettled};
    for (uint32_t high = wal_segment(1, unsettled->first, size).high; high <= last; high++) {
        struct error err;
        autofree char *prefix = xasprintf(NAMES_WAL "%08X%08X", unsettled->timeline, high);
        if (source_list(source, prefix, fill, &again, &err) != SOURCE_DONE)
            return;
    }
}
