#include "server/archive/judge.h"

#include "base/mem.h"
#include "server/archive/judgement.h"
#include "server/archive/render_text.h"

#include <inttypes.h>

static const char *look_again(const struct report *report)
{
    return str_starts(str_of(report->prefix), STR("s3://"))
               ? "look at the endpoint, the region, the keys and what they may read "
                 "(s3:ListBucket, s3:GetObject); then verify again"
               : "look whether the folder is there, and whether this user may read it; then verify "
                 "again";
}

/* ---- the listings ---- */

static void judge_listing(struct judgement *judgement, const struct fact *fact, const char *folder,
                          const char *means)
{
    if (fact->state == FACT_NOT_READ)
        judgement_find(judgement->report, FINDING_UNKNOWN, "not-read", xstrdup(folder),
                       xstrdup(fact->why), xstrdup(means), look_again(judgement->report));
}

/* One cause, a wrong key or a network that is down, is one thing that could not be told. */
static bool fail_alike(const struct facts *facts)
{
    const struct fact *const lists[] = {&facts->top, &facts->backup_list, &facts->wal_list};
    for (size_t i = 0; i < 3; i++)
        if (lists[i]->state != FACT_NOT_READ || strcmp(lists[i]->why, facts->top.why) != 0)
            return false;
    return true;
}

static void judge_listings(struct judgement *judgement)
{
    const struct facts *facts = judgement->facts;
    judgement->report->backups_unlisted = facts->backup_list.state != FACT_READ;
    judgement->report->wal_unlisted = facts->wal_list.state != FACT_READ;
    if (fail_alike(facts)) {
        judge_listing(judgement, &facts->top, "",
                      "what is in this archive, and what can be restored from it, is not known");
    } else {
        judge_listing(judgement, &facts->top, "", "what else is at this place is not known");
        judge_listing(judgement, &facts->backup_list, NAMES_BACKUPS,
                      "which backups there are, and whether they are whole, is not known");
        judge_listing(judgement, &facts->wal_list, NAMES_WAL,
                      "whether WAL is missing, and how far a restore comes, is not known");
    }
    if (facts->too_many)
        judgement_find(judgement->report, FINDING_UNKNOWN, "not-read", xstrdup(""),
                       xasprintf("there are %s", facts->too_many),
                       xstrdup("what is beyond was not judged"),
                       "let retention remove what is old (wal-g delete)");
}

static bool lists_read(const struct facts *facts)
{
    return facts->backup_list.state == FACT_READ && facts->wal_list.state == FACT_READ;
}

/* The folder that looks like an archive, one level down: "15/". */
static void judge_empty(struct judgement *judgement)
{
    const struct facts *facts = judgement->facts;
    autofree char *others = strlist_join(&facts->foreign, ", ");
    judgement_find(judgement->report, FINDING_DAMAGE, "empty", xstrdup(""),
                   facts->foreign_count
                       ? xasprintf("there is no backup and no WAL, but something else: %s", others)
                       : xstrdup("there is no backup and no WAL"),
                   xstrdup("nothing can be restored from here"),
                   "look whether this is the right prefix ('backups list --bucket B' shows which "
                   "there are); if it is, take a base backup now, and find out why nothing was "
                   "archived");
}

static void judge_foreign(struct judgement *judgement)
{
    const struct facts *facts = judgement->facts;
    for (size_t i = 0; i < facts->foreign.count; i++)
        judgement_find(
            judgement->report, FINDING_NOTE, "foreign-object", xstrdup(facts->foreign.items[i]),
            xstrdup("WAL-G writes nothing of this name"), xstrdup("restores do not read it"),
            "move it elsewhere, if nothing needs it");
    if (facts->foreign_count > facts->foreign.count)
        judgement_find(judgement->report, FINDING_NOTE, "foreign-object", xstrdup(""),
                       xasprintf("there are %" PRIu64 " more objects that WAL-G does not write",
                                 facts->foreign_count - facts->foreign.count),
                       xstrdup("restores do not read them"), "look what else writes here");
}

/* ---- the backups ---- */

/* From the sentinel when it says so (WAL-G 1.x did not), else from metadata.json, else when the
 * last object was written. */
static int64_t time_of(const struct backup_facts *facts, enum record_field field)
{
    if (record_has(&facts->described, field))
        return (int64_t)facts->described.values[field];
    if (record_has(&facts->metadata_record, field))
        return (int64_t)facts->metadata_record.values[field];
    return facts->modified;
}

/* 'wal-g backup-mark' changes metadata.json alone. */
static bool is_permanent(const struct backup_facts *facts)
{
    const struct record *record = record_has(&facts->metadata_record, RECORD_PERMANENT)
                                      ? &facts->metadata_record
                                      : &facts->described;
    return record->values[RECORD_PERMANENT];
}

