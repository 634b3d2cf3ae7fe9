#include "server/archive/wal_view.h"

#include "base/mem.h"

static const char *const look_for_history =
    "look for the file in pg_wal of the primary and its replicas, and archive it again (wal-g "
    "wal-push); or take a new base backup now, which does not need it; delete nothing";

static char *history_key(const struct wal_view *view, uint32_t timeline)
{
    const struct history_facts *history = facts_history(view->judgement->facts, timeline);
    return history
               ? xstrdup(history->key)
               : xasprintf(NAMES_WAL "%08X.history%s", timeline, view->judgement->facts->suffix);
}

static char *cannot_follow(const struct wal_view *view, uint32_t timeline)
{
    const struct judged *newest = &view->judgement->backups[view->newest];
    return xasprintf("a restore from %s would not come to timeline %u: what was written after the "
                     "switch to it would be lost, or the restore would fail",
                     newest->facts->name, timeline);
}

/* A history that could not be read tells nothing of its timeline. */
static void report_unread(struct wal_view *view, const struct history_facts *history)
{
    static const struct {
        const char *code;
        enum finding_kind kind;
        const char *way_out;
    } states[] = {
        [FACT_BROKEN] = {"history-unreadable", FINDING_DAMAGE, look_for_history},
        [FACT_NOT_READ] = {"not-read", FINDING_UNKNOWN,
                           "look whether the keys may read the object, and whether the store "
                           "answers; then verify again"},
        [FACT_ENCRYPTED] =
            {"encrypted", FINDING_UNKNOWN,
             "what is encrypted can be judged only by restoring it: do so once, with "
             "its key, and keep the key outside the cluster"},
        [FACT_CODEC] = {"codec-unknown", FINDING_UNKNOWN,
                        "restore once with WAL-G itself, to the latest state"},
    };
    const enum fact_state state = history->fact.state;
    char *why = state == FACT_ENCRYPTED
                    ? xasprintf("%s: it is encrypted, or holds other bytes", history->fact.why)
                    : xstrdup(history->fact.why);
    judgement_find(
        &view->found, states[state].kind, states[state].code, xstrdup(history->key), why,
        states[state].kind == FINDING_DAMAGE
            ? cannot_follow(view, history->timeline)
            : xasprintf("whether a restore comes to timeline %u is not known", history->timeline),
        states[state].way_out);
}

static void report_missing(struct wal_view *view, uint32_t timeline)
{
    judgement_find(
        &view->found, FINDING_DAMAGE, "history-missing", history_key(view, timeline),
        xasprintf("there is no such object, and newer WAL is there (timeline %u or later)",
                  timeline),
        cannot_follow(view, timeline), look_for_history);
}

static void report_foreign(struct wal_view *view, uint32_t timeline)
{
    const struct judged *newest = &view->judgement->backups[view->newest];
    judgement_find(
        &view->found, FINDING_DAMAGE, "foreign-timeline", history_key(view, timeline),
        xasprintf("timeline %u does not follow from %s (timeline %u), the newest backup", timeline,
                  newest->facts->name, newest->facts->segment.timeline),
        xasprintf(
            "a restore to the latest state would choose timeline %u, which it cannot come to, "
            "and fail; with the target timeline %u it works",
            timeline, view->way.target),
        "if it is this database, take a new base backup now; if another one archives here, give "
        "each its own prefix; delete nothing before that is known");
}

/* A timeline that is newer than the one the way ends on. */
static void judge_newer(struct wal_view *view, uint32_t timeline)
{
    const struct history_facts *history = facts_history(view->judgement->facts, timeline);
    if (!history)
        report_missing(view, timeline);
    else if (history->fact.state != FACT_READ)
        report_unread(view, history);
    else
        report_foreign(view, timeline);
}

