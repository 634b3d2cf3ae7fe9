#include "server/archive/deep_look.h"

#include "base/mem.h"
#include "server/archive/wal_header.h"

/* How an object's name may end. */
static const char *const suffixes[] = {"", "lz4", "zst", "lzma", "br", "lzo", "gz"};

#define SUFFIX_COUNT (sizeof(suffixes) / sizeof(suffixes[0]))

/* A segment, or the part of one at the end of a timeline. */
struct wal_object {
    struct segment_name name;
    uint8_t suffix;
    bool partial;
};

struct wal_objects {
    struct look *look;
    struct segment_name oldest; /* that a backup needs; timeline 0: all are read */
    struct wal_object *items;
    size_t count, room;
    uint64_t too_many;
    /* Segments in a row that do not begin as their names say: the first, and how many. */
    size_t foreign_first, foreign_count;
};

/* By timeline, then in the order of the WAL. */
static int compare(const void *a, const void *b)
{
    const struct segment_name *left = &((const struct wal_object *)a)->name;
    const struct segment_name *right = &((const struct wal_object *)b)->name;
    if (left->timeline != right->timeline)
        return left->timeline < right->timeline ? -1 : 1;
    if (left->high != right->high)
        return left->high < right->high ? -1 : 1;
    return left->low < right->low ? -1 : left->low > right->low;
}

static bool is_before(struct segment_name a, struct segment_name b)
{
    return a.high < b.high || (a.high == b.high && a.low < b.low);
}

static size_t suffix_place(struct str suffix)
{
    size_t place = 0;
    while (place < SUFFIX_COUNT && !str_is(suffix, suffixes[place]))
        place++;
    return place;
}

static void add(struct wal_objects *objects, const struct name *name, size_t suffix)
{
    if (objects->count == DEEP_WAL_MAX) {
        objects->too_many++;
        return;
    }
    if (objects->count == objects->room) {
        objects->room = objects->room ? objects->room + objects->room / 2 : 1024;
        objects->items = xrealloc(objects->items, objects->room * sizeof(*objects->items));
    }
    objects->items[objects->count++] = (struct wal_object){
        .name = name->segment,
        .suffix = (uint8_t)suffix,
        .partial = name->kind == NAME_PARTIAL,
    };
}

static bool see(void *context, const struct source_object *object)
{
    struct wal_objects *objects = context;
    struct name name = name_parse(object->key);
    size_t suffix = suffix_place(name.suffix);
    bool wanted = (name.kind == NAME_SEGMENT || name.kind == NAME_PARTIAL) && object->size &&
                  suffix < SUFFIX_COUNT;
    if (!wanted || (objects->oldest.timeline && is_before(name.segment, objects->oldest)))
        return true;
    add(objects, &name, suffix);
    objects->look->state.objects_all++;
    objects->look->state.bytes_all += object->size;
    return true;
}

/* Restores begin at a backup: no WAL before the first is read. */
static struct segment_name oldest_needed(const struct facts *facts)
{
    struct segment_name oldest = {0};
    for (size_t i = 0; i < facts->backup_count; i++) {
        const struct backup_facts *backup = &facts->backups[i];
        if (backup->sentinel.state != FACT_ABSENT &&
            (!oldest.timeline || is_before(backup->segment, oldest)))
            oldest = backup->segment;
    }
    return oldest;
}

struct wal_objects *look_list_wal(struct look *look)
{
    struct error err;
    struct wal_objects *objects = xcalloc(1, sizeof(*objects));
    objects->look = look;
    objects->oldest = oldest_needed(look->facts);
    enum source_status status = source_list(look->source, NAMES_WAL, see, objects, &err);
    if (status == SOURCE_UNKNOWN && !look_has(look, "not-read", NAMES_WAL))
        look_found(look, FINDING_UNKNOWN, "not-read", NAMES_WAL, err.text);
    if (objects->count)
        qsort(objects->items, objects->count, sizeof(*objects->items), compare);
    return objects;
}

static char *key_of(const struct wal_object *object)
{
    char name[NAMES_SEGMENT_SIZE];
    const char *suffix = suffixes[object->suffix];
    return xasprintf(NAMES_WAL "%s%s%s%s", name_of_segment(object->name, name),
                     object->partial ? ".partial" : "", *suffix ? "." : "", suffix);
}

struct segment_look {
    struct wal_header header;
    enum wal_header_status status;
    bool headers; /* the page headers are looked at */
    struct error *err;
};