static int compare(const void *a, const void *b)
{
    const struct judged *x = a, *y = b;
    const uint64_t left = x->record->values[RECORD_START_LSN];
    const uint64_t right = y->record->values[RECORD_START_LSN];
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if (left != right)
        return left < right ? -1 : 1;
    return strcmp(x->facts->name, y->facts->name);
}

static void collect_backups(struct judgement *judgement)
{
    const struct facts *facts = judgement->facts;
    judgement->backups = xcalloc(facts->backup_count + 1, sizeof *judgement->backups);
    for (size_t i = 0; i < facts->backup_count; i++) {
        const struct backup_facts *one = &facts->backups[i];
        if (one->sentinel.state == FACT_ABSENT)
            continue;
        judgement->backups[judgement->count++] = (struct judged){
            .facts = one,
            .record = one->sentinel.state == FACT_READ ? &one->described : &one->metadata_record,
            .start = time_of(one, RECORD_START_TIME),
            .finish = time_of(one, RECORD_FINISH_TIME),
            .permanent = is_permanent(one),
            .parent = JUDGEMENT_NONE,
        };
    }
    qsort(judgement->backups, judgement->count, sizeof *judgement->backups, compare);
}

static void judge_backups(struct judgement *judgement)
{
    const struct facts *facts = judgement->facts;
    for (size_t i = 0; i < judgement->count; i++)
        judge_backup(judgement, &judgement->backups[i]);
    for (size_t i = 0; i < facts->backup_count; i++)
        if (facts->backups[i].sentinel.state == FACT_ABSENT)
            judge_unfinished(judgement, &facts->backups[i]);
    judge_system(judgement);
    judge_parents(judgement);
}

static void describe(struct judged *from, struct report_backup *to)
{
    const uint64_t *values = from->record->values;
    *to = (struct report_backup){
        .name = xstrdup(from->facts->name),
        .parent = from->record->delta_from ? xstrdup(from->record->delta_from) : NULL,
        .state = judged_broken(from)    ? BACKUP_DAMAGED
                 : judged_unknown(from) ? BACKUP_UNKNOWN
                                        : BACKUP_USABLE,
        .timeline = from->facts->segment.timeline,
        .start = from->start,
        .finish = from->finish,
        .size = from->facts->size,
        .start_lsn = values[RECORD_START_LSN],
        .finish_lsn = values[RECORD_FINISH_LSN],
        .pg_version = (uint32_t)values[RECORD_PG_VERSION],
        .system_identifier = values[RECORD_SYSTEM_IDENTIFIER],
        .compressed_size = values[RECORD_COMPRESSED_SIZE],
        .uncompressed_size = values[RECORD_UNCOMPRESSED_SIZE],
        .permanent = from->permanent,
        .reaches = from->reaches,
        .reaches_wal = TAKE(from->reaches_wal),
    };
}

static void describe_all(struct judgement *judgement)
{
    struct report *report = judgement->report;
    report->backups = xcalloc(judgement->count + 1, sizeof *report->backups);
    for (size_t i = 0; i < judgement->count; i++)
        describe(&judgement->backups[i], &report->backups[i]);
    report->backup_count = judgement->count;
}

/* ---- ages and numbers ---- */

static char *age(int64_t seconds)
{
    struct buf text = BUF(64);
    render_age(&text, seconds);
    return buf_take(&text);
}

static void judge_number(struct judgement *judgement)
{
    struct report *report = judgement->report;
    const size_t usable = report_backups_in(report, BACKUP_USABLE);
    const size_t unknown = report_backups_in(report, BACKUP_UNKNOWN);
    if (judgement->facts->backup_list.state != FACT_READ)
        return;
    if (!usable && !unknown && report->backup_count)
        judgement_find(report, FINDING_DAMAGE, "no-backup", xstrdup(NAMES_BACKUPS),
                       xstrdup("none of the backups can be restored"),
                       xstrdup("nothing can be restored from here"),
                       "take a base backup now; the findings of each backup say what it lacks");
    else if (!usable && !unknown)
        judgement_find(report, FINDING_DAMAGE, "no-backup", xstrdup(NAMES_BACKUPS),
                       xstrdup("there is no backup"),
                       xstrdup("WAL alone is of no use: nothing can be restored from here"),
                       "take a base backup now, and find out why there is none");
    if (usable < judgement->options->min_backups)
        judgement_find(report,
                       usable + unknown < judgement->options->min_backups ? FINDING_DAMAGE
                                                                          : FINDING_UNKNOWN,
                       "too-few-backups", xstrdup(NAMES_BACKUPS),
                       xasprintf("%zu backup%s usable, at least %" PRIu64 " are wanted", usable,
                                 usable == 1 ? " is" : "s are", judgement->options->min_backups),
                       xstrdup("if the newest one turns out to be of no use, there are fewer to "
                               "fall back on than was decided"),
                       "take a base backup now; look at the schedule and at what retention "
                       "removes");
}