/* A restore looks for one history after the other, and stops before the first that is missing. */
static void judge_between(struct wal_view *view, uint32_t from, uint32_t to)
{
    for (uint32_t timeline = from + 1; timeline < to; timeline++) {
        const struct history_facts *history = facts_history(view->judgement->facts, timeline);
        if (!history) {
            report_missing(view, timeline);
            return;
        }
        if (history->fact.state != FACT_READ)
            report_unread(view, history);
    }
}

/* The oldest backup from which a restore can begin. */
static const struct judged *oldest(const struct wal_view *view)
{
    const struct judged *backups = view->judgement->backups;
    for (size_t i = 0; i < view->newest; i++)
        if (view->fates[i].judged && !view->fates[i].missing && !backups[i].damaged &&
            !backups[i].parent_damaged)
            return &backups[i];
    return &backups[view->newest];
}

static void report_past(struct wal_view *view, const struct judged *backup, uint32_t timeline)
{
    const struct history_facts *history = facts_history(view->judgement->facts, timeline);
    judgement_find(&view->found, FINDING_NOTE, history ? "history-unreadable" : "history-missing",
                   history_key(view, timeline),
                   xstrdup(history ? history->fact.why : "there is no such object"),
                   xasprintf("a restore from %s would not come to timeline %u; restores from the "
                             "newest backup do not need it",
                             backup->facts->name, timeline),
                   look_for_history);
}

/* The same for older backups. Restores from the newest one do not look for these. */
static void judge_past(struct wal_view *view, uint32_t own)
{
    const struct judged *backup = oldest(view);
    for (uint32_t timeline = backup->facts->segment.timeline + 1; timeline <= own; timeline++) {
        const struct history_facts *history = facts_history(view->judgement->facts, timeline);
        if (!history || history->fact.state == FACT_BROKEN) {
            report_past(view, backup, timeline);
            return; /* a restore looks no further */
        }
        if (history->fact.state != FACT_READ)
            report_unread(view, history);
    }
}

/* A timeline before that of the newest backup, which is not of its past. */
static void judge_older(struct wal_view *view, uint32_t timeline)
{
    const struct judged *newest = &view->judgement->backups[view->newest];
    const uint32_t own = newest->facts->segment.timeline;
    const struct history_facts *history = facts_history(view->judgement->facts, own);
    if (!history || history->fact.state != FACT_READ ||
        way_descends(&history->history, timeline, 0))
        return;
    char *object = xasprintf(NAMES_WAL "%08X*", timeline);
    judgement_find(&view->found, FINDING_NOTE, "foreign-timeline", object,
                   xasprintf("timeline %u is not of the past of timeline %u: it was given up, or "
                             "is another database's",
                             timeline, own),
                   xasprintf("restores from %s do not read it", newest->facts->name),
                   "if it was not given up in an earlier restore, find out which cluster else "
                   "writes here");
}

void wal_view_timelines(struct wal_view *view)
{
    if (view->newest == JUDGEMENT_NONE)
        return;
    const struct facts *facts = view->judgement->facts;
    const uint32_t own = view->judgement->backups[view->newest].facts->segment.timeline;
    judge_past(view, own);
    judge_between(view, own, view->way.target);
    size_t run = 0, history = 0;
    uint32_t done = 0;
    /* Both lists are sorted: the timelines of either, once each. */
    while (run < view->runs.count || history < facts->history_count) {
        const uint32_t of_run =
            run < view->runs.count ? view->runs.items[run].timeline : UINT32_MAX;
        const uint32_t of_history =
            history < facts->history_count ? facts->histories[history].timeline : UINT32_MAX;
        const uint32_t timeline = of_run < of_history ? of_run : of_history;
        if (timeline != done && timeline > view->way.target)
            judge_newer(view, timeline);
        else if (timeline != done && timeline < own && of_run == timeline)
            judge_older(view, timeline);
        done = timeline;
        if (of_run == timeline)
            run++;
        if (of_history == timeline)
            history++;
    }
}
