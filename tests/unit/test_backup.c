#include "tests/unit/fixture.h"

#define POLICY(more)                                                                               \
    "{'backupProfiles':{'keep':{'s3':{'bucket':'bucket','region':'eu','suffix':'/two'},"           \
    "'schedule':'0 1 * * *','retain':7,'credentials':{'secret':{'name':'s','accessKeyId':'a',"     \
    "'secretAccessKey':'b'}}" more "}}}"
#define POD(env, more)                                                                             \
    "{'metadata':{'name':'postgresql-ns-hc-0','ownerReferences':[{'kind':'StatefulSet',"           \
    "'apiVersion':'apps/v1','name':'postgresql-ns-hc'}]},'spec':{'containers':[{'name':"           \
    "'postgres','env':[{'name':'SCOPE','value':'postgresql-ns-hc'}" env "]" more "}]}}"

#define SET(name, value) "{'name':'" name "','value':'" value "'}"
#define APPEND(entry) "{'op':'add','path':'/spec/containers/0/env/-','value':" entry "}"
#define KEY(name, key)                                                                             \
    "{'name':'" name "','valueFrom':{'secretKeyRef':{'name':'s','key':'" key "'}}}"

static void test_the_archive_is_set(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_BACKUP, POLICY(""), "keep", OPERATION_CREATE,
                 POD("," SET("WALG_S3_PREFIX", "s3://x") "," SET("CLONE_SCOPE", "left"), ""), NULL);
    autofree char *patch = fixture_patch(&fixture);
    assert_string_equal(fixture_reason(&fixture), "backup");
    assert_string_equal(
        patch,
        "[" APPEND(SET("WAL_S3_BUCKET", "bucket")) "," APPEND(SET("WAL_BUCKET_SCOPE_PREFIX", "")) "," APPEND(SET("WAL_BUCKET_SCOPE_SUFFIX", "/two")) "," APPEND(SET(
            "AWS_REGION",
            "eu")) "," APPEND(SET("USE_WALG_BACKUP",
                                  "true")) "," APPEND(SET("USE_WALG_RESTORE",
                                                          "true")) "," APPEND(SET("BACKUP_SCHEDULE",
                                                                                  "0 1 * * *")) "," APPEND(SET("BACKUP_NUM_TO_RETAIN",
                                                                                                               "7")) "," APPEND(KEY("AWS_ACCESS_KEY_ID",
                                                                                                                                    "a")) "," APPEND(KEY("AWS_SECRET_ACCESS_KEY",
                                                                                                                                                         "b")) ",{'op':'remove','path':'/spec/containers/0/env/1'}]");
    fixture_close(&fixture);
}

static void test_env_from_is_neutralised(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_BACKUP, POLICY(""), "keep", OPERATION_CREATE,
                 POD("", ",'envFrom':[{'secretRef':{'name':'x'}}]"), NULL);
    autofree char *patch = fixture_patch(&fixture);
    assert_non_null(strstr(patch, APPEND(SET("WALG_S3_PREFIX", ""))));
    assert_non_null(strstr(patch, APPEND(SET("AWS_ENDPOINT", ""))));
    assert_null(strstr(patch, APPEND(SET("AWS_ACCESS_KEY_ID", ""))));
    fixture_close(&fixture);
}

static void test_second_call_says_the_same(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(
        &fixture, FIXTURE_BACKUP, POLICY(""), "keep", OPERATION_CREATE,
        POD("," SET("WAL_S3_BUCKET", "bucket") "," SET("WAL_BUCKET_SCOPE_PREFIX", "") "," SET(
                "WAL_BUCKET_SCOPE_SUFFIX",
                "/two") "," SET("AWS_REGION",
                                "eu") "," SET("USE_WALG_BACKUP",
                                              "true") "," SET("USE_WALG_RESTORE",
                                                              "true") "," SET("BACKUP_SCHEDULE",
                                                                              "0 1 * * *") "," SET("BACKUP_NUM_TO_RETAIN",
                                                                                                   "7") "," KEY("AWS_ACCESS_KEY_ID",
                                                                                                                "a") "," KEY("AWS_SECRET_ACCESS_KEY",
                                                                                                                             "b"),
            ""),
        NULL);
    assert_string_equal(fixture_reason(&fixture), "already-right");
    assert_string_equal(reason_name(decision_audit_reason(&fixture.decision)), "backup");
    fixture_close(&fixture);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        const char *profile;
        const char *reason;
        const char *message;
    } cases[] = {
        {POLICY(""), NULL, "unknown-profile",
         "the label harbor-pg-webhook/backup of namespace 'ns' names no profile; there are: keep; "
         "correct the label, or take it off to start without a backup"},
        {"{}", NULL, "unknown-profile",
         "the label harbor-pg-webhook/backup of namespace 'ns' names no profile; there are: none; "
         "correct the label, or take it off to start without a backup"},
        {POLICY(",'clusters':['other']"), "keep", "cluster-not-in-profile",
         "HarborCluster 'hc' is not in the list 'clusters' of backup profile 'keep' (other), which "
         "namespace 'ns' is labelled with: add it to 'clusters', or to 'except' to leave it alone"},
        {"{'backupProfiles':{'keep':{}}}", "keep", "incomplete-profile", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct fixture fixture;
        fixture_open(&fixture, FIXTURE_BACKUP, cases[i].policy, cases[i].profile, OPERATION_CREATE,
                     POD("", ""), NULL);
        assert_string_equal(fixture_reason(&fixture), cases[i].reason);
        if (cases[i].message)
            assert_string_equal(fixture.decision.message.data, cases[i].message);
        fixture_close(&fixture);
    }
}

static void test_other_pods_are_left_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_BACKUP, POLICY(""), "keep", OPERATION_CREATE,
                 "{'metadata':{'name':'x'},'spec':{'containers':[]}}", NULL);
    assert_string_equal(fixture_reason(&fixture), "not-spilo");
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_archive_is_set),
        cmocka_unit_test(test_env_from_is_neutralised),
        cmocka_unit_test(test_second_call_says_the_same),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_other_pods_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