/* The newest backup that is not damaged. */
static const struct report_backup *newest(const struct report *report)
{
    for (size_t i = report->backup_count; i > 0; i--)
        if (report->backups[i - 1].state != BACKUP_DAMAGED)
            return &report->backups[i - 1];
    return NULL;
}

static void judge_backup_age(struct judgement *judgement)
{
    const int64_t most = judgement->options->max_backup_age;
    const struct report_backup *backup = newest(judgement->report);
    if (!most || !backup || judgement->options->now - backup->finish <= most)
        return;
    autofree char *is = age(judgement->options->now - backup->finish);
    autofree char *may = age(most);
    judgement_find(judgement->report, FINDING_DAMAGE, "backup-too-old",
                   xasprintf(NAMES_BACKUPS "%s" NAMES_SENTINEL, backup->name),
                   xasprintf("the newest backup that can be restored is %s old, at most %s are "
                             "wanted",
                             is, may),
                   xstrdup("a restore has to replay all the WAL since then: it takes longer, and "
                           "needs every segment of it"),
                   "take a base backup now; find out why the schedule took none (log of the "
                   "primary, wal-g backup-push)");
}

static void judge_wal_age(struct judgement *judgement)
{
    const int64_t most = judgement->options->max_wal_age;
    const struct report *report = judgement->report;
    if (!most || judgement->facts->wal_list.state != FACT_READ)
        return;
    const int64_t now = judgement->options->now;
    if (report->wal_newest && now - report->wal_newest_time <= most)
        return;
    autofree char *is = age(now - report->wal_newest_time);
    autofree char *may = age(most);
    judgement_find(
        judgement->report, FINDING_DAMAGE, "wal-too-old",
        report->wal_newest ? xasprintf(NAMES_WAL "%s", report->wal_newest) : xstrdup(NAMES_WAL),
        report->wal_newest
            ? xasprintf("the newest segment was archived %s ago, at most %s are wanted", is, may)
            : xstrdup("there is no WAL that a restore could read"),
        xstrdup("what was written since then would be lost"),
        "find out why nothing is archived (pg_stat_archiver and the log of the primary); "
        "a database that nobody writes to archives only every archive_timeout");
}

/* Of the timeline with the largest number, when no backup leads to any WAL: whether the database
 * still archives. */
static void fill_newest(const struct wal *wal, struct report *report)
{
    char text[NAMES_SEGMENT_SIZE];
    const struct wal_page *page = wal->page_count ? &wal->pages[wal->page_count - 1] : NULL;
    if (report->wal_newest || !page)
        return;
    uint32_t low = page->count - 1;
    while (!page->times[low]) /* no page is without a segment */
        low--;
    const struct segment_name newest = {page->timeline, page->high, low};
    report->wal_newest = xstrdup(name_of_segment(newest, text));
    report->wal_newest_time = page->times[low];
}

static void fill_wal(const struct facts *facts, struct report *report)
{
    report->wal_segments = facts->wal.segments;
    report->wal_bytes = facts->wal.bytes;
}

void judge(const struct facts *facts, const char *prefix, const struct judge_options *options,
           struct report *ret)
{
    *ret = (struct report){.prefix = xstrdup(prefix), .now = options->now};
    struct judgement judgement = {.facts = facts, .options = options, .report = ret};
    fill_wal(facts, ret);
    judge_listings(&judgement);
    if (lists_read(facts) && !facts->backup_count && !facts->wal.segments &&
        !facts->history_count) {
        judge_empty(&judgement);
        return;
    }
    judgement.evidence = segment_size_derive(facts);
    collect_backups(&judgement);
    judge_backups(&judgement);
    if (facts->wal_list.state == FACT_READ && !facts->wal_cut)
        judge_wal(&judgement);
    else
        for (size_t i = 0; i < judgement.count; i++)
            judgement.backups[i].wal_unknown = true;
    describe_all(&judgement);
    judge_number(&judgement);
    judge_backup_age(&judgement);
    judge_wal_age(&judgement);
    judge_foreign(&judgement);
    fill_newest(&facts->wal, ret);
    for (size_t i = 0; i < judgement.count; i++)
        free(judgement.backups[i].reaches_wal);
    free(judgement.backups);
}
