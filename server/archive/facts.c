#include "server/archive/facts.h"

#include "base/mem.h"

#include <stdio.h>

static int compare_backups(const void *a, const void *b)
{
    const struct backup_facts *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int compare_tars(const void *a, const void *b)
{
    const struct tar_fact *x = a, *y = b;
    return strcmp(x->name, y->name);
}

static int compare_histories(const void *a, const void *b)
{
    const struct history_facts *x = a, *y = b;
    return x->timeline < y->timeline ? -1 : x->timeline > y->timeline;
}

static int compare_name(const struct backup_facts *backup, struct str name)
{
    const int order = strncmp(backup->name, name.data, name.length);
    return order ? order : backup->name[name.length] != '\0';
}

struct backup_facts *facts_backup(const struct facts *facts, struct str name)
{
    size_t from = 0, to = facts->backup_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        struct backup_facts *backup = &facts->backups[middle];
        const int order = compare_name(backup, name);
        if (!order)
            return backup;
        if (order < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return NULL;
}

struct tar_fact *facts_tar(const struct backup_facts *backup, struct str name)
{
    autofree char *text = xstrndup(name.data, name.length);
    const struct tar_fact key = {.name = text};
    return backup->tar_count
               ? bsearch(&key, backup->tars, backup->tar_count, sizeof key, compare_tars)
               : NULL;
}

const struct history_facts *facts_history(const struct facts *facts, uint32_t timeline)
{
    const struct history_facts key = {.timeline = timeline};
    return facts->history_count ? bsearch(&key, facts->histories, facts->history_count, sizeof key,
                                          compare_histories)
                                : NULL;
}

/* Where in `order` the backup of that name is, or belongs. */
static size_t place_of(const struct facts *facts, struct str name)
{
    size_t from = 0, to = facts->backup_count;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (compare_name(&facts->backups[facts->order[middle]], name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static void make_room(struct facts *facts)
{
    if (facts->backup_count < facts->backup_room)
        return;
    facts->backup_room = facts->backup_room ? facts->backup_room * 2 : 16;
    facts->backups = xrealloc(facts->backups, facts->backup_room * sizeof *facts->backups);
    facts->order = xrealloc(facts->order, facts->backup_room * sizeof *facts->order);
}

/* The backup of that name, which is made when there is none; NULL when there are too many. */
static struct backup_facts *backup_for(struct facts *facts, const struct name *name)
{
    const size_t place = place_of(facts, name->backup);
    if (place < facts->backup_count &&
        str_is(name->backup, facts->backups[facts->order[place]].name))
        return &facts->backups[facts->order[place]];
    if (facts->backup_count == FACTS_BACKUPS_MAX)
        return NULL;
    make_room(facts);
    uint32_t *at = facts->order + place;
    memmove(at + 1, at, (facts->backup_count - place) * sizeof *at);
    *at = (uint32_t)facts->backup_count;
    struct backup_facts *backup = &facts->backups[facts->backup_count++];
    *backup = (struct backup_facts){.name = xstrndup(name->backup.data, name->backup.length)};
    (void)name_backup(name->backup, &backup->segment, &backup->parent);
    return backup;
}

static void add_tar(struct facts *facts, struct backup_facts *backup, const struct name *name,
                    uint64_t size)
{
    if (facts->tar_count == FACTS_TARS_MAX) {
        backup->tars_dropped++;
        return;
    }
    facts->tar_count++;
    if (backup->tar_count == backup->tar_room) {
        backup->tar_room = backup->tar_room ? backup->tar_room * 2 : 8;
        backup->tars = xrealloc(backup->tars, backup->tar_room * sizeof *backup->tars);
    }
    backup->tars[backup->tar_count++] = (struct tar_fact){
        xstrndup(name->tar.data, name->tar.length), size, name->kind, name->part, false};
}

static void add_to_backup(struct facts *facts, const struct name *name, uint64_t size,
                          int64_t modified)
{
    struct backup_facts *backup = backup_for(facts, name);
    if (!backup) {
        facts->too_many = "more than 10000 backups";
        return;
    }
    backup->size += size;
    if (modified > backup->modified)
        backup->modified = modified;
    if (name->kind == NAME_SENTINEL)
        backup->sentinel.state = FACT_LISTED;
    else if (name->kind == NAME_METADATA)
        backup->metadata.state = FACT_LISTED;
    else if (name->kind == NAME_FILES_METADATA)
        backup->files.state = FACT_LISTED;
    else if (name->tar.data)
        add_tar(facts, backup, name, size);
}

static void add_history(struct facts *facts, const struct name *name, struct str key,
                        int64_t modified)
{
    if (facts->history_count == FACTS_HISTORIES_MAX) {
        facts->too_many = "more than 1000 history files";
        return;
    }
    facts->histories =
        xrealloc(facts->histories, (facts->history_count + 1) * sizeof *facts->histories);
    facts->histories[facts->history_count++] = (struct history_facts){
        .timeline = name->segment.timeline,
        .key = xstrndup(key.data, key.length),
        .modified = modified,
        .fact = {FACT_LISTED, NULL},
    };
}

static void add_mark(struct facts *facts, const struct name *name)
{
    if (facts->mark_count == FACTS_MARKS_MAX)
        return; /* the rest would say the same about the size of a segment */
    facts->marks = xrealloc(facts->marks, (facts->mark_count + 1) * sizeof *facts->marks);
    facts->marks[facts->mark_count++] = (struct mark_facts){name->segment, name->offset};
}

static void add_segment(struct facts *facts, const struct name *name, uint64_t size,
                        int64_t modified)
{
    if (size && name->suffix.length)
        (void)snprintf(facts->suffix, sizeof facts->suffix, ".%.*s", STR_ARG(name->suffix));
    if (wal_add(&facts->wal, name->segment, size, modified))
        return;
    facts->wal_cut = true;
    facts->too_many = "more WAL than is kept";
}

static void add_foreign(struct facts *facts, struct str key)
{
    facts->foreign_count++;
    if (facts->foreign.count < FACTS_FOREIGN_MAX)
        strlist_add(&facts->foreign, key);
}

void facts_add(struct facts *facts, struct str key, uint64_t size, int64_t modified)
{
    const struct name name = name_parse(key);
    facts->objects++;
    if (!size && str_ends(key, STR("/")))
        return; /* a folder, as some tools leave it in a bucket */
    if (name.backup.data)
        add_to_backup(facts, &name, size, modified);
    else if (name.kind == NAME_HISTORY)
        add_history(facts, &name, key, modified);
    else if (name.kind == NAME_BACKUP_MARK)
        add_mark(facts, &name);
    else if (name.kind == NAME_FOREIGN)
        add_foreign(facts, key);
    else if (name.kind == NAME_SEGMENT)
        add_segment(facts, &name, size, modified);
}

void facts_sort(struct facts *facts)
{
    free(TAKE(facts->order));
    if (facts->backup_count)
        qsort(facts->backups, facts->backup_count, sizeof *facts->backups, compare_backups);
    for (size_t i = 0; i < facts->backup_count; i++)
        if (facts->backups[i].tar_count)
            qsort(facts->backups[i].tars, facts->backups[i].tar_count,
                  sizeof *facts->backups[i].tars, compare_tars);
    if (facts->history_count)
        qsort(facts->histories, facts->history_count, sizeof *facts->histories, compare_histories);
    wal_sort(&facts->wal);
}

static void backup_done(struct backup_facts *backup)
{
    free(backup->name);
    free(backup->sentinel.why);
    free(backup->metadata.why);
    free(backup->files.why);
    free(backup->control.why);
    record_done(&backup->described);
    record_done(&backup->metadata_record);
    record_done(&backup->files_record);
    strlist_clear(&backup->missing);
    for (size_t i = 0; i < backup->tar_count; i++)
        free(backup->tars[i].name);
    free(backup->tars);
}

void facts_done(struct facts *facts)
{
    for (size_t i = 0; i < facts->backup_count; i++)
        backup_done(&facts->backups[i]);
    for (size_t i = 0; i < facts->history_count; i++) {
        free(facts->histories[i].key);
        free(facts->histories[i].fact.why);
        history_done(&facts->histories[i].history);
    }
    free(facts->top.why);
    free(facts->backup_list.why);
    free(facts->wal_list.why);
    free(facts->order);
    free(facts->backups);
    free(facts->histories);
    free(facts->marks);
    strlist_clear(&facts->foreign);
    wal_done(&facts->wal);
    *facts = (struct facts){0};
}
