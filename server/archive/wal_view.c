#include "server/archive/wal_view.h"

#include "base/mem.h"

char *wal_view_key(const struct wal_view *view, uint32_t timeline, uint64_t number)
{
    char text[NAMES_SEGMENT_SIZE];
    return xasprintf(NAMES_WAL "%s%s",
                     name_of_segment(wal_segment(timeline, number, view->runs.segment_size), text),
                     view->judgement->facts->suffix);
}

bool wal_view_is_empty(const struct wal_view *view, const struct hole *hole)
{
    if (hole->end - hole->first > view->judgement->facts->wal.empty_count)
        return false;
    for (uint64_t number = hole->first; number < hole->end; number++)
        if (!wal_is_empty(&view->judgement->facts->wal,
                          wal_segment(hole->timeline, number, view->runs.segment_size)))
            return false;
    return true;
}

struct wal_view *wal_view_new(const struct judgement *judgement, uint64_t segment_size)
{
    struct wal_view *view = xcalloc(1, sizeof *view);
    view->judgement = judgement;
    view->runs = wal_runs(&judgement->facts->wal, segment_size);
    view->fates = xcalloc(judgement->count + 1, sizeof *view->fates);
    view->newest = JUDGEMENT_NONE;
    wal_view_ranges(view);
    wal_view_timelines(view);
    wal_view_holes(view);
    return view;
}

void wal_view_free(struct wal_view *view)
{
    for (size_t i = 0; i < view->judgement->count; i++)
        free(view->fates[i].reaches_wal);
    free(view->fates);
    way_done(&view->way);
    wal_runs_done(&view->runs);
    report_done(&view->found);
    free(view);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

static bool same_finding(const struct finding *a, const struct finding *b)
{
    return a->kind == b->kind && same_text(a->code, b->code) && same_text(a->object, b->object) &&
           same_text(a->what, b->what) && same_text(a->means, b->means);
}

static bool same_fate(const struct fate *a, const struct fate *b)
{
    return a->missing == b->missing && a->reaches == b->reaches &&
           same_text(a->reaches_wal, b->reaches_wal);
}

bool wal_view_equal(const struct wal_view *a, const struct wal_view *b)
{
    bool equal = a->found.finding_count == b->found.finding_count && a->newest == b->newest &&
                 !memcmp(&a->end, &b->end, sizeof a->end);
    for (size_t i = 0; equal && i < a->found.finding_count; i++)
        equal = same_finding(&a->found.findings[i], &b->found.findings[i]);
    for (size_t i = 0; equal && i < a->judgement->count; i++)
        equal = same_fate(&a->fates[i], &b->fates[i]);
    return equal;
}
