#include "server/archive/judgement.h"

#include "base/mem.h"

#include <inttypes.h>

/* What the sum of the parts may be off: WAL-G's own count is a few bytes off. */
#define SIZE_TOLERANCE_PERCENT 1
#define SIZE_TOLERANCE_BYTES 64

#define MANY_FILES 100

static const char *const new_backup =
    "take a new base backup now; look for the object in the bucket's versions and in copies of it; "
    "delete nothing until the new backup is verified";
static const char *const look_again =
    "look whether the keys may read the object, and whether the store answers; then verify again";

static char *fails(const struct judged *backup)
{
    return xasprintf("a restore from %s would fail", backup->facts->name);
}

/* Damage of the label: deltas bring their own, and WAL-G takes no other when it restores one. */
static void damage_label(struct judgement *judgement, struct judged *backup, const char *code,
                         char *object, char *what)
{
    backup->damaged = true;
    judgement_find(judgement->report, FINDING_DAMAGE, code, object, what, fails(backup),
                   new_backup);
}

/* Damage of the backup's other objects. */
static void damage(struct judgement *judgement, struct judged *backup, const char *code,
                   char *object, char *what)
{
    backup->parts_damaged = true;
    damage_label(judgement, backup, code, object, what);
}

static void unknown(struct judgement *judgement, struct judged *backup, const char *code,
                    char *object, char *what, const char *way_out)
{
    backup->unknown = true;
    judgement_find(
        judgement->report, FINDING_UNKNOWN, code, object, what,
        xasprintf("whether a restore from %s would work is not known", backup->facts->name),
        way_out);
}

static void check_sentinel(struct judgement *judgement, struct judged *backup)
{
    const struct fact *fact = &backup->facts->sentinel;
    const struct record *record = &backup->facts->described;
    if (fact->state == FACT_BROKEN) {
        damage(judgement, backup, "sentinel-unreadable", judgement_sentinel(backup->facts),
               xstrdup(fact->why));
        backup->in_doubt = true;
    } else if (fact->state != FACT_READ) {
        unknown(judgement, backup, "not-read", judgement_sentinel(backup->facts),
                xstrdup(fact->why), look_again);
        backup->in_doubt = true;
    } else if (!record_has(record, RECORD_START_LSN) || !record_has(record, RECORD_FINISH_LSN)) {
        damage(
            judgement, backup, "sentinel-unreadable", judgement_sentinel(backup->facts),
            xstrdup("does not say where in the WAL the backup begins and ends (LSN, FinishLSN)"));
        backup->in_doubt = true;
    }
}

/* No restore reads it, so that it leaves the backup usable. */
static void check_metadata(struct judgement *judgement, struct judged *backup)
{
    const struct fact *fact = &backup->facts->metadata;
    char *object = judgement_key(backup->facts, "/metadata.json");
    if (fact->state == FACT_READ) {
        free(object);
        return;
    }
    if (fact->state == FACT_NOT_READ) {
        unknown(judgement, backup, "not-read", object, xstrdup(fact->why), look_again);
        return;
    }
    const bool absent = fact->state == FACT_ABSENT;
    judgement_find(judgement->report, FINDING_DAMAGE,
                   absent ? "metadata-missing" : "metadata-unreadable", object,
                   absent ? xstrdup("there is no such object") : xstrdup(fact->why),
                   xasprintf("a restore from %s does not need it, but 'wal-g backup-list --detail' "
                             "fails for all backups, and with it what relies on that list",
                             backup->facts->name),
                   new_backup);
}

/* Whether the tar objects of the backup are named somewhere. */
static bool sets_are_known(const struct judged *backup)
{
    return backup->facts->files_record.has_sets || backup->facts->described.has_sets;
}

static void no_list(struct judgement *judgement, struct judged *backup, const char *what)
{
    unknown(judgement, backup, "files-metadata-disabled",
            judgement_key(backup->facts, "/files_metadata.json"), xstrdup(what),
            "only a list of files says which parts a backup has: take base backups with it "
            "(without WALG_WITHOUT_FILES_METADATA, and not over the replication protocol)");
}

