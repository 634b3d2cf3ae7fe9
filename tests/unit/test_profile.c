#include "patches/profile.h"

#include "tests/unit/profile_fixture.h"

#define PLACE "'bucket':'backups','scope':'pg','suffix':'/uid','region':'x'"
#define BACKUP_S3 "'s3':{'bucket':'backups','region':'x','suffix':'/g2'}"
#define KEYS "'credentials':{'secret':{'name':'keys','accessKeyId':'ID','secretAccessKey':'KEY'}}"
#define S3(members) "{'s3':{" members "}," KEYS "}"
#define WITH(members) "{'s3':{" PLACE "}," KEYS "," members "}"
#define BACKUP_WITH(members) "{" BACKUP_S3 "," KEYS "," members "}"

struct refused {
    const char *tree;
    const char *said;
};

static const struct refused enabled[] = {
    {"{'clusters':5}",
     "restoreProfiles.enabled.clusters: a number is not 'harbor', 'all' or a list of names"},
    {"{'ownArchive':'yes'}",
     "restoreProfiles.enabled.ownArchive: 'yes' is not 'verified' or empty"},
};

static const struct refused restores[] = {
    {S3("'region':'x'"),
     "restoreProfiles.dr.s3.bucket: missing, expected the bucket of the source's archive\n"
     "restoreProfiles.dr.s3.scope: missing, expected the name of the source cluster, such as "
     "'postgresql-harbor-harbor'\n"
     "restoreProfiles.dr.s3.suffix: missing, expected '/<uid of the source cluster>', or \"\" for "
     "the layout without uid"},
    {S3("'prefix':'s3://b/wal','suffix':'/x','region':'x'"),
     "restoreProfiles.dr.s3.prefix: contradicts bucket, scope, scopePrefix and suffix, expected "
     "either the prefix or the others"},
    {S3("'prefix':'s3://backups/spilo/pg/wal'"),
     "restoreProfiles.dr.s3.region: missing, expected the bucket's region (a store without "
     "regions: us-east-1); without it spilo guesses"},
    {S3(PLACE ",'endpoint':'https://backups.s3.amazonaws.com'"),
     "restoreProfiles.dr.s3.endpoint: 'https://backups.s3.amazonaws.com' begins with the bucket, "
     "which would come twice, expected the host alone"},
    {WITH("'target':{'time':'2026-11-22T02:00:01Z','timeline':'0','inclusive':'no'}"),
     "restoreProfiles.dr.target.time: '2026-11-22T02:00:01Z' is in the future, expected a time up "
     "to now, or none for the end of the archive\n"
     "restoreProfiles.dr.target.timeline: '0' is not a timeline, expected 'latest', 'current' or a "
     "number from 1\n"
     "restoreProfiles.dr.target.inclusive: text is not true or false"},
    {WITH("'target':{'time':'2026-11-20T02:00:00'}"),
     "restoreProfiles.dr.target.time: '2026-11-20T02:00:00' has no offset from UTC, expected one "
     "such as +00:00 at its end"},
    {WITH("'sourceLocales':'older'"), "restoreProfiles.dr.sourceLocales: 'older' is not 'old' or "
                                      "'new'"},
    {WITH("'env':{'CLONE_SCOPE':'x'}"),
     "restoreProfiles.dr.env.CLONE_SCOPE: belongs into the key s3.scope, remove it here"},
};

static const struct refused backups[] = {
    {"{'s3':{'bucket':'b/c','region':'x','suffix':''}," KEYS "}",
     "backupProfiles.b.s3.suffix: missing, expected the generation of the archive, such as "
     "'/generation-2'\n"
     "backupProfiles.b.s3.bucket: 'b/c' has a '/', expected the bare name of the bucket"},
    {BACKUP_WITH("'schedule':''"),
     "backupProfiles.b.schedule: missing, expected five cron fields such as '0 1 * * *'"},
    {BACKUP_WITH("'schedule':'0 25 * * *'"),
     "backupProfiles.b.schedule: '25' is no hour of cron (0 to 23) in '0 25 * * *'"},
    {BACKUP_WITH("'retain':0"),
     "backupProfiles.b.retain: 0 would delete every base backup, expected at least 1"},
    {BACKUP_WITH("'env':{'CLONE_SSH_PORT':'22'}"),
     "backupProfiles.b.env.CLONE_SSH_PORT: is a name of a restore, not of a backup, did you mean "
     "'SSH_PORT'"},
};