static bool take_segment(void *context, struct str bytes)
{
    struct segment_look *segment = context;
    if (segment->headers)
        segment->status = wal_header_feed(&segment->header, bytes, segment->err);
    return segment->status == WAL_HEADER_FINE;
}

static struct wal_header_expected expected_of(const struct look *look,
                                              const struct wal_object *object)
{
    const struct history_facts *history = facts_history(look->facts, object->name.timeline);
    size_t count = history && history->fact.state == FACT_READ ? history->history.count : 0;
    return (struct wal_header_expected){
        .name = object->name,
        .segment_size = look->report->wal_segment_size,
        .system_identifier = look->report->system_identifier,
        .timeline_begins = count ? history->history.entries[count - 1].end : 0,
    };
}

static void tell_segment(struct look *look, enum wal_header_status status, const char *key,
                         const char *what)
{
    static const struct {
        enum finding_kind kind;
        const char *code;
    } findings[] = {
        [WAL_HEADER_UNKNOWN] = {FINDING_UNKNOWN, "wal-unknown"},
        [WAL_HEADER_DAMAGED] = {FINDING_DAMAGE, "wal-damaged"},
        [WAL_HEADER_MISPLACED] = {FINDING_DAMAGE, "wal-misplaced"},
        [WAL_HEADER_OTHER_SYSTEM] = {FINDING_DAMAGE, "system-identifier"},
    };
    if (status != WAL_HEADER_FINE)
        look_found(look, findings[status].kind, findings[status].code, key, what);
}

/* One among others that can be read: something else is in its place. */
static void tell_foreign(struct wal_objects *objects)
{
    for (size_t i = 0; i < objects->foreign_count; i++) {
        autofree char *key = key_of(&objects->items[objects->foreign_first + i]);
        look_found(objects->look, FINDING_DAMAGE, "not-decompressible", key,
                   "does not begin as its name says, as later segments do");
    }
    objects->foreign_count = 0;
}

/* The newest ones of a timeline, all alike: encrypted. */
static void end_timeline(struct wal_objects *objects)
{
    if (objects->foreign_count == 1)
        tell_foreign(objects);
    if (!objects->foreign_count)
        return;
    autofree char *first = key_of(&objects->items[objects->foreign_first]);
    autofree char *what = xasprintf("it and the %zu segments behind it do not begin as their "
                                    "names say: they are encrypted",
                                    objects->foreign_count - 1);
    look_found(objects->look, FINDING_UNKNOWN, "encrypted", first, what);
    objects->foreign_count = 0;
}

static void tell(struct wal_objects *objects, size_t i, const struct segment_look *segment,
                 enum object_status status, const char *key)
{
    struct look *look = objects->look;
    if (status == OBJECT_FOREIGN) {
        if (!objects->foreign_count++)
            objects->foreign_first = i;
        return;
    }
    tell_foreign(objects);
    if (segment->status != WAL_HEADER_FINE)
        tell_segment(look, segment->status, key, segment->err->text);
    else if (status != OBJECT_WHOLE)
        look_status(look, status, key, segment->err->text);
    else if (segment->headers)
        tell_segment(look, wal_header_end(&segment->header, segment->err), key, segment->err->text);
}

static void look_at_segment(struct wal_objects *objects, size_t i)
{
    struct error err = {""};
    const struct wal_object *object = &objects->items[i];
    autofree char *key = key_of(object);
    struct wal_header_expected expected = expected_of(objects->look, object);
    /* What the end of a timeline has behind its last record is from the segment's last use. */
    struct segment_look segment = {.headers = !object->partial, .err = &err};
    wal_header_begin(&segment.header, &expected);
    enum object_status status = look_read(objects->look, key, take_segment, &segment, &err);
    if (!objects->look->cancelled)
        tell(objects, i, &segment, status, key);
}

static void free_objects(struct wal_objects *objects)
{
    free(objects->items);
    free(objects);
}

void look_at_wal(struct look *look, struct wal_objects *objects)
{
    for (size_t i = 0; i < objects->count && !look->cancelled; i++) {
        if (i && objects->items[i].name.timeline != objects->items[i - 1].name.timeline)
            end_timeline(objects);
        look_at_segment(objects, i);
    }
    if (!look->cancelled)
        end_timeline(objects);
    if (objects->too_many) {
        autofree char *what = xasprintf("%llu segments more than the %u that are read in one look",
                                        (unsigned long long)objects->too_many, DEEP_WAL_MAX);
        look_found(look, FINDING_UNKNOWN, "not-read", NAMES_WAL, what);
    }
    free_objects(objects);
}