static void check_files(struct judgement *judgement, struct judged *backup)
{
    const struct backup_facts *facts = backup->facts;
    const struct fact *fact = &facts->files;
    char *(*const key)(const struct backup_facts *, const char *) = judgement_key;
    if (fact->state == FACT_BROKEN)
        damage(judgement, backup, "files-unreadable", key(facts, "/files_metadata.json"),
               xstrdup(fact->why));
    else if (fact->state == FACT_NOT_READ)
        unknown(judgement, backup, "not-read", key(facts, "/files_metadata.json"),
                xstrdup(fact->why), look_again);
    else if (sets_are_known(backup) || facts->sentinel.state != FACT_READ)
        return;
    else if (facts->described.values[RECORD_FILES_DISABLED])
        no_list(judgement, backup, "the backup was taken without a list of its files");
    else if (fact->state == FACT_READ)
        no_list(judgement, backup, "names no tar objects");
    else if (facts->described.values[RECORD_VERSION] < 2)
        no_list(judgement, backup, "there is none, as with the first versions of WAL-G");
    else
        damage(judgement, backup, "files-missing", key(facts, "/files_metadata.json"),
               xstrdup("there is no such object"));
}

/* A delta has files that it did not copy, and a full backup has none. A short list of a delta shows
 * nothing: a data directory has about a thousand files, most of which no one changes. */
static void check_whose_files(struct judgement *judgement, struct judged *backup)
{
    const struct backup_facts *facts = backup->facts;
    const struct record *files = &facts->files_record;
    const bool delta = facts->parent.timeline;
    const bool other =
        delta ? !files->has_unchanged && files->files >= MANY_FILES : files->has_unchanged;
    if (facts->files.state != FACT_READ || !other)
        return;
    damage(judgement, backup, "files-mismatch", judgement_key(facts, "/files_metadata.json"),
           xasprintf("is the list of a %s backup, this one is a %s: it is of another backup",
                     delta ? "full" : "delta", delta ? "delta" : "full one"));
}

static char *tar_key(const struct judged *backup, const char *name)
{
    return xasprintf(NAMES_BACKUPS "%s" NAMES_TARS "%s", backup->facts->name, name);
}

/* The same for one that is not there: with the compression that the others have. */
static char *tar_key_of(const struct judged *backup, const char *stem)
{
    const struct backup_facts *facts = backup->facts;
    const long at = facts->tar_count ? str_find(str_of(facts->tars[0].name), STR(".tar")) : -1;
    return xasprintf(NAMES_BACKUPS "%s" NAMES_TARS "%s%s", facts->name, stem,
                     at < 0 ? ".tar" : facts->tars[0].name + at);
}

/* What the list of files names. */
static void check_named(struct judgement *judgement, struct judged *backup)
{
    const struct strlist *missing = &backup->facts->missing;
    for (size_t i = 0; i < missing->count; i++) {
        char *key = tar_key(backup, missing->items[i]);
        char *what = xstrdup("there is no such object, files_metadata.json names it");
        if (str_starts(str_of(missing->items[i]), STR("backup_label.tar")))
            damage_label(judgement, backup, "label-missing", key, what);
        else
            damage(judgement, backup, "part-missing", key, what);
    }
    if (missing->dropped)
        damage(judgement, backup, "part-missing", tar_key(backup, ""),
               xasprintf("%zu more objects that files_metadata.json names are not there",
                         missing->dropped));
}

static void check_unnamed(struct judgement *judgement, struct judged *backup,
                          const struct tar_fact *tar)
{
    if (!sets_are_known(backup) || tar->named || tar->kind == NAME_PG_CONTROL)
        return;
    if (tar->kind == NAME_BACKUP_EXTRA)
        judgement_find(judgement->report, FINDING_NOTE, "foreign-object",
                       tar_key(backup, tar->name), xstrdup("WAL-G writes no object of this name"),
                       xstrdup("WAL-G may try to unpack it in a restore"),
                       "move it elsewhere, if nothing needs it");
    else
        damage(judgement, backup, "files-mismatch",
               judgement_key(backup->facts, "/files_metadata.json"),
               xasprintf("does not name %s, which is there: one of the two is of another backup",
                         tar->name));
}

static bool has(const struct backup_facts *facts, enum name_kind kind)
{
    for (size_t i = 0; i < facts->tar_count; i++)
        if (facts->tars[i].kind == kind)
            return true;
    return false;
}

