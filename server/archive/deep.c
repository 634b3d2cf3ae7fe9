#include "server/archive/deep.h"

#include "base/mem.h"
#include "server/archive/deep_look.h"
#include "server/archive/render_text.h"

#include <time.h>

#define SECOND UINT64_C(1000000000)

/* How long a wait for the rate lasts at most before a cancel is looked for. */
#define STEP_NS (SECOND / 10)

static uint64_t clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static bool is_cancelled(struct look *look)
{
    const atomic_bool *cancel = look->options->cancel;
    look->cancelled = look->cancelled || (cancel && atomic_load(cancel));
    return look->cancelled;
}

static void show(struct look *look, uint64_t now)
{
    if (look->options->progress)
        progress_show(look->options->progress, &look->state, now);
}

static void wait_for_rate(struct look *look, uint64_t nanos)
{
    uint64_t end = clock_now() + nanos;
    for (uint64_t now = clock_now(); now < end && !is_cancelled(look); now = clock_now()) {
        uint64_t step = end - now < STEP_NS ? end - now : STEP_NS;
        nanosleep(&(struct timespec){0, (long)step}, NULL);
        show(look, now);
    }
}

struct reading {
    struct look *look;
    codec_take take;
    void *context;
};

static bool count_stored(void *context, struct str bytes)
{
    struct reading *reading = context;
    struct look *look = reading->look;
    uint64_t now = clock_now();
    look->state.bytes += bytes.length;
    show(look, now);
    wait_for_rate(look, rate_take(&look->rate, bytes.length, now));
    return !is_cancelled(look);
}

static bool pass_on(void *context, struct str bytes)
{
    struct reading *reading = context;
    return !is_cancelled(reading->look) && reading->take(reading->context, bytes);
}

enum object_status look_read(struct look *look, const char *key, codec_take take, void *context,
                             struct error *err)
{
    struct reading reading = {look, take, context};
    if (is_cancelled(look))
        return OBJECT_STOPPED;
    look->state.key = key;
    enum object_status status =
        object_read(look->source, key, pass_on, count_stored, &reading, err);
    look->state.key = NULL;
    look->state.objects++;
    return is_cancelled(look) ? OBJECT_STOPPED : status;
}

bool look_has(const struct look *look, const char *code, const char *part)
{
    for (size_t i = 0; i < look->report->finding_count; i++) {
        const struct finding *finding = &look->report->findings[i];
        if (strcmp(finding->code, code) == 0 &&
            str_find(str_of(finding->object), str_of(part)) >= 0)
            return true;
    }
    return false;
}

/* Whether WAL of this timeline and number leads to what timeline `to` has at its end. */
static bool leads_to(const struct look *look, struct segment_name segment, uint32_t to)
{
    if (segment.timeline == to)
        return true;
    const struct history_facts *history = facts_history(look->facts, to);
    uint64_t size = look->report->wal_segment_size;
    if (!history || !size)
        return segment.timeline < to;
    for (size_t i = 0; i < history->history.count; i++) {
        const struct history_entry *entry = &history->history.entries[i];
        if (entry->timeline == segment.timeline)
            return wal_number(segment, size) < entry->end / size;
    }
    return false;
}

/* Whether a restore to the newest state needs the segment. */
static bool on_path(const struct look *look, struct segment_name segment)
{
    struct segment_name newest;
    return !look->report->wal_newest || !name_segment(str_of(look->report->wal_newest), &newest) ||
           leads_to(look, segment, newest.timeline);
}

/* Worse, never better. */
static void mark(struct report_backup *backup, enum finding_kind kind)
{
    if (kind == FINDING_DAMAGE)
        backup->state = BACKUP_DAMAGED;
    if (kind == FINDING_UNKNOWN && backup->state == BACKUP_USABLE)
        backup->state = BACKUP_UNKNOWN;
}

/* Backups that a finding has reached, in the order in which their deltas are looked for. */
struct spread {
    struct look *look;
    enum finding_kind kind;
    size_t *items;
    size_t count;
};

/* What a finding of this kind has reached before, all deltas on it have seen too. */
static void reach(struct spread *spread, size_t i)
{
    unsigned char *reached = &spread->look->reached[i];
    if (*reached & 1U << spread->kind)
        return;
    *reached |= (unsigned char)(1U << spread->kind);
    mark(&spread->look->report->backups[i], spread->kind);
    spread->items[spread->count++] = i;
}

/* The backup and all deltas on it. */
static void mark_backups(struct look *look, struct str name, enum finding_kind kind)
{
    const struct report *report = look->report;
    autofree size_t *items = xcalloc(report->backup_count + 1, sizeof(*items));
    struct spread spread = {look, kind, items, 0};
    if (!look->reached)
        look->reached = xcalloc(report->backup_count + 1, 1);
    for (size_t i = 0; i < report->backup_count; i++)
        if (str_is(name, report->backups[i].name))
            reach(&spread, i);
    for (size_t first = 0; first < spread.count; first++)
        for (size_t i = 0; i < report->backup_count; i++)
            if (report->backups[i].parent &&
                strcmp(report->backups[i].parent, report->backups[items[first]].name) == 0)
                reach(&spread, i);
}

