#include "patches/profile_env.h"

#include "tests/unit/profile_fixture.h"

#define SELF "the profile sets it itself, remove it here"
#define CONTRADICTS "contradicts a restore from an archive, remove it"
#define BY(key) "belongs into the key " key ", remove it here"
#define OPERATORS "belongs to the operator, remove it"
#define MADE "is made of s3.bucket and s3.suffix, remove it"

/* Names that no `env` sets, and why. */
static const struct {
    const char *name;
    const char *why;
} reserved[] = {
    {"CLONE_AWS_ACCESS_KEY_ID", BY("credentials")},
    {"CLONE_AWS_ENDPOINT", BY("s3.endpoint")},
    {"CLONE_AWS_REGION", BY("s3.region")},
    {"CLONE_AWS_ROLE_ARN", BY("credentials")},
    {"CLONE_AWS_SECRET_ACCESS_KEY", BY("credentials")},
    {"CLONE_AWS_WEB_IDENTITY_TOKEN_FILE", BY("credentials")},
    {"CLONE_HOST", SELF},
    {"CLONE_METHOD", SELF},
    {"CLONE_PASSWORD", CONTRADICTS},
    {"CLONE_PGPASS", CONTRADICTS},
    {"CLONE_PORT", SELF},
    {"CLONE_SCOPE", BY("s3.scope")},
    {"CLONE_TARGET_INCLUSIVE", BY("target.inclusive")},
    {"CLONE_TARGET_TIME", BY("target.time")},
    {"CLONE_TARGET_TIMELINE", BY("target.timeline")},
    {"CLONE_USER", SELF},
    {"CLONE_USE_WALG", SELF},
    {"CLONE_USE_WALG_RESTORE", SELF},
    {"CLONE_WALE_ENV_DIR", "would let an incomplete restore start empty, remove it"},
    {"CLONE_WALE_S3_PREFIX", BY("s3.prefix")},
    {"CLONE_WALG_S3_PREFIX", BY("s3.prefix")},
    {"CLONE_WAL_BUCKET_SCOPE_PREFIX", BY("s3.scopePrefix")},
    {"CLONE_WAL_BUCKET_SCOPE_SUFFIX", BY("s3.suffix")},
    {"CLONE_WAL_S3_BUCKET", BY("s3.bucket")},
    {"CLONE_WITH_BASEBACKUP", CONTRADICTS},
    {"CLONE_WITH_WALE", SELF},
    {"AWS_ACCESS_KEY_ID", BY("credentials")},
    {"AWS_ENDPOINT", BY("s3.endpoint")},
    {"AWS_REGION", BY("s3.region")},
    {"AWS_ROLE_ARN", BY("credentials")},
    {"AWS_SECRET_ACCESS_KEY", BY("credentials")},
    {"AWS_WEB_IDENTITY_TOKEN_FILE", BY("credentials")},
    {"BACKUP_NUM_TO_RETAIN", BY("retain")},
    {"BACKUP_SCHEDULE", BY("schedule")},
    {"PGPORT", OPERATORS},
    {"PGVERSION", OPERATORS},
    {"SCOPE", OPERATORS},
    {"USE_OLD_LOCALES", "belongs to the resource for its whole life, set it in its spec.env"},
    {"USE_WALG_BACKUP", SELF},
    {"USE_WALG_RESTORE", SELF},
    {"WALE_S3_PREFIX", MADE},
    {"WALG_S3_PREFIX", MADE},
    {"WAL_BUCKET_SCOPE_PREFIX", BY("s3.scopePrefix")},
    {"WAL_BUCKET_SCOPE_SUFFIX", BY("s3.suffix")},
    {"WAL_S3_BUCKET", BY("s3.bucket")},
};

static void reserved_names_say_where_they_belong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++) {
        const char *name = reserved[i].name;
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        autofree char *env = xasprintf("{'%s':'canary'}", name);
        autofree char *said = xasprintf("p.env.%s: %s", name, reserved[i].why);
        struct entry_list entries = {0};
        profile_fixture_open(&fixture, env);
        profile_env(&fixture.reader, fixture.tree, str_starts(str_of(name), STR("CLONE_")), true,
                    &entries);
        assert_said(&fixture.mistakes, &fixture.problems, said);
        assert_entries(&entries, "");
    }
}