static void check_control(struct judgement *judgement, struct judged *backup)
{
    const struct backup_facts *facts = backup->facts;
    const struct fact *fact = &facts->control;
    if (!has(facts, NAME_PG_CONTROL)) {
        damage(judgement, backup, "pg-control-missing", tar_key_of(backup, "pg_control"),
               xstrdup("there is no such object, whatever its compression"));
        return;
    }
    char *object = tar_key_of(backup, "pg_control");
    for (size_t i = 0; i < facts->tar_count; i++)
        if (facts->tars[i].kind == NAME_PG_CONTROL) {
            free(object);
            object = tar_key(backup, facts->tars[i].name);
        }
    if (fact->state == FACT_BROKEN)
        damage(judgement, backup, "not-decompressible", object, xstrdup(fact->why));
    else if (fact->state == FACT_NOT_READ)
        unknown(judgement, backup, "not-read", object, xstrdup(fact->why), look_again);
    else if (fact->state == FACT_CODEC)
        unknown(judgement, backup, "codec-unknown", object, xstrdup(fact->why),
                "restore this backup once with WAL-G itself");
    else if (fact->state == FACT_ENCRYPTED)
        unknown(judgement, backup, "encrypted", object,
                xasprintf("%s: it is encrypted, or holds other bytes", fact->why),
                "what is encrypted can be judged only by restoring it: do so once, with its key, "
                "and keep the key outside the cluster");
    else
        free(object);
}

static void check_sizes(struct judgement *judgement, struct judged *backup)
{
    const struct backup_facts *facts = backup->facts;
    uint64_t sum = 0;
    for (size_t i = 0; i < facts->tar_count; i++)
        sum += facts->tars[i].size;
    if (backup->in_doubt || !record_has(backup->record, RECORD_COMPRESSED_SIZE)) {
        if (!backup->in_doubt)
            unknown(judgement, backup, "parts-size", judgement_sentinel(facts),
                    xstrdup("does not say how large the parts are together (CompressedSize)"),
                    "take a new base backup with a newer WAL-G");
        return;
    }
    const uint64_t expected = backup->record->values[RECORD_COMPRESSED_SIZE];
    const uint64_t off = sum > expected ? sum - expected : expected - sum;
    const uint64_t share = expected / 100 * SIZE_TOLERANCE_PERCENT;
    if (off <= share || off <= SIZE_TOLERANCE_BYTES)
        return;
    damage(judgement, backup, "parts-size", tar_key(backup, ""),
           xasprintf("its objects have %" PRIu64 " bytes together, the sentinel says %" PRIu64
                     ": one of them was cut off or replaced",
                     sum, expected));
}

static void check_tars(struct judgement *judgement, struct judged *backup)
{
    const struct backup_facts *facts = backup->facts;
    bool complete = !facts->missing.count;
    check_named(judgement, backup);
    for (size_t i = 0; i < facts->tar_count; i++) {
        const struct tar_fact *tar = &facts->tars[i];
        if (!tar->size) {
            damage(judgement, backup, "part-empty", tar_key(backup, tar->name),
                   xstrdup("is empty"));
            complete = false;
        } else {
            check_unnamed(judgement, backup, tar);
        }
    }
    if (!has(facts, NAME_PART) && complete) {
        damage(judgement, backup, "part-missing", tar_key(backup, ""), xstrdup("holds no part"));
        complete = false;
    }
    check_control(judgement, backup);
    if (complete && has(facts, NAME_PG_CONTROL))
        check_sizes(judgement, backup);
}

/* WAL-E, from which WAL-G comes, wrote less, and other things, into the same place. */
static bool is_of_wal_e(const struct record *record)
{
    return record_has(record, RECORD_WAL_E) && !record_has(record, RECORD_START_LSN);
}

void judge_backup(struct judgement *judgement, struct judged *backup)
{
    if (is_of_wal_e(&backup->facts->described)) {
        backup->in_doubt = true;
        unknown(judgement, backup, "wal-e", judgement_sentinel(backup->facts),
                xstrdup("WAL-E wrote this backup, whose format is not judged here"),
                "take a base backup with WAL-G");
        return;
    }
    check_sentinel(judgement, backup);
    check_metadata(judgement, backup);
    if (!backup->in_doubt || backup->facts->sentinel.state != FACT_READ)
        judge_record(judgement, backup);
    check_files(judgement, backup);
    check_whose_files(judgement, backup);
    if (backup->facts->tars_dropped) {
        unknown(judgement, backup, "not-read", tar_key(backup, ""),
                xasprintf("%zu objects are more than is kept", backup->facts->tars_dropped),
                "verify this backup by restoring it");
        return;
    }
    check_tars(judgement, backup);
}