/* What a restore from the backup still reaches: the segment before. */
static void cut_reach(const struct look *look, struct report_backup *backup, uint64_t number)
{
    struct segment_name end;
    uint64_t size = look->report->wal_segment_size;
    if (!backup->reaches_wal || !name_segment(str_of(backup->reaches_wal), &end) ||
        wal_number(end, size) < number)
        return;
    struct segment_name before = wal_segment(end.timeline, number - 1, size);
    const struct history_facts *history = facts_history(look->facts, end.timeline);
    for (size_t i = history ? history->history.count : 0; i > 0; i--)
        if (number - 1 < history->history.entries[i - 1].end / size)
            before.timeline = history->history.entries[i - 1].timeline;
    char text[NAMES_SEGMENT_SIZE];
    free(backup->reaches_wal);
    backup->reaches_wal = xstrdup(name_of_segment(before, text));
    backup->reaches = wal_time(&look->facts->wal, before);
}

static void mark_path(const struct look *look, struct segment_name segment, enum finding_kind kind)
{
    uint64_t size = look->report->wal_segment_size;
    if (!size)
        return;
    uint64_t number = wal_number(segment, size);
    for (size_t i = 0; i < look->report->backup_count; i++) {
        struct report_backup *backup = &look->report->backups[i];
        uint64_t last = backup->finish_lsn ? (backup->finish_lsn - 1) / size : 0;
        struct segment_name end = {0};
        if (number < backup->start_lsn / size)
            continue;
        if (number <= last && segment.timeline == backup->timeline)
            mark(backup, kind);
        else if (kind == FINDING_DAMAGE && backup->reaches_wal &&
                 name_segment(str_of(backup->reaches_wal), &end) &&
                 leads_to(look, segment, end.timeline))
            cut_reach(look, backup, number);
    }
}

#define WAY_OUT_BACKUP                                                                             \
    "restore from another backup and make a new base backup now; if the bucket keeps versions, "   \
    "bring back the one before"
#define WAY_OUT_WAL                                                                                \
    "make a new base backup now, so that restores no longer need it; if the bucket keeps "         \
    "versions, bring back the one before"
/* What could not be told is told otherwise. */
static const struct {
    const char *code, *way_out;
} unknown_ways[] = {
    {"codec-unknown", "restore this backup once with WAL-G itself"},
    {"encrypted", "what is encrypted can be judged only by restoring it: do so once, with its key, "
                  "and keep the key outside the cluster"},
    {"wal-unknown", "restore this backup once, on a machine like the one that wrote it"},
};

static const char *way_out(enum finding_kind kind, const char *code, const char *of_damage)
{
    if (kind == FINDING_DAMAGE)
        return of_damage;
    for (size_t i = 0; i < sizeof(unknown_ways) / sizeof(unknown_ways[0]); i++)
        if (strcmp(unknown_ways[i].code, code) == 0)
            return unknown_ways[i].way_out;
    return "look again when the store can be reached, with keys that may read every object";
}

static void add_wal(struct look *look, enum finding_kind kind, const char *code, const char *key,
                    const struct name *name, const char *what)
{
    if (name->kind != NAME_SEGMENT || !on_path(look, name->segment)) {
        report_add(look->report, kind == FINDING_DAMAGE ? FINDING_NOTE : kind, code, key, what,
                   "no restore to the newest state needs it", "nothing has to be done");
        return;
    }
    cleanup(buf_clear) struct buf means = BUF(512);
    buf_add_text(&means, kind == FINDING_DAMAGE ? "a restore that needs WAL from then on would fail"
                                                : "a restore that needs it may fail");
    int64_t time = wal_time(&look->facts->wal, name->segment);
    if (time) {
        buf_add_text(&means, "; it was archived at ");
        render_time(&means, time);
        buf_add_text(&means, " UTC");
    }
    report_add(look->report, kind, code, key, what, buf_str(&means).data,
               way_out(kind, code, WAY_OUT_WAL));
    mark_path(look, name->segment, kind);
}

void look_found(struct look *look, enum finding_kind kind, const char *code, const char *key,
                const char *what)
{
    struct name name = name_parse(str_of(key));
    if (look_has(look, code, key)) /* judge.c has seen its first bytes */
        return;
    if (!name.backup.data) {
        add_wal(look, kind, code, key, &name, what);
        return;
    }
    bool damage = kind == FINDING_DAMAGE;
    report_add(look->report, kind, code, key, what,
               damage ? "a restore from this backup, or from a delta on it, would fail"
                      : "a restore from this backup may fail",
               way_out(kind, code, WAY_OUT_BACKUP));
    mark_backups(look, name.backup, kind);
}

void look_status(struct look *look, enum object_status status, const char *key, const char *what)
{
    if (status == OBJECT_DAMAGED || status == OBJECT_FOREIGN)
        look_found(look, FINDING_DAMAGE, "not-decompressible", key, what);
    if (status == OBJECT_CODEC_UNKNOWN)
        look_found(look, FINDING_UNKNOWN, "codec-unknown", key, what);
    if (status == OBJECT_NOT_READ)
        look_found(look, FINDING_UNKNOWN, "not-read", key, what);
    if (status == OBJECT_ABSENT)
        look_found(look, FINDING_UNKNOWN, "not-read", key, "was listed, but is not there any more");
}

void deep(struct source *source, const struct facts *facts, const struct deep_options *options,
          struct report *report)
{
    struct look look = {.source = source,
                        .facts = facts,
                        .options = options,
                        .report = report,
                        .rate = {.bytes_per_second = options->rate}};
    look_count_backups(&look);
    struct wal_objects *wal = look_list_wal(&look);
    look_at_backups(&look);
    look_at_wal(&look, wal);
    if (options->progress)
        progress_end(options->progress);
    free(look.reached);
    if (look.cancelled)
        report_add(report, FINDING_UNKNOWN, "not-read", "", "the look was ended before its end",
                   "what was not read may be damaged", "look again");
}