/* `said` never holds a value that could be a secret. */
static const struct {
    bool clone;
    const char *env;
    const char *said;
} refused[] = {
    {true, "'x'", "p.env: text is not a mapping of names to texts"},
    {true, "[]", "p.env: a list is not a mapping of names to texts"},
    {true, "{'xxxxxxxx':''}",
     "p.env.xxxxxxxx: is no variable that spilo reads, see "
     "docs/variables.md"},
    {true, "{'CLONE_PGVERSIO':''}",
     "p.env.CLONE_PGVERSIO: is no variable that spilo reads, did you "
     "mean 'CLONE_PGVERSION'"},
    {true, "{'SSH_PORT':'22'}",
     "p.env.SSH_PORT: is not a name of a restore, which begin with CLONE_, did you mean "
     "'CLONE_SSH_PORT'"},
    {false, "{'CLONE_SSH_PORT':'22'}",
     "p.env.CLONE_SSH_PORT: is a name of a restore, not of a backup, did you mean 'SSH_PORT'"},
    {true, "{'CLONE_WALE_S3_ENDPOINT':'https+path://minio:9000'}",
     "p.env.CLONE_WALE_S3_ENDPOINT: is another name of an endpoint, set s3.endpoint too or remove "
     "it"},
    {true, "{'CLONE_PGVERSION':15}",
     "p.env.CLONE_PGVERSION: a number is not text (write it in "
     "quotes) or {secret: {name, key}}"},
    {true, "{'CLONE_PGVERSION':'fifteen'}",
     "p.env.CLONE_PGVERSION: 'fifteen' is not a whole "
     "number"},
    {true, "{'CLONE_SSH_PRIVATE_KEY_PATH':'id_rsa'}",
     "p.env.CLONE_SSH_PRIVATE_KEY_PATH: 'id_rsa' is not an absolute path"},
    {true, "{'CLONE_SWIFT_AUTHURL':'https://canary@swift'}",
     "p.env.CLONE_SWIFT_AUTHURL: names a user, which belongs into a Secret: {secret: {name, key}}"},
    {true, "{'CLONE_SWIFT_AUTHURL':'swift'}", "p.env.CLONE_SWIFT_AUTHURL: 'swift' is not a URL"},
    {true, "{'CLONE_WALG_LIBSODIUM_KEY':'canary'}",
     "p.env.CLONE_WALG_LIBSODIUM_KEY: holds a secret and is given as text, expected {secret: "
     "{name, key}}"},
    {true, "{'CLONE_PGVERSION':'$(canary)'}",
     "p.env.CLONE_PGVERSION: has '$(', which the kubelet would expand"},
    {true, "{'CLONE_WALG_LIBSODIUM_KEY':{'secret':{'name':'Canary Canary','key':'a/b'}}}",
     "p.env.CLONE_WALG_LIBSODIUM_KEY.secret.name: is not the name of a Secret, expected a-z, 0-9, "
     "'-' and '.' (keys are given only by reference)\n"
     "p.env.CLONE_WALG_LIBSODIUM_KEY.secret.key: is not a key in a Secret, expected letters, "
     "digits, '-', '_' and '.' (keys are given only by reference)"},
    {true, "{'CLONE_WALG_LIBSODIUM_KEY':{'secret':{'name':'keys'}}}",
     "p.env.CLONE_WALG_LIBSODIUM_KEY.secret.key: missing, expected the key in the Secret"},
};

static void refused_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        struct entry_list entries = {0};
        profile_fixture_open(&fixture, refused[i].env);
        profile_env(&fixture.reader, fixture.tree, refused[i].clone, false, &entries);
        assert_said(&fixture.mistakes, &fixture.problems, refused[i].said);
        entries_clear(&entries);
    }
}

static void more_names_than_spilo_reads(void **state)
{
    (void)state;
    cleanup(profile_fixture_close) struct profile_fixture fixture;
    struct entry_list entries = {0};
    profile_fixture_open(&fixture, "{'CLONE_PGVERSION':'15'}");
    for (unsigned i = 1; i <= 200; i++) {
        autofree char *name = xasprintf("NAME_%u", i);
        json_object_set_new(fixture.tree, name, json_string(""));
    }
    profile_env(&fixture.reader, fixture.tree, true, false, &entries);
    assert_said(&fixture.mistakes, &fixture.problems, "p.env: has 201 names, expected at most 200");
    assert_entries(&entries, "");
}

static void no_env_says_and_adds_nothing(void **state)
{
    (void)state;
    cleanup(profile_fixture_close) struct profile_fixture fixture;
    struct entry_list entries = {0};
    profile_fixture_open(&fixture, NULL);
    profile_env(&fixture.reader, NULL, true, false, &entries);
    assert_said(&fixture.mistakes, &fixture.problems, "");
    assert_entries(&entries, "");
}

static void entries_keep_their_order(void **state)
{
    (void)state;
    cleanup(profile_fixture_close) struct profile_fixture fixture;
    struct entry_list entries = {0};
    profile_fixture_open(&fixture,
                         "{'CLONE_WALG_DOWNLOAD_CONCURRENCY':'8','CLONE_PGVERSION':'',"
                         "'CLONE_WALG_LIBSODIUM_KEY':{'secret':{'name':'keys','key':'sodium'}},"
                         "'CLONE_WALE_S3_ENDPOINT':'https+path://minio:9000'}");
    profile_env(&fixture.reader, fixture.tree, true, true, &entries);
    assert_said(&fixture.mistakes, &fixture.problems, "");
    assert_entries(&entries, "CLONE_WALG_DOWNLOAD_CONCURRENCY=8\nCLONE_PGVERSION=\n"
                             "CLONE_WALG_LIBSODIUM_KEY<keys/sodium\n"
                             "CLONE_WALE_S3_ENDPOINT=https+path://minio:9000\n");
    entries_clear(&entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reserved_names_say_where_they_belong),
        cmocka_unit_test(refused_texts),
        cmocka_unit_test(more_names_than_spilo_reads),
        cmocka_unit_test(no_env_says_and_adds_nothing),
        cmocka_unit_test(entries_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
