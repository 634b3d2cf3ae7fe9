#include "server/archive/deep_look.h"

#include "base/mem.h"
#include "server/archive/file_sets.h"
#include "server/archive/label.h"
#include "server/archive/pg_control.h"
#include "server/archive/tar.h"

/* How far the sum of the files may be from what the sentinel says, as a part of it. */
#define TOLERANCE 100

/* One backup. */
struct backup_look {
    struct look *look;
    const struct backup_facts *facts;
    struct file_sets sets;
    uint64_t member_bytes; /* of all files in all tar objects */
    uint64_t tar_bytes;    /* of the tar objects themselves, decompressed */
    bool whole;            /* so far each of them was read, and is sound */
    bool has_label, has_control;
    struct strlist foreign; /* keys of what does not begin as its name says */
    size_t read;
};

/* One tar object of it. */
struct tar_look {
    struct backup_look *backup;
    const char *name; /* "part_001.tar.lz4" */
    const char *key;
    struct tar tar;
    struct error *err;
    bool damaged;
    struct buf kept; /* of the member that is looked into */
    enum { KEEP_NOTHING, KEEP_LABEL, KEEP_CONTROL } keep;
    uint64_t left; /* bytes of the member */
    uint64_t strangers;
    struct buf stranger; /* the name of the first */
};

static void found(const struct tar_look *tar, const char *code, const char *what)
{
    look_found(tar->backup->look, FINDING_DAMAGE, code, tar->key, what);
}

static void check_label(struct tar_look *tar)
{
    struct error err;
    struct label label;
    const struct backup_facts *facts = tar->backup->facts;
    uint64_t start = facts->described.values[RECORD_START_LSN];
    tar->backup->has_label = true;
    if (!label_parse(buf_str(&tar->kept), &label, &err)) {
        error_wrap_(&err, "its backup_label");
        found(tar, "label-damaged", err.text);
        return;
    }
    char text[NAMES_SEGMENT_SIZE], expected[NAMES_SEGMENT_SIZE];
    const char *name = name_of_segment(label.segment, text);
    if (strcmp(name, name_of_segment(facts->segment, expected)) != 0) {
        error_set_(&err, "its backup_label begins in %s, the backup in %s", name, expected);
        found(tar, "label-damaged", err.text);
    } else if (start && label.start != start) {
        error_set_(&err, "its backup_label begins at %X/%X, the sentinel at %X/%X",
                   (unsigned)(label.start >> 32), (unsigned)label.start, (unsigned)(start >> 32),
                   (unsigned)start);
        found(tar, "label-damaged", err.text);
    }
}

static void check_control(struct tar_look *tar)
{
    struct error err;
    uint64_t system, expected = tar->backup->facts->described.values[RECORD_SYSTEM_IDENTIFIER];
    tar->backup->has_control = true;
    if (!pg_control_check(buf_str(&tar->kept), &system, &err)) {
        error_wrap_(&err, "its global/pg_control");
        found(tar, "pg-control-damaged", err.text);
    } else if (expected && system != expected) {
        error_set_(&err,
                   "its global/pg_control is of the database cluster %llu, the backup of %llu",
                   (unsigned long long)system, (unsigned long long)expected);
        found(tar, "pg-control-damaged", err.text);
    }
}

/* The member that was looked into is complete, or as much of it as is looked at. */
static void end_kept(struct tar_look *tar)
{
    if (tar->keep == KEEP_LABEL)
        check_label(tar);
    if (tar->keep == KEEP_CONTROL)
        check_control(tar);
    tar->keep = KEEP_NOTHING;
    buf_clear(&tar->kept);
}

static bool is_file(struct str name, const char *wanted)
{
    while (str_starts(name, STR("./")))
        name = str_skip(name, 2);
    return str_is(str_starts(name, STR("/")) ? str_skip(name, 1) : name, wanted);
}

