/* server/config_reference.c; docs/configuration.md as a whole is compared by tests/docs. */
#include "base/mem.h"
#include "patches/policy_fields.h"
#include "server/config.h"
#include "server/config_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PAGE_MAX 65536

static void a_page_that_does_not_fit_fails(void **state)
{
    (void)state;
    struct buf page = BUF(1000);
    config_reference(&page);
    assert_true(page.failed);
    assert_int_equal(page.length, 0);
}

static size_t count(const char *text, const char *part)
{
    size_t found = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        found++;
    return found;
}

/* One row for each key of the table, and no key without a meaning. */
static void has_rows(const char *page, const struct field *fields, const char *path)
{
    for (const struct field *field = fields; field->name; field++) {
        autofree char *place = field_path(path, field->name);
        if (field->fields) {
            has_rows(page, field->fields, place);
            continue;
        }
        autofree char *row = xasprintf("\n| `%s` | ", place);
        if (count(page, row) != 1 || !field->meaning || !field->meaning[0])
            fail_msg("%s", place);
    }
}

static void every_key_has_one_row(void **state)
{
    (void)state;
    struct buf page = BUF(PAGE_MAX);
    config_reference(&page);
    has_rows(page.data, config_server_fields, "server");
    has_rows(page.data, config_tls_fields, "tls");
    has_rows(page.data, config_log_fields, "log");
    has_rows(page.data, policy_database_fields, "database");
    has_rows(page.data, policy_restore_fields, "restoreProfiles.<name>");
    has_rows(page.data, policy_enabled_fields, "restoreProfiles.enabled");
    has_rows(page.data, policy_backup_fields, "backupProfiles.<name>");
    buf_clear(&page);
}

static void values_and_defaults_are_written_as_in_the_file(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "# Configuration\n\nOne YAML file",
        "\n## server\n\nThe process.\n\n| key | value | default | meaning |\n|---|---|",
        "| `server.listen` | text | `\"0.0.0.0:8443\"` | ",
        "| `server.threads` | number, 0 to 1024 | `0` | ",
        "| `server.drainDelay` | duration, 0s to 3600s | `10s` | ",
        "| `server.limits.body` | size, 1KiB to 64MiB | `7MiB` | ",
        "| `tls.mode` | `files`, `managed`, `development` | `files` | ",
        "| `tls.clientCAFile` | text | `\"\"` | ",
        "| `database.patchLiveClusters` | true, false | `false` | ",
        "| `restoreProfiles.<name>.s3.bucket` | text |  | ",
        "| `restoreProfiles.<name>.target.timeline` | text or number | `\"\"` | ",
        "| `restoreProfiles.<name>.env` | see meaning |  | ",
        "| `restoreProfiles.<name>.except` | list of text | `[]` | ",
        "| `backupProfiles.<name>.retain` | number | `7` | ",
    };
    struct buf page = BUF(PAGE_MAX);
    config_reference(&page);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (count(page.data, rows[i]) != 1)
            fail_msg("%s", rows[i]);
    const char *list = strstr(page.data, "| `database.replaceImages` | list of text | `[\"");
    assert_non_null(list);
    const char *end = strchr(list, '\n');
    autofree char *line = xstrndup(list, (size_t)(end - list));
    assert_non_null(strstr(line, "\", \""));
    assert_non_null(strstr(line, "\"]` | "));
    buf_clear(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_that_does_not_fit_fails),
        cmocka_unit_test(every_key_has_one_row),
        cmocka_unit_test(values_and_defaults_are_written_as_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
