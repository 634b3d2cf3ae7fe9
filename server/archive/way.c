#include "server/archive/way.h"

#include "base/mem.h"

static int by_timeline(const void *a, const void *b)
{
    const struct history_entry *x = a, *y = b;
    return x->timeline < y->timeline ? -1 : x->timeline > y->timeline;
}

/* Where the timeline stands in the past; NULL when it is not of it. */
static const struct history_entry *entry_of(const struct history *past, uint32_t timeline)
{
    const struct history_entry key = {.timeline = timeline};
    return past->count
               ? bsearch(&key, past->entries, past->count, sizeof *past->entries, by_timeline)
               : NULL;
}

bool way_descends(const struct history *past, uint32_t timeline, uint64_t lsn)
{
    const struct history_entry *entry = entry_of(past, timeline);
    return entry && entry->end >= lsn;
}

/* The history of the newest timeline that follows from the backup; NULL when it is its own. */
static const struct history_facts *target_of(const struct facts *facts, uint32_t timeline,
                                             uint64_t lsn)
{
    for (size_t i = facts->history_count; i > 0; i--) {
        const struct history_facts *history = &facts->histories[i - 1];
        if (history->timeline <= timeline)
            break;
        if (history->fact.state == FACT_READ && way_descends(&history->history, timeline, lsn))
            return history;
    }
    return NULL;
}

static void add_leg(struct way *way, uint32_t timeline, uint64_t first, uint64_t end)
{
    if (end > first)
        way->legs[way->count++] = (struct leg){timeline, first, end};
}

/* The end of the last leg: behind the last segment that there is, empty ones included. */
static void add_last(struct way *way, const struct wal *wal, const struct wal_runs *runs,
                     uint32_t timeline, uint64_t first)
{
    const struct wal_run *last = wal_run_last(runs, timeline);
    uint64_t end = last ? last->last + 1 : first;
    for (size_t i = 0; i < wal->empty_count; i++) {
        const uint64_t number = wal_number(wal->empty[i], runs->segment_size);
        if (wal->empty[i].timeline == timeline && number >= end)
            end = number + 1;
    }
    add_leg(way, timeline, first, end);
}

/* A timeline's last segment, in which the next one begins, is read from that next one. */
struct way way_from(const struct facts *facts, const struct wal_runs *runs, uint32_t timeline,
                    uint64_t first, uint64_t lsn)
{
    const struct history_facts *target = target_of(facts, timeline, lsn);
    struct way way = {NULL, 0, timeline};
    if (!target) {
        way.legs = xcalloc(1, sizeof *way.legs);
        add_last(&way, &facts->wal, runs, timeline, first);
        return way;
    }
    const struct history *past = &target->history;
    way.target = target->timeline;
    way.legs = xcalloc(past->count + 1, sizeof *way.legs);
    for (size_t i = 0; i < past->count; i++) {
        const struct history_entry *entry = &past->entries[i];
        if (entry->timeline < timeline)
            continue;
        const uint64_t end = entry->end / runs->segment_size;
        add_leg(&way, entry->timeline, first, end);
        if (end > first)
            first = end;
    }
    add_last(&way, &facts->wal, runs, target->timeline, first);
    return way;
}

void way_done(struct way *way)
{
    free(TAKE(way->legs));
    way->count = 0;
}

bool way_next_hole(const struct way *way, const struct wal_runs *runs, struct way_cursor *cursor,
                   struct hole *ret)
{
    for (; cursor->leg < way->count; cursor->leg++, cursor->number = 0) {
        const struct leg *leg = &way->legs[cursor->leg];
        uint64_t number = cursor->number > leg->first ? cursor->number : leg->first;
        const struct wal_run *run = wal_run_from(runs, leg->timeline, number);
        while (run && run->first <= number && number < leg->end) {
            number = run->last < leg->end ? run->last + 1 : leg->end;
            cursor->last = wal_segment(leg->timeline, number - 1, runs->segment_size);
            run = wal_run_from(runs, leg->timeline, number);
        }
        if (number >= leg->end)
            continue;
        *ret = (struct hole){leg->timeline, number,
                             run && run->first < leg->end ? run->first : leg->end};
        cursor->number = ret->end;
        return true;
    }
    return false;
}

bool way_has(const struct way *way, uint32_t timeline, uint64_t number)
{
    for (size_t i = 0; i < way->count; i++)
        if (way->legs[i].timeline == timeline && number >= way->legs[i].first &&
            number < way->legs[i].end)
            return true;
    return false;
}