static void see_member(void *context, const struct tar_member *member)
{
    struct tar_look *tar = context;
    bool file = member->type == '0';
    tar->backup->member_bytes += member->size;
    tar->left = member->size;
    if (file && is_file(member->name, "backup_label") && member->size <= LABEL_MAX)
        tar->keep = KEEP_LABEL;
    if (file && is_file(member->name, "global/pg_control"))
        tar->keep = KEEP_CONTROL;
    if (tar->keep && !member->size)
        end_kept(tar);
    /* pg_control is in no set: WAL-G adds it last, by itself. */
    if (!file || is_file(member->name, "global/pg_control") ||
        file_sets_has(&tar->backup->sets, str_of(tar->name), member->name))
        return;
    if (tar->strangers++ == 0)
        buf_add(&tar->stranger, member->name);
}

static void see_content(void *context, struct str bytes)
{
    struct tar_look *tar = context;
    tar->left -= bytes.length;
    if (!tar->keep)
        return;
    size_t most = tar->keep == KEEP_CONTROL ? PG_CONTROL_BYTES : LABEL_MAX;
    size_t room = most - tar->kept.length;
    buf_add(&tar->kept, (struct str){bytes.data, bytes.length < room ? bytes.length : room});
    if (!tar->left)
        end_kept(tar);
}

static bool take_tar(void *context, struct str bytes)
{
    struct tar_look *tar = context;
    struct tar_handler handler = {tar, see_member, see_content};
    tar->backup->tar_bytes += bytes.length;
    tar->damaged = !tar_feed(&tar->tar, bytes, &handler, tar->err);
    return !tar->damaged;
}

static void tell_strangers(const struct tar_look *tar)
{
    struct error err;
    struct str name = buf_str(&tar->stranger);
    if (!tar->strangers)
        return;
    error_set_(&err, "has %llu files that the list of files has not in it, such as '%.*s'",
               (unsigned long long)tar->strangers, STR_ARG(name));
    found(tar, "tar-mismatch", err.text);
}

static void end_tar(struct tar_look *tar, enum object_status status)
{
    struct backup_look *backup = tar->backup;
    if (status == OBJECT_WHOLE && !tar_end(&tar->tar, tar->err))
        tar->damaged = true;
    backup->whole = backup->whole && status == OBJECT_WHOLE && !tar->damaged;
    if (status == OBJECT_FOREIGN)
        strlist_add(&backup->foreign, str_of(tar->key));
    else if (tar->damaged)
        found(tar, "tar-damaged", tar->err->text);
    else
        look_status(backup->look, status, tar->key, tar->err->text);
    if (status == OBJECT_WHOLE)
        tell_strangers(tar);
}

static char *key_of(const struct backup_facts *facts, const char *rest)
{
    return xasprintf(NAMES_BACKUPS "%s%s", facts->name, rest);
}

static void look_at_tar(struct backup_look *backup, const struct tar_fact *fact)
{
    autofree char *rest = xasprintf(NAMES_TARS "%s", fact->name);
    autofree char *key = key_of(backup->facts, rest);
    struct error err = {""};
    struct tar_look tar = {
        .backup = backup,
        .name = fact->name,
        .key = key,
        .tar = TAR_NEW,
        .err = &err,
        .kept = BUF(LABEL_MAX),
        .stranger = BUF(TAR_EXTENDED_MAX),
    };
    backup->read++;
    enum object_status status = look_read(backup->look, key, take_tar, &tar, &err);
    if (!backup->look->cancelled)
        end_tar(&tar, status);
    tar_done(&tar.tar);
    buf_clear(&tar.kept);
    buf_clear(&tar.stranger);
}

static bool take_list(void *context, struct str bytes)
{
    struct error err;
    return file_sets_feed(context, bytes, &err);
}

/* What judge.c has read of it stays; here it is the place of each file. */
static void read_sets(struct backup_look *backup)
{
    struct error err;
    struct file_sets_reader reader;
    if (backup->facts->files.state != FACT_READ)
        return;
    autofree char *key = key_of(backup->facts, "/files_metadata.json");
    file_sets_begin(&reader, &backup->sets);
    if (object_read(backup->look->source, key, take_list, NULL, &reader, &err) != OBJECT_WHOLE)
        backup->sets.too_many = true;
    file_sets_end(&reader);
}

