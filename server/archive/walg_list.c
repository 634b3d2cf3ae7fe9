#include "server/archive/walg_list.h"

#include "base/mem.h"
#include "patches/doc.h"
#include "server/archive/names.h"

#define DEPTH_MAX 8

/* Clocks differ, and looking takes its time. Seconds. */
#define SLACK 60

/* Our backups by name, and which of them the list has. */
struct ours {
    const struct report_backup *backup;
    bool listed;
};

static int by_name(const void *a, const void *b)
{
    const struct ours *left = a;
    const struct ours *right = b;
    return strcmp(left->backup->name, right->backup->name);
}

static struct ours *sorted(const struct report *report)
{
    struct ours *ours = xcalloc(report->backup_count + 1, sizeof(*ours));
    for (size_t i = 0; i < report->backup_count; i++)
        ours[i].backup = &report->backups[i];
    qsort(ours, report->backup_count, sizeof(*ours), by_name);
    return ours;
}

static struct ours *find(struct ours *ours, size_t count, char *name)
{
    const struct report_backup wanted = {.name = name};
    const struct ours key = {&wanted, false};
    return bsearch(&key, ours, count, sizeof(*ours), by_name);
}

static char *sentinel_of(const char *name)
{
    return xasprintf(NAMES_BACKUPS "%s" NAMES_SENTINEL, name);
}

static void failed(struct report *report, const char *what)
{
    report_add(report, FINDING_UNKNOWN, "walg-list-failed", "", what,
               "what WAL-G would restore was not compared with what is here",
               "give what 'wal-g backup-list --detail --json' writes to standard output; its "
               "messages on standard error say what is wrong");
}

void walg_list_failed(struct report *report, const char *why)
{
    autofree char *what = xasprintf("there is no list of WAL-G's: %s", why);
    failed(report, what);
}

/* ---- one backup ---- */

static void add_differs(struct report *report, const char *name, const char *what)
{
    autofree char *object = sentinel_of(name);
    report_add(report, FINDING_DAMAGE, "walg-differs", object, what,
               "the two do not speak of the same backup: which one a restore would get is open",
               "make WAL-G's list of this very prefix; if they still differ, trust neither "
               "and take a new base backup");
}

static void compare_fields(struct report *report, const char *name, struct value entry,
                           const struct report_backup *backup)
{
    const struct {
        const char *key;
        uint64_t ours;
    } rows[] = {
        {"start_lsn", backup->start_lsn},
        {"finish_lsn", backup->finish_lsn},
        {"system_identifier", backup->system_identifier},
        {"pg_version", backup->pg_version},
        {"compressed_size", backup->compressed_size},
        {"uncompressed_size", backup->uncompressed_size},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        uint64_t theirs;
        struct value value = value_get(entry, rows[i].key);
        if (!value_present(value) || !rows[i].ours ||
            (str_number(value_raw(value), &theirs) && theirs == rows[i].ours))
            continue;
        struct str raw = value_raw(value);
        autofree char *what = xasprintf("%s is %.*s in WAL-G's list, and %llu in the archive",
                                        rows[i].key, (int)(raw.length < 80 ? raw.length : 80),
                                        raw.data, (unsigned long long)rows[i].ours);
        add_differs(report, name, what);
    }
}

/* Retention removes the oldest: what is older than all that is here may have gone since. */
static bool may_be_retired(const struct report *report, const struct ours *ours, const char *name,
                           int64_t taken)
{
    return taken + SLACK < report->now && report->backup_count &&
           strcmp(name, ours[0].backup->name) < 0;
}

static void add_lists_only(struct report *report, const char *name, bool retired)
{
    autofree char *object = sentinel_of(name);
    report_add(report, retired ? FINDING_NOTE : FINDING_DAMAGE, "walg-lists-only", object,
               retired ? "WAL-G's list has this backup, which is not here; it is older than all "
                         "that are, and the list is older than this look"
                       : "WAL-G's list has this backup, and there is nothing of it here",
               retired ? "retention has probably removed it in between"
                       : "a restore that chooses it fails; or the list is of another archive",
               "make the list of this very prefix, and anew");
}

static void add_lists_not(struct report *report, const char *name)
{
    autofree char *object = sentinel_of(name);
    report_add(report, FINDING_DAMAGE, "walg-lists-not", object,
               "this backup is here, and WAL-G's list does not have it",
               "a restore never chooses it: it takes another one, or finds none",
               "WAL-G lists what has a sentinel under its own prefix: look whether the sentinel is "
               "there, and whether the list is of this prefix; else take a new base backup");
}

/* ---- the list ---- */

static bool is_empty(struct str list)
{
    return list.length == 0 || str_is(list, "[]") || str_is(list, "null") ||
           (list.data[0] != '[' && list.data[0] != '{' &&
            str_find(list, STR("No backups found")) >= 0);
}

static void compare_empty(struct report *report)
{
    if (!report->backup_count)
        return;
    autofree char *what =
        xasprintf("WAL-G's list is empty, and %zu backup%s here", report->backup_count,
                  report->backup_count == 1 ? " is" : "s are");
    report_add(report, FINDING_UNKNOWN, "walg-list-empty", "", what,
               "WAL-G looked elsewhere, or sees none of them: then a restore finds none either",
               "run it with this very prefix and with keys that may list it: where it finds "
               "nothing it prints nothing, and exits with 0");
}

static struct str name_of(struct value entry)
{
    struct str name = value_text(value_get(entry, "backup_name"));
    return name.length ? name : value_text(value_get(entry, "name"));
}

static void compare_entry(struct report *report, struct ours *ours, struct value entry,
                          int64_t taken)
{
    struct str text = name_of(entry);
    autofree char *name = xstrndup(text.data, text.length);
    struct ours *found = find(ours, report->backup_count, name);
    if (!found) {
        add_lists_only(report, name, may_be_retired(report, ours, name, taken));
        return;
    }
    found->listed = true;
    compare_fields(report, name, entry, found->backup);
}

static void compare(struct report *report, struct value list, int64_t taken)
{
    autofree struct ours *ours = sorted(report);
    struct value entry = value_first(list);
    for (; value_type(entry) != VALUE_ABSENT; entry = value_next(entry))
        compare_entry(report, ours, entry, taken);
    for (size_t i = 0; i < report->backup_count; i++)
        if (!ours[i].listed && ours[i].backup->finish + SLACK < taken)
            add_lists_not(report, ours[i].backup->name);
}

/* A list is all of backups with a name; anything else is not WAL-G's. */
static bool check(struct value list, struct error *err)
{
    if (value_type(list) != VALUE_ARRAY)
        return error_set(err, "it is an object, expected an array of backups");
    size_t index = 0;
    struct value entry = value_first(list);
    for (; value_type(entry) != VALUE_ABSENT; entry = value_next(entry), index++)
        if (!name_of(entry).length)
            return error_set(err, "entry %zu has no backup_name", index + 1);
    return true;
}

void walg_list_compare(struct report *report, struct str list, int64_t taken)
{
    struct error err;
    cleanup(doc_cleanup) struct doc *doc = NULL;
    list = str_trim(str_without_bom(list));
    if (is_empty(list)) {
        compare_empty(report);
        return;
    }
    if (!doc_read(list, DEPTH_MAX, &doc, &err) || !check(doc_root(doc), &err)) {
        autofree char *what = xasprintf("WAL-G's list cannot be read: %s", err.text);
        failed(report, what);
        return;
    }
    compare(report, doc_root(doc), taken);
}
