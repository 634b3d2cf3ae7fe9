#include "patches/profile_entries.h"

#include "tests/unit/profile_fixture.h"

#define METHOD "CLONE_METHOD=CLONE_WITH_WALE\nCLONE_WITH_WALE=true\n"
#define PEER "CLONE_USER=standby\nCLONE_PORT=5432\n"
#define TOOL "CLONE_USE_WALG_RESTORE=true\nUSE_WALG_RESTORE=true\nUSEWALG_RESTORE=true\n"

/* The fields are only read, so literals do. */
#define TEXT(literal) ((char[]){literal})

static struct credentials by_secret(void)
{
    static char name[] = "keys";
    static char id[] = "ID";
    static char key[] = "KEY";
    return (struct credentials){.secret = {name, id, key}};
}

static struct credentials by_role(void)
{
    static char role[] = "arn:aws:iam::1:role/a";
    static char file[] = "/token";
    return (struct credentials){.identity = {role, file}};
}

/* What is not given is not set, so that spilo's own default stays. */
static void a_restore_leaves_out_what_is_not_given(void **state)
{
    (void)state;
    const struct credentials credentials = by_secret();
    const struct profile_fields fields = {
        .s3 = {.bucket = TEXT("b"),
               .scope = TEXT("pg"),
               .scope_prefix = TEXT(""),
               .suffix = TEXT("/uid"),
               .region = TEXT("x"),
               .endpoint = TEXT("")},
        .target = {.time = TEXT(""), .timeline = TEXT("")},
    };
    struct entry_list entries = {0};
    profile_entries_restore(&fields, &credentials, &entries);
    assert_entries(&entries, METHOD
                   "CLONE_SCOPE=pg\nCLONE_HOST=pg\n" PEER "CLONE_WAL_S3_BUCKET=b\n"
                   "CLONE_WAL_BUCKET_SCOPE_PREFIX=\nCLONE_WAL_BUCKET_SCOPE_SUFFIX=/uid\n" TOOL
                   "CLONE_AWS_REGION=x\n"
                   "CLONE_AWS_ACCESS_KEY_ID<keys/ID\nCLONE_AWS_SECRET_ACCESS_KEY<keys/KEY\n");
    entries_clear(&entries);
}

static void a_restore_from_a_whole_place(void **state)
{
    (void)state;
    const struct credentials credentials = by_role();
    const struct profile_fields fields = {
        .s3 = {.prefix = TEXT("s3://b/spilo/pg/uid/wal//"),
               .region = TEXT("x"),
               .endpoint = TEXT("https://minio:9000")},
        .target = {.time = TEXT("2026-11-20T02:00:00Z"),
                   .timeline = TEXT("3"),
                   .inclusive = json_false()},
    };
    struct entry_list entries = {0};
    profile_entries_restore(&fields, &credentials, &entries);
    assert_entries(&entries,
                   METHOD "CLONE_SCOPE=pg\nCLONE_HOST=pg\n" PEER
                          "CLONE_WALG_S3_PREFIX=s3://b/spilo/pg/uid/wal\n" TOOL
                          "CLONE_AWS_REGION=x\nCLONE_AWS_ENDPOINT=https://minio:9000\n"
                          "CLONE_AWS_ROLE_ARN=arn:aws:iam::1:role/a\n"
                          "CLONE_AWS_WEB_IDENTITY_TOKEN_FILE=/token\n"
                          "CLONE_TARGET_TIME=2026-11-20T02:00:00Z\nCLONE_TARGET_TIMELINE=3\n"
                          "CLONE_TARGET_INCLUSIVE=\n");
    entries_clear(&entries);
}

static void inclusive_is_said_in_words(void **state)
{
    (void)state;
    const struct credentials credentials = by_role();
    const struct profile_fields fields = {
        .s3 = {.prefix = TEXT("s3://b/pg"), .region = TEXT("x")},
        .target = {.inclusive = json_true()},
    };
    struct entry_list entries = {0};
    profile_entries_restore(&fields, &credentials, &entries);
    assert_string_equal(entries.items[entries.count - 1].name, "CLONE_TARGET_INCLUSIVE");
    assert_string_equal(entries.items[entries.count - 1].value, "true");
    entries_clear(&entries);
}

#define MAP "<harbor-pg-restore/"

static void enabled_sets_no_place_by_value(void **state)
{
    (void)state;
    struct entry_list entries = {0};
    profile_entries_enabled(&entries);
    assert_entries(&entries,
                   METHOD "CLONE_SCOPE" MAP "CLONE_SCOPE\nCLONE_HOST" MAP "CLONE_SCOPE\n" PEER
                          "CLONE_WAL_S3_BUCKET" MAP "CLONE_WAL_S3_BUCKET\n"
                          "CLONE_WAL_BUCKET_SCOPE_PREFIX" MAP "CLONE_WAL_BUCKET_SCOPE_PREFIX?\n"
                          "CLONE_WAL_BUCKET_SCOPE_SUFFIX" MAP "CLONE_WAL_BUCKET_SCOPE_SUFFIX\n" TOOL
                          "CLONE_AWS_REGION" MAP "CLONE_AWS_REGION\n"
                          "CLONE_AWS_ACCESS_KEY_ID" MAP "CLONE_AWS_ACCESS_KEY_ID\n"
                          "CLONE_AWS_SECRET_ACCESS_KEY" MAP "CLONE_AWS_SECRET_ACCESS_KEY\n"
                          "CLONE_TARGET_TIME" MAP "CLONE_TARGET_TIME?\n"
                          "CLONE_TARGET_TIMELINE" MAP "CLONE_TARGET_TIMELINE?\n");
    for (size_t i = 0; i < entries.count; i++) {
        bool secret = str_find(str_of(entries.items[i].name), STR("ACCESS_KEY")) >= 0;
        assert_int_equal(entries.items[i].kind == ENTRY_SECRET_KEY, secret);
    }
    entries_clear(&entries);
}

static void a_backup_has_no_clone_names(void **state)
{
    (void)state;
    const struct credentials credentials = by_secret();
    struct profile_fields fields = {
        .s3 = {.bucket = TEXT("b"),
               .scope_prefix = TEXT(""),
               .suffix = TEXT("/g2"),
               .region = TEXT("x")},
        .schedule = TEXT("0 1 * * *"),
        .retain = 14,
    };
    struct entry_list entries = {0};
    profile_entries_backup(&fields, &credentials, &entries);
    assert_entries(&entries, "WAL_S3_BUCKET=b\nWAL_BUCKET_SCOPE_PREFIX=\n"
                             "WAL_BUCKET_SCOPE_SUFFIX=/g2\nAWS_REGION=x\nUSE_WALG_BACKUP=true\n"
                             "USE_WALG_RESTORE=true\nBACKUP_SCHEDULE=0 1 * * *\n"
                             "BACKUP_NUM_TO_RETAIN=14\nAWS_ACCESS_KEY_ID<keys/ID\n"
                             "AWS_SECRET_ACCESS_KEY<keys/KEY\n");
    entries_clear(&entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restore_leaves_out_what_is_not_given),
        cmocka_unit_test(a_restore_from_a_whole_place),
        cmocka_unit_test(inclusive_is_said_in_words),
        cmocka_unit_test(enabled_sets_no_place_by_value),
        cmocka_unit_test(a_backup_has_no_clone_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