static void refused_restores_have_no_environment(void **state)
{
    (void)state;
    const size_t enabled_count = sizeof(enabled) / sizeof(*enabled);
    const size_t count = enabled_count + sizeof(restores) / sizeof(*restores);
    for (size_t i = 0; i < count; i++) {
        const struct refused *row = i < enabled_count ? &enabled[i] : &restores[i - enabled_count];
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        struct restore_profile profile;
        profile_fixture_open(&fixture, row->tree);
        if (i < enabled_count)
            profile_read_enabled(fixture.tree, &profile, &fixture.mistakes);
        else
            profile_read_restore("dr", fixture.tree, FIXTURE_NOW, &profile, &fixture.mistakes);
        assert_said(&fixture.mistakes, &profile.problems, row->said);
        assert_entries(&profile.entries, "");
        assert_null(profile.clone_path);
        profile_done_restore(&profile);
    }
}

static void refused_backups_have_no_environment(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(backups) / sizeof(*backups); i++) {
        cleanup(profile_fixture_close) struct profile_fixture fixture;
        struct backup_profile profile;
        profile_fixture_open(&fixture, backups[i].tree);
        profile_read_backup("b", fixture.tree, &profile, &fixture.mistakes);
        assert_said(&fixture.mistakes, &profile.problems, backups[i].said);
        assert_entries(&profile.entries, "");
        profile_done_backup(&profile);
    }
}

static void enabled_needs_no_tree(void **state)
{
    (void)state;
    struct strlist mistakes = {0};
    struct restore_profile profile;
    profile_read_enabled(NULL, &profile, &mistakes);
    assert_said(&mistakes, &profile.problems, "");
    assert_string_equal(profile.name, "enabled");
    assert_true(profile.by_reference);
    assert_int_equal(profile.entries.count, 17);
    assert_int_equal(profile.clusters.coverage, COVERAGE_HARBOR);
    assert_false(profile.own_archive_verified);
    profile_done_restore(&profile);
}

static void a_restore_knows_its_place_and_target(void **state)
{
    (void)state;
    cleanup(profile_fixture_close) struct profile_fixture fixture;
    struct restore_profile profile;
    profile_fixture_open(&fixture,
                         WITH("'target':{'time':'2026-11-22T02:00:00Z','timeline':'latest'},"
                              "'sourceLocales':'new','env':{'CLONE_PGVERSION':'15'}"));
    profile_read_restore("dr", fixture.tree, FIXTURE_NOW, &profile, &fixture.mistakes);
    assert_said(&fixture.mistakes, &profile.problems, "");
    assert_string_equal(profile.name, "dr");
    assert_string_equal(profile.clone_path, "backups/spilo/pg/uid");
    assert_true(profile.has_target_time);
    assert_int_equal(profile.target_time, FIXTURE_NOW);
    assert_false(profile.has_timeline);
    assert_false(profile.has_endpoint);
    assert_false(profile.has_role);
    assert_false(profile.by_reference);
    assert_int_equal(profile.source_locales, LOCALES_NEW);
    const struct entry *last = &profile.entries.items[profile.entries.count - 1];
    assert_string_equal(last->name, "CLONE_PGVERSION");
    profile_done_restore(&profile);
}

static void a_backup_knows_its_suffix(void **state)
{
    (void)state;
    cleanup(profile_fixture_close) struct profile_fixture fixture;
    struct backup_profile profile;
    profile_fixture_open(&fixture, BACKUP_WITH("'clusters':['harbor'],'except':['x']"));
    profile_read_backup("b", fixture.tree, &profile, &fixture.mistakes);
    assert_said(&fixture.mistakes, &profile.problems, "");
    assert_string_equal(profile.name, "b");
    assert_string_equal(profile.suffix, "/g2");
    assert_int_equal(profile.entries.count, 10);
    assert_int_equal(profile.clusters.coverage, COVERAGE_LISTED);
    assert_string_equal(profile.clusters.names.items[0], "harbor");
    assert_string_equal(profile.clusters.except.items[0], "x");
    profile_done_backup(&profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_restores_have_no_environment),
        cmocka_unit_test(refused_backups_have_no_environment),
        cmocka_unit_test(enabled_needs_no_tree),
        cmocka_unit_test(a_restore_knows_its_place_and_target),
        cmocka_unit_test(a_backup_knows_its_suffix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
