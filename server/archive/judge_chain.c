#include "server/archive/judgement.h"

#include "base/mem.h"

#include <inttypes.h>

/* ---- the parents of deltas ---- */

/* The name of the parent: by the sentinel; of one that is not to be trusted it is not known. */
static const char *parent_name(const struct judged *backup)
{
    return backup->in_doubt ? NULL : backup->record->delta_from;
}

static bool is_called(const struct judged *backup, const char *name)
{
    return !strcmp(backup->facts->name, name);
}

/* A parent is older than its delta, and seldom much older. */
static size_t find(const struct judgement *judgement, const struct judged *delta, const char *name)
{
    const size_t own = (size_t)(delta - judgement->backups);
    for (size_t i = own; i > 0; i--)
        if (is_called(&judgement->backups[i - 1], name))
            return i - 1;
    for (size_t i = own; i < judgement->count; i++)
        if (is_called(&judgement->backups[i], name))
            return i;
    return JUDGEMENT_NONE;
}

static void parent_finding(struct judgement *judgement, struct judged *backup, const char *code,
                           char *what)
{
    backup->parent_damaged = true;
    judgement_find(judgement->report, FINDING_DAMAGE, code, judgement_sentinel(backup->facts), what,
                   xasprintf("%s is a delta, and cannot be restored without all of its parents",
                             backup->facts->name),
                   "take a new full base backup now; look for the parent in the bucket's versions "
                   "and in copies of it; delete nothing until the new backup is verified");
}

static void link_parent(struct judgement *judgement, struct judged *backup)
{
    const char *name = parent_name(backup);
    if (!name)
        return;
    backup->parent = find(judgement, backup, name);
    if (backup->parent == JUDGEMENT_NONE) {
        const bool objects = facts_backup(judgement->facts, str_of(name));
        parent_finding(judgement, backup, "parent-missing",
                       xasprintf("it is a delta of %s, %s", name,
                                 objects ? "which has no sentinel" : "of which there is nothing"));
        return;
    }
    const struct judged *parent = &judgement->backups[backup->parent];
    const uint64_t start = parent->record->values[RECORD_START_LSN];
    const uint64_t from = backup->record->values[RECORD_DELTA_LSN];
    if (parent->in_doubt || !record_has(backup->record, RECORD_DELTA_LSN) || from == start)
        return;
    parent_finding(judgement, backup, "parent-damaged",
                   xasprintf("it is a delta of what %s was at LSN %" PRIu64
                             ", but that backup begins "
                             "at %" PRIu64 ": another one of the same name",
                             name, from, start));
}

/* Walks up to the first ancestor that is not whole. */
static void check_ancestors(struct judgement *judgement, struct judged *backup)
{
    size_t at = backup->parent;
    for (size_t steps = 0; at != JUDGEMENT_NONE; steps++) {
        const struct judged *ancestor = &judgement->backups[at];
        if (steps > judgement->count) {
            parent_finding(judgement, backup, "parent-damaged",
                           xstrdup("its parents build on each other in a circle"));
            return;
        }
        if (ancestor->parts_damaged || ancestor->parent_damaged) {
            parent_finding(judgement, backup, "parent-damaged",
                           xasprintf("it builds on %s, which is not whole", ancestor->facts->name));
            return;
        }
        backup->parent_unknown = backup->parent_unknown || ancestor->unknown;
        at = ancestor->parent;
    }
}

void judge_parents(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->count; i++)
        link_parent(judgement, &judgement->backups[i]);
    for (size_t i = 0; i < judgement->count; i++)
        if (!judgement->backups[i].parent_damaged)
            check_ancestors(judgement, &judgement->backups[i]);
}

/* ---- backups without a sentinel ---- */

#define DAY (24 * 3600)
#define HOUR 3600

/* metadata.json and files_metadata.json are the last objects before the sentinel: a backup that has
 * both was finished, some time ago. */
static bool was_finished(const struct backup_facts *facts, int64_t now)
{
    const struct record *record = &facts->metadata_record;
    return facts->metadata.state == FACT_READ && facts->files.state != FACT_ABSENT &&
           record_has(record, RECORD_FINISH_TIME) &&
           now - (int64_t)record->values[RECORD_FINISH_TIME] > HOUR;
}

void judge_unfinished(struct judgement *judgement, const struct backup_facts *facts)
{
    const int64_t now = judgement->options->now;
    const bool finished = was_finished(facts, now);
    if (!finished && now - facts->modified <= DAY) {
        judgement_find(judgement->report, FINDING_NOTE, "unfinished-backup",
                       judgement_sentinel(facts),
                       xstrdup("there is no such object, but others of that backup, younger than a "
                               "day: it may be under way"),
                       xstrdup("nothing, as long as it is"), "look again tomorrow");
        return;
    }
    judgement_find(judgement->report, FINDING_DAMAGE, "sentinel-missing", judgement_sentinel(facts),
                   finished
                       ? xstrdup("there is no such object, but all others of a backup that was "
                                 "finished")
                       : xstrdup("there is no such object, but others of that backup, older "
                                 "than a day: it broke off, or its sentinel is lost"),
                   xasprintf("%s cannot be restored: WAL-G does not list it", facts->name),
                   "look for the object in the bucket's versions and in copies of it; else take a "
                   "new base backup now, and delete the rest once that one is verified");
}

/* ---- whose database it is ---- */

static uint64_t identifier(const struct judged *backup)
{
    return backup->record->values[RECORD_SYSTEM_IDENTIFIER];
}

/* The identifier that most backups have; of two, that of the newest one. 0 = none has any. */
static uint64_t most_frequent(const struct judgement *judgement)
{
    uint64_t best = 0;
    size_t most = 0;
    for (size_t i = judgement->count; i > 0; i--) {
        const uint64_t one = identifier(&judgement->backups[i - 1]);
        size_t count = 0;
        for (size_t k = 0; one && one != best && k < judgement->count; k++)
            count += identifier(&judgement->backups[k]) == one;
        if (count > most) {
            most = count;
            best = one;
        }
    }
    return best;
}

void judge_system(struct judgement *judgement)
{
    const uint64_t most = most_frequent(judgement);
    bool several = false;
    for (size_t i = 0; i < judgement->count; i++) {
        struct judged *backup = &judgement->backups[i];
        if (!identifier(backup) || identifier(backup) == most)
            continue;
        several = true;
        backup->damaged = backup->parts_damaged = true;
        judgement_find(
            judgement->report, FINDING_DAMAGE, "system-identifier",
            judgement_sentinel(backup->facts),
            xasprintf("is of the database system %" PRIu64 ", other backups here are of "
                      "%" PRIu64,
                      identifier(backup), most),
            xasprintf("two databases archive into one place: a restore from %s would "
                      "read the WAL of the other one, and fail",
                      backup->facts->name),
            "find out which cluster else writes here, and give each its own prefix; take "
            "a new base backup of each then; delete nothing before");
    }
    judgement->report->system_identifier = several ? 0 : most;
}
