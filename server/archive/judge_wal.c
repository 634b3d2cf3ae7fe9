#include "server/archive/wal_view.h"

#include "base/mem.h"

#include <inttypes.h>

static void contradiction(struct judgement *judgement, uint64_t size)
{
    const struct segment_name against = judgement->evidence.against;
    if (!against.timeline)
        return; /* the sentinel or the metadata.json that disagrees has its own finding */
    char text[NAMES_SEGMENT_SIZE];
    judgement_find(judgement->report, FINDING_DAMAGE, "segment-size",
                   xasprintf(NAMES_WAL "%s", name_of_segment(against, text)),
                   xasprintf("there is no such segment in WAL with segments of %" PRIu64
                             " MiB, which the backups have",
                             size >> 20),
                   xstrdup("two databases archive into one place, or one was made anew: a restore "
                           "may read the WAL of the other one, and fail"),
                   "find out which cluster else writes here, and give each its own prefix; take a "
                   "new base backup of each then; delete nothing before");
}

/* Takes over what the only size, or all that are possible, come to. */
static void accept(struct judgement *judgement, struct wal_view *view)
{
    const struct wal *wal = &judgement->facts->wal;
    char text[NAMES_SEGMENT_SIZE];
    for (size_t i = 0; i < view->found.finding_count; i++) {
        const struct finding *found = &view->found.findings[i];
        report_add(judgement->report, found->kind, found->code, found->object, found->what,
                   found->means, found->way_out);
    }
    for (size_t i = 0; i < judgement->count; i++) {
        judgement->backups[i].wal_damaged = view->fates[i].missing;
        judgement->backups[i].reaches = view->fates[i].reaches;
        judgement->backups[i].reaches_wal = TAKE(view->fates[i].reaches_wal);
    }
    if (view->end.timeline) {
        judgement->report->wal_newest = xstrdup(name_of_segment(view->end, text));
        judgement->report->wal_newest_time = wal_time(wal, view->end);
    }
}

static void could_not_tell(struct judgement *judgement, const char *code, const char *what,
                           const char *way_out)
{
    for (size_t i = 0; i < judgement->count; i++)
        judgement->backups[i].wal_unknown = true;
    judgement_find(judgement->report, FINDING_UNKNOWN, code, xstrdup(NAMES_WAL), xstrdup(what),
                   xstrdup("whether WAL is missing, and how far a restore comes, is not known"),
                   way_out);
}

/* With several possible sizes, what they all come to holds. */
void judge_wal(struct judgement *judgement)
{
    const segment_sizes sizes = judgement->evidence.sizes;
    unsigned bit = segment_sizes_first(sizes);
    const uint64_t size = segment_size_of(bit);
    const bool only = sizes >> bit == 1;
    struct wal_view *first = wal_view_new(judgement, size);
    bool same = true;
    while (same && ++bit < WAL_SIZES) {
        if (!(sizes >> bit & 1))
            continue;
        struct wal_view *view = wal_view_new(judgement, segment_size_of(bit));
        same = wal_view_equal(first, view);
        wal_view_free(view);
    }
    if (same)
        accept(judgement, first);
    else
        could_not_tell(judgement, "segment-size",
                       judgement->evidence.contradictory
                           ? "the backups contradict each other about the size of a WAL segment"
                           : "nothing here says how large a WAL segment is, and it matters",
                       "take a new base backup now: its name and its sentinel say it");
    if (only) {
        judgement->report->wal_segment_size = size;
        contradiction(judgement, size);
    }
    wal_view_free(first);
}
