#include "server/config.h"

#include "patches/policy_fields.h"
#include "server/archive/watch_config.h"
#include "server/config_fields.h"

static const char page_head[] =
    "# Configuration\n\n"
    "One YAML file, given with `--config`. Every key has a default, so an empty file is valid. "
    "Unknown keys, wrong types and text with `$(` are mistakes; `harbor-pg-webhook check --config "
    "FILE` lists all of them with their path. Sizes (`B`, `KiB`, `MiB`, `GiB`) and durations "
    "(`ms`, `s`, `m`, `h`) are text with a unit.\n\n"
    "A mistake in the values of a profile does not stop the server: that profile refuses every pod "
    "and says why, the others work.\n\n"
    "This page is made from the tables that read the file.\n";

static void add_kind(const struct field *field, struct buf *page)
{
    static const char *const names[] = {
        [FIELD_TEXT] = "text",           [FIELD_WORD] = "text or number",
        [FIELD_BOOLEAN] = "true, false", [FIELD_NUMBER] = "number",
        [FIELD_SIZE] = "size",           [FIELD_DURATION] = "duration",
        [FIELD_LIST] = "list of text",   [FIELD_TREE] = "see meaning",
    };
    if (field->kind == FIELD_CHOICE) {
        for (size_t i = 0; field->choices[i]; i++)
            buf_addf(page, "%s`%s`", i ? ", " : "", field->choices[i]);
        return;
    }
    buf_add_text(page, names[field->kind]);
    if (field->max && field->max != INT32_MAX) {
        buf_add_text(page, ", ");
        field_add_range(field, page);
    }
}

/* The default as it would be written into the file. */
static void add_default(const struct field *field, struct buf *page)
{
    bool text = field->kind == FIELD_TEXT || field->kind == FIELD_WORD;
    if (field->kind == FIELD_LIST) {
        buf_add_text(page, "`[");
        for (struct str rest = str_of(field->fallback); rest.length;) {
            long end = str_find(rest, STR("\n"));
            size_t length = end < 0 ? rest.length : (size_t)end;
            buf_addf(page, "\"%.*s\"%s", (int)length, rest.data, end < 0 ? "" : ", ");
            rest = str_skip(rest, length + 1);
        }
        buf_add_text(page, "]`");
    } else if (field->fallback && text) {
        buf_addf(page, "`\"%s\"`", field->fallback);
    } else if (field->fallback) {
        buf_addf(page, "`%s`", field->fallback);
    }
}

/* One row for each key, those of a section behind it with its name in front. */
static void add_rows(const struct field *fields, const char *path, struct buf *page)
{
    for (const struct field *field = fields; field->name; field++) {
        char *place = field_path(path, field->name);
        if (!field->fields) {
            buf_addf(page, "| `%s` | ", place);
            add_kind(field, page);
            buf_add_text(page, " | ");
            add_default(field, page);
            buf_addf(page, " | %s |\n", field->meaning);
        } else {
            add_rows(field->fields, place, page);
        }
        free(place);
    }
}

static void add_section(const char *title, const char *about, const struct field *fields,
                        const char *path, struct buf *page)
{
    buf_addf(page, "\n## %s\n\n%s\n\n| key | value | default | meaning |\n|---|---|---|---|\n",
             title, about);
    add_rows(fields, path, page);
}

void config_reference(struct buf *page)
{
    buf_add_text(page, page_head);
    add_section("server", "The process.", config_server_fields, "server", page);
    add_section("tls", "Its certificate.", config_tls_fields, "tls", page);
    add_section("log", "Its log, on standard error.", config_log_fields, "log", page);
    add_section("database", "How Harbor's `postgresql` resources are repaired.",
                policy_database_fields, "database", page);
    add_section("restoreProfiles",
                "A mapping by name: what the label `harbor-pg-webhook/restore: <name>` of a "
                "namespace asks for. Names are DNS-1123 labels; `unlisted` is reserved.",
                policy_restore_fields, "restoreProfiles.<name>", page);
    add_section("restoreProfiles.enabled",
                "Built in: reads the ConfigMap and the Secret `harbor-pg-restore` of the pod's own "
                "namespace. Only these keys can be set.",
                policy_enabled_fields, "restoreProfiles.enabled", page);
    add_section("backupProfiles",
                "A mapping by name: what the label `harbor-pg-webhook/backup: <name>` of a "
                "namespace asks for; one profile for each generation of the archive. Names are "
                "DNS-1123 labels; `enabled` and `unlisted` are reserved.",
                policy_backup_fields, "backupProfiles.<name>", page);
    add_section("backups watch",
                "A file of its own, given with `backups watch --config`: read once, at the start; "
                "each mistake is told with its path.",
                watch_config_fields, "", page);
    add_section("backups watch: targets[]", "One for each archive.", watch_target_fields,
                "targets[]", page);
}
