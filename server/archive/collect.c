#include "server/archive/collect.h"

#include "base/mem.h"
#include "server/archive/object.h"
#include "server/archive/settle.h"

#include <time.h>

/* Largest history file, decompressed. */
#define HISTORY_SIZE_MAX (1024 * 1024)

/* pg_control is 8 KiB, in a tar file that is a little larger. What is larger is not read on. */
#define CONTROL_SIZE_MAX (64 * 1024)

static void set(struct fact *fact, enum fact_state state, const char *why)
{
    fact->state = state;
    free(fact->why);
    fact->why = why ? xstrdup(why) : NULL;
}

static bool add_object(void *context, const struct source_object *object)
{
    facts_add(context, object->key, object->size, object->modified);
    return true;
}

/* What is at the top of the archive beside the two folders of WAL-G is foreign. */
static bool add_top(void *context, const struct source_object *object)
{
    if (!str_is(object->key, NAMES_WAL) && !str_is(object->key, NAMES_BACKUPS))
        facts_add(context, object->key, object->size ? object->size : 1, object->modified);
    return true;
}

static void note(struct fact *fact, enum source_status status, const struct error *err)
{
    if (status == SOURCE_UNKNOWN)
        set(fact, FACT_NOT_READ, err->text);
    else
        set(fact, FACT_READ, NULL);
}

/* Backups come before WAL: a backup that ends in between is not there yet, while its WAL would be
 * missing the other way round. */
static void list(struct source *source, struct facts *facts)
{
    struct error err;
    note(&facts->top, source_list_folder(source, "", add_top, facts, &err), &err);
    note(&facts->backup_list, source_list(source, NAMES_BACKUPS, add_object, facts, &err), &err);
    note(&facts->wal_list, source_list(source, NAMES_WAL, add_object, facts, &err), &err);
    facts_sort(facts);
}

struct record_input {
    struct record_reader reader;
    struct backup_facts *backup;
    struct error problem;
    bool ok;
};

static void take_set(void *context, struct str tar)
{
    struct record_input *input = context;
    struct backup_facts *backup = input->backup;
    struct tar_fact *fact = facts_tar(backup, tar);
    if (fact)
        fact->named = true;
    else
        strlist_add(&backup->missing, tar);
}

static bool take_record(void *context, struct str bytes)
{
    struct record_input *input = context;
    input->ok = record_feed(&input->reader, bytes, &input->problem);
    return input->ok;
}

static void read_record(struct source *source, struct backup_facts *backup, const char *key,
                        enum record_kind kind, struct record *record, struct fact *fact)
{
    if (fact->state != FACT_LISTED)
        return;
    struct error err;
    struct record_input input = {.backup = backup, .ok = true};
    record_begin(&input.reader, kind, record, take_set, &input);
    switch (source_read(source, key, take_record, &input, &err)) {
    case SOURCE_DONE:
        if (record_end(&input.reader, &input.problem))
            set(fact, FACT_READ, NULL);
        else
            set(fact, FACT_BROKEN, input.problem.text);
        return;
    case SOURCE_STOPPED:
        set(fact, FACT_BROKEN, input.problem.text);
        return;
    case SOURCE_ABSENT:
        set(fact, FACT_NOT_READ, "was listed, but is gone: it may be being deleted");
        return;
    case SOURCE_UNKNOWN:
        set(fact, FACT_NOT_READ, err.text);
        return;
    }
}

static const enum fact_state state_of_object[] = {
    [OBJECT_WHOLE] = FACT_READ,          [OBJECT_STOPPED] = FACT_READ,
    [OBJECT_ABSENT] = FACT_NOT_READ,     [OBJECT_NOT_READ] = FACT_NOT_READ,
    [OBJECT_CODEC_UNKNOWN] = FACT_CODEC, [OBJECT_FOREIGN] = FACT_ENCRYPTED,
    [OBJECT_DAMAGED] = FACT_BROKEN,
};

static void note_object(struct fact *fact, enum object_status status, const struct error *err)
{
    const enum fact_state state = state_of_object[status];
    set(fact, state, state == FACT_READ ? NULL : err->text);
}

static bool count_control(void *context, struct str bytes)
{
    size_t *size = context;
    *size += bytes.length;
    return *size <= CONTROL_SIZE_MAX;
}

static void read_control(struct source *source, struct backup_facts *backup)
{
    for (size_t i = 0; i < backup->tar_count; i++) {
        const struct tar_fact *tar = &backup->tars[i];
        if (tar->kind != NAME_PG_CONTROL || !tar->size)
            continue;
        struct error err;
        size_t size = 0;
        autofree char *key = xasprintf(NAMES_BACKUPS "%s" NAMES_TARS "%s", backup->name, tar->name);
        note_object(&backup->control, object_read(source, key, count_control, NULL, &size, &err),
                    &err);
        return;
    }
}

/* Of a backup that is not finished, only when it began and ended is of use. */
static void read_backup(struct source *source, struct backup_facts *backup)
{
    autofree char *sentinel = xasprintf(NAMES_BACKUPS "%s" NAMES_SENTINEL, backup->name);
    autofree char *metadata = xasprintf(NAMES_BACKUPS "%s/metadata.json", backup->name);
    autofree char *files = xasprintf(NAMES_BACKUPS "%s/files_metadata.json", backup->name);
    read_record(source, backup, metadata, RECORD_METADATA, &backup->metadata_record,
                &backup->metadata);
    if (backup->sentinel.state == FACT_ABSENT)
        return;
    read_record(source, backup, sentinel, RECORD_SENTINEL, &backup->described, &backup->sentinel);
    read_record(source, backup, files, RECORD_FILES, &backup->files_record, &backup->files);
    read_control(source, backup);
}

/* The oldest timeline that a restore can begin on; histories up to it are nobody's way. */
static uint32_t oldest_timeline(const struct facts *facts)
{
    uint32_t oldest = UINT32_MAX;
    for (size_t i = 0; i < facts->backup_count; i++)
        if (facts->backups[i].segment.timeline < oldest)
            oldest = facts->backups[i].segment.timeline;
    return oldest;
}

static void read_history(struct source *source, struct history_facts *history)
{
    struct error err;
    struct buf text = BUF(HISTORY_SIZE_MAX);
    note_object(&history->fact, object_read_small(source, history->key, &text, &err), &err);
    if (history->fact.state == FACT_READ &&
        !history_parse(buf_str(&text), history->timeline, &history->history, &err))
        set(&history->fact, FACT_BROKEN, err.text);
    buf_clear(&text);
}

/* Before it says that WAL is missing that is only late. */
static void settle(struct source *source, struct facts *facts)
{
    struct unsettled unsettled;
    if (!settle_find(facts, (int64_t)time(NULL), &unsettled))
        return;
    const struct timespec pause = {.tv_sec = unsettled.seconds};
    (void)nanosleep(&pause, NULL);
    settle_again(source, facts, &unsettled);
}

void collect(struct source *source, struct facts *ret)
{
    *ret = (struct facts){0};
    list(source, ret);
    for (size_t i = 0; i < ret->backup_count; i++)
        read_backup(source, &ret->backups[i]);
    const uint32_t oldest = oldest_timeline(ret);
    for (size_t i = 0; i < ret->history_count; i++)
        if (ret->histories[i].timeline > oldest)
            read_history(source, &ret->histories[i]);
    settle(source, ret);
}
