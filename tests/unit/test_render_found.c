#include "server/archive/render_found.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BASE "base_000000010000000000000002"
#define WAL "000000010000000000000006"

static char path_full[] = "spilo/c/99e8/wal/15";
static char path_empty[] = "spilo/ns-c/wal/12";
static char path_other[] = "x\033/wal/12";
static char name_backup_[] = BASE;
static char name_wal[] = WAL;

static struct found_archive archives[] = {
    {path_empty, 0, NULL, 0, NULL, 0},
    {path_other, 1, name_backup_, 1795348805, NULL, 0},
    {path_full, 2, name_backup_, 1795348805, name_wal, 1795348807},
};

static const struct found_where where = {"s3://b-1/p", "b-1", "", "r", ""};

#define CONFIGMAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: harbor-pg-restore}\ndata:\n"

static void it_is_yaml_with_comments(void **state)
{
    (void)state;
    struct buf out = BUF(65536);
    struct found found = {.archives = archives, .count = 3};
    render_found(&found, &where, &out);
    assert_string_equal(
        buf_str(&out).data,
        "# s3://b-1/p/spilo/ns-c/wal/12\n"
        "# scope ns-c, no uid, PostgreSQL 12\n"
        "# backups: 0\n"
        "# newest backup: none\n"
        "# newest WAL: none\n"
        "# without a backup nothing can be restored from here\n" CONFIGMAP
        "  CLONE_SCOPE: \"ns-c\"\n"
        "  CLONE_WAL_S3_BUCKET: \"b-1\"\n"
        "  CLONE_WAL_BUCKET_SCOPE_SUFFIX: \"\"\n"
        "  CLONE_AWS_REGION: \"r\"\n"
        "---\n"
        "# s3://b-1/p/x?/wal/12\n"
        "# backups: 1\n"
        "# newest backup: " BASE " of 2026-11-22 12:00:05 UTC\n"
        "# newest WAL: none\n"
        "# spilo makes no such path, so it needs a literal profile: a profile in the chart's "
        "values, no ConfigMap\n"
        "restoreProfiles:\n  found:\n    s3:\n      prefix: \"s3://b-1/x?/wal\"\n"
        "      region: \"r\"\n    credentials:\n      secret: {name: harbor-pg-restore, "
        "accessKeyId: CLONE_AWS_ACCESS_KEY_ID, secretAccessKey: CLONE_AWS_SECRET_ACCESS_KEY}\n"
        "---\n"
        "# s3://b-1/p/spilo/c/99e8/wal/15\n"
        "# scope c, uid 99e8, PostgreSQL 15\n"
        "# backups: 2\n"
        "# newest backup: " BASE " of 2026-11-22 12:00:05 UTC\n"
        "# newest WAL: " WAL " of 2026-11-22 12:00:07 UTC\n" CONFIGMAP "  CLONE_SCOPE: \"c\"\n"
        "  CLONE_WAL_S3_BUCKET: \"b-1\"\n"
        "  CLONE_WAL_BUCKET_SCOPE_SUFFIX: \"/99e8\"\n"
        "  CLONE_AWS_REGION: \"r\"\n");
    buf_clear(&out);
}

static void below_a_folder_of_the_bucket_only_a_profile_fits(void **state)
{
    (void)state;
    struct buf out = BUF(65536);
    struct found found = {.archives = &archives[2], .count = 1};
    struct found_where deeper = where;
    deeper.path = "p";
    render_found_json(&found, &deeper, &out);
    assert_string_equal(
        buf_str(&out).data,
        "{\"bucket\":\"s3://b-1/p\",\"complete\":true,\"archives\":["
        "{\"prefix\":\"s3://b-1/p/spilo/c/99e8/wal/15\",\"scope\":null,\"uid\":null,"
        "\"version\":\"15\",\"backups\":2,\"newestBackup\":\"" BASE "\","
        "\"newestBackupTime\":\"2026-11-22T12:00:05Z\",\"newestWal\":\"" WAL "\","
        "\"newestWalTime\":\"2026-11-22T12:00:07Z\",\"configMap\":null,"
        "\"profile\":{\"s3\":{\"prefix\":\"s3://b-1/p/spilo/c/99e8/wal\",\"region\":\"r\"}}}]}\n");
    buf_clear(&out);
}

static void json_says_when_it_is_not_complete(void **state)
{
    (void)state;
    struct buf out = BUF(65536);
    struct found found = {.archives = archives, .count = 1, .cut = true};
    render_found_json(&found, &where, &out);
    assert_string_equal(
        buf_str(&out).data,
        "{\"bucket\":\"s3://b-1/p\",\"complete\":false,\"archives\":["
        "{\"prefix\":\"s3://b-1/p/spilo/ns-c/wal/12\",\"scope\":\"ns-c\",\"uid\":null,"
        "\"version\":\"12\",\"backups\":0,\"newestBackup\":null,\"newestBackupTime\":null,"
        "\"newestWal\":null,\"newestWalTime\":null,"
        "\"configMap\":{\"CLONE_SCOPE\":\"ns-c\",\"CLONE_WAL_S3_BUCKET\":\"b-1\","
        "\"CLONE_WAL_BUCKET_SCOPE_SUFFIX\":\"\",\"CLONE_AWS_REGION\":\"r\"},"
        "\"profile\":null}]}\n");
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_yaml_with_comments),
        cmocka_unit_test(below_a_folder_of_the_bucket_only_a_profile_fits),
        cmocka_unit_test(json_says_when_it_is_not_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
