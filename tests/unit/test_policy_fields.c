#include "patches/policy_fields.h"

#include "tests/unit/profile_fixture.h"

/* Whatever one of the tables fills. */
union target {
    struct database_fields database;
    struct profile_fields profile;
    struct secret_fields secret;
    struct identity_fields identity;
    struct reference_fields reference;
};

#define UNKNOWN(path, keys) path "xxxxxxxx: unknown key, expected one of " keys
#define NO_TEXT " is not text (write it in quotes)"

static const struct {
    const struct field *fields;
    const char *tree;
    const char *said;
} refused[] = {
    {policy_database_fields, "{'xxxxxxxx':1}",
     UNKNOWN("p.", "image, replaceImages, pgHba, locales, patchLiveClusters, postgresqlVersion")},
    {policy_enabled_fields, "{'xxxxxxxx':1}", UNKNOWN("p.", "from, clusters, except, ownArchive")},
    {policy_restore_fields, "{'xxxxxxxx':1}",
     UNKNOWN("p.", "s3, target, credentials, env, sourceLocales, clusters, except, ownArchive")},
    {policy_restore_fields, "{'s3':{'xxxxxxxx':1}}",
     UNKNOWN("p.s3.", "bucket, scope, scopePrefix, suffix, region, endpoint, prefix")},
    {policy_restore_fields, "{'target':{'xxxxxxxx':1}}",
     UNKNOWN("p.target.", "time, timeline, inclusive")},
    {policy_restore_fields, "{'credentials':{'xxxxxxxx':1}}",
     UNKNOWN("p.credentials.", "secret, workloadIdentity")},
    {policy_backup_fields, "{'xxxxxxxx':1}",
     UNKNOWN("p.", "s3, schedule, retain, credentials, env, clusters, except")},
    {policy_backup_fields, "{'s3':{'xxxxxxxx':1}}",
     UNKNOWN("p.s3.", "bucket, region, scopePrefix, suffix, endpoint")},
    {policy_backup_fields, "{'ownArchive':'verified'}",
     "p.ownArchive: unknown key, expected one of s3, schedule, retain, credentials, env, clusters, "
     "except"},
    {policy_secret_fields, "{'xxxxxxxx':1}", UNKNOWN("p.", "name, accessKeyId, secretAccessKey")},
    {policy_identity_fields, "{'xxxxxxxx':1}", UNKNOWN("p.", "roleArn, webIdentityTokenFile")},
    {policy_reference_fields, "{'xxxxxxxx':1}", UNKNOWN("p.", "name, key")},
    {policy_database_fields, "{'locales':'new'}", "p.locales: \"new\" is not one of old, image"},
    {policy_database_fields, "{'patchLiveClusters':1}",
     "p.patchLiveClusters: 1 is not true or false"},
    {policy_database_fields, "{'pgHba':'local all all trust'}", "p.pgHba: text is not a list"},
    {policy_database_fields, "{'postgresqlVersion':true}",
     "p.postgresqlVersion: true or false" NO_TEXT},
    {policy_enabled_fields, "{'from':'cluster'}", "p.from: \"cluster\" is not one of namespace"},
    {policy_restore_fields, "{'s3':[]}", "p.s3: a list is not a mapping"},
    {policy_restore_fields, "{'target':{'time':20261120}}", "p.target.time: a number" NO_TEXT},
    {policy_backup_fields, "{'retain':-1}", "p.retain: -1 is not a whole number from 0"},
    {policy_backup_fields, "{'retain':2147483648}",
     "p.retain: 2147483648 is not in 0 to 2147483647"},
    {policy_secret_fields, "{'name':{}}", "p.name: a mapping" NO_TEXT},
    {policy_identity_fields, "{'webIdentityTokenfile':'/t'}",
     "p.webIdentityTokenfile: unknown key, did you mean 'webIdentityTokenFile'"},
    {policy_reference_fields, "{'key':null,'name':5}", "p.name: a number" NO_TEXT},
};