/* WAL-G counts the bytes of the files; over the replication protocol those of the tar stream. */
static void check_size(const struct backup_look *backup)
{
    uint64_t expected = backup->facts->described.values[RECORD_UNCOMPRESSED_SIZE];
    uint64_t tolerance = expected / TOLERANCE;
    if (!expected ||
        (backup->member_bytes <= expected + tolerance && backup->tar_bytes + tolerance >= expected))
        return;
    struct error err;
    error_set_(&err, "says that its files have %llu bytes, those in its parts have %llu",
               (unsigned long long)expected, (unsigned long long)backup->member_bytes);
    autofree char *key = key_of(backup->facts, NAMES_SENTINEL);
    look_found(backup->look, FINDING_DAMAGE, "size-mismatch", key, err.text);
}

/* Of what is there, and whole, and yet does not hold what a backup has. */
static void check_contents(const struct backup_look *backup)
{
    const char *name = backup->facts->name;
    autofree char *key = key_of(backup->facts, "/");
    bool missing = backup->facts->missing.count || backup->read < backup->facts->tar_count;
    if (!backup->whole || !backup->read || missing)
        return;
    if (!backup->has_label && !look_has(backup->look, "label-missing", name))
        look_found(backup->look, FINDING_DAMAGE, "label-missing", key,
                   "no part of it holds backup_label");
    if (!backup->has_control && !look_has(backup->look, "pg-control-missing", name))
        look_found(backup->look, FINDING_DAMAGE, "pg-control-missing", key,
                   "no part of it holds global/pg_control");
    if (!look_has(backup->look, "parts-size", name))
        check_size(backup);
}

/* All alike: encrypted. One among others that can be read: something else is in its place. */
static void tell_foreign(const struct backup_look *backup)
{
    const struct backup_facts *facts = backup->facts;
    size_t count = backup->foreign.count + backup->foreign.dropped;
    if (count && count == backup->read) {
        autofree char *folder = key_of(facts, "/");
        if (!look_has(backup->look, "encrypted", facts->name))
            look_found(backup->look, FINDING_UNKNOWN, "encrypted", folder,
                       "none of its objects begins as its name says: they are encrypted");
        return;
    }
    for (size_t i = 0; i < backup->foreign.count; i++)
        look_found(backup->look, FINDING_DAMAGE, "not-decompressible", backup->foreign.items[i],
                   "does not begin as its name says, as the other objects of the backup do");
}

static void look_at_backup(struct look *look, const struct backup_facts *facts)
{
    struct backup_look backup = {.look = look, .facts = facts, .whole = true};
    read_sets(&backup);
    for (size_t i = 0; i < facts->tar_count && !look->cancelled; i++)
        if (facts->tars[i].size)
            look_at_tar(&backup, &facts->tars[i]);
    if (!look->cancelled) {
        tell_foreign(&backup);
        check_contents(&backup);
    }
    strlist_clear(&backup.foreign);
    file_sets_done(&backup.sets);
}

/* Without a sentinel it is no backup, or not yet. */
static bool matters(const struct backup_facts *facts)
{
    return facts->sentinel.state != FACT_ABSENT;
}

void look_count_backups(struct look *look)
{
    for (size_t i = 0; i < look->facts->backup_count; i++) {
        const struct backup_facts *facts = &look->facts->backups[i];
        for (size_t j = 0; matters(facts) && j < facts->tar_count; j++) {
            look->state.objects_all += facts->tars[j].size != 0;
            look->state.bytes_all += facts->tars[j].size;
        }
    }
}

void look_at_backups(struct look *look)
{
    for (size_t i = 0; i < look->facts->backup_count && !look->cancelled; i++)
        if (matters(&look->facts->backups[i]))
            look_at_backup(look, &look->facts->backups[i]);
}