static void what_no_table_has(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        union target target = {0};
        profile_fixture_open(&fixture, refused[i].tree);
        fields_read(refused[i].fields, fixture.tree, "p", &target, &fixture.mistakes);
        assert_said(&fixture.mistakes, &fixture.problems, refused[i].said);
        fields_done(refused[i].fields, &target);
    }
}

static void what_an_empty_database_section_means(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct database_fields database = {0};
    fields_read(policy_database_fields, NULL, "p", &database, &mistakes);
    assert_int_equal(mistakes.count, 0);
    assert_string_equal(database.image, "ghcr.io/zalando/spilo-16:3.2-p3");
    autofree char *images = strlist_join(&database.replace_images, " ");
    assert_string_equal(
        images, "*/spilo-12:1.6-p3* */spilo-13:2.1-p1* */spilo-1[23]:v[0-9]*.[0-9]*.[0-9]*");
    assert_int_equal(database.pg_hba.count, 0);
    assert_int_equal(database.locales, 0);
    assert_false(database.patch_live_clusters);
    assert_string_equal(database.postgresql_version, "");
    fields_done(policy_database_fields, &database);
}

static void what_empty_profiles_mean(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct profile_fields restore = {0};
    struct profile_fields backup = {0};
    fields_read(policy_restore_fields, NULL, "p", &restore, &mistakes);
    fields_read(policy_backup_fields, NULL, "p", &backup, &mistakes);
    assert_int_equal(mistakes.count, 0);
    assert_null(restore.s3.bucket);
    assert_null(restore.s3.suffix); /* "" is a layout, so it is said and not assumed */
    assert_string_equal(restore.s3.scope_prefix, "");
    assert_string_equal(restore.target.time, "");
    assert_null(restore.target.inclusive);
    assert_string_equal(restore.source_locales, "old");
    assert_string_equal(restore.own_archive, "");
    assert_null(backup.s3.suffix);
    assert_string_equal(backup.schedule, "0 1 * * *");
    assert_int_equal(backup.retain, 7);
    fields_done(policy_restore_fields, &restore);
    fields_done(policy_backup_fields, &backup);
}

static void a_value_reaches_its_member(void **state)
{
    (void)state;
    cleanup(profile_fixture_close) struct profile_fixture fixture;
    struct profile_fields restore = {0};
    profile_fixture_open(&fixture,
                         "{'s3':{'bucket':'b','scope':'c','scopePrefix':'d','suffix':'e','region':"
                         "'f','endpoint':'g','prefix':'h'},'target':{'time':'i','timeline':3,"
                         "'inclusive':false},'credentials':{'secret':{},'workloadIdentity':{}},"
                         "'env':{},'sourceLocales':'new','clusters':'all','except':['j'],"
                         "'ownArchive':'k'}");
    fields_read(policy_restore_fields, fixture.tree, "p", &restore, &fixture.mistakes);
    assert_said(&fixture.mistakes, &fixture.problems, "");
    const struct s3_fields *s3 = &restore.s3;
    autofree char *text =
        xasprintf("%s%s%s%s%s%s%s%s%s%s%s", s3->bucket, s3->scope, s3->scope_prefix, s3->suffix,
                  s3->region, s3->endpoint, s3->prefix, restore.target.time,
                  restore.except.items[0], restore.own_archive, restore.target.timeline);
    assert_string_equal(text, "bcdefghijk3");
    assert_string_equal(restore.source_locales, "new");
    assert_string_equal(json_string_value(restore.clusters), "all");
    assert_true(json_is_false(restore.target.inclusive));
    assert_non_null(restore.credentials.secret);
    assert_non_null(restore.credentials.workload_identity);
    assert_non_null(restore.env);
    fields_done(policy_restore_fields, &restore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_table_has),
        cmocka_unit_test(what_an_empty_database_section_means),
        cmocka_unit_test(what_empty_profiles_mean),
        cmocka_unit_test(a_value_reaches_its_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
