#include "tests/unit/fixture.h"

#define BACKUP                                                                                     \
    "{'backupProfiles':{'keep':{'s3':{'bucket':'bucket','region':'eu','suffix':'/two'},"           \
    "'schedule':'0 1 * * *','retain':7,'credentials':{'secret':{'name':'s','accessKeyId':'a',"     \
    "'secretAccessKey':'b'}}}}}"
#define CONFIG(data) "{'metadata':{'name':'harbor-pg-restore'},'data':{" data "}}"
#define SCOPE "'CLONE_SCOPE':'old'"
#define BUCKET "'CLONE_WAL_S3_BUCKET':'bucket'"
#define SUFFIX "'CLONE_WAL_BUCKET_SCOPE_SUFFIX':'/one'"
#define REGION "'CLONE_AWS_REGION':'eu'"
#define WHOLE SCOPE "," BUCKET "," SUFFIX "," REGION

struct example {
    const char *object;
    const char *reason;
    const char *text; /* of the message, or of the warnings */
};

static const struct example examples[] = {
    /* Not ours. */
    {"{'metadata':{'name':'other'},'data':{}}", "not-concerned", ""},
    {"{'metadata':{'name':'harbor-pg-restore','deletionTimestamp':'2026-11-22T00:00:00Z'}}",
     "not-concerned", ""},
    /* Missing, empty, malformed. */
    {"{'metadata':{'name':'harbor-pg-restore'}}", "incomplete-profile",
     "data.CLONE_SCOPE is missing; data.CLONE_WAL_S3_BUCKET is missing; "
     "data.CLONE_WAL_BUCKET_SCOPE_SUFFIX is missing (\"\" states the layout without uid); "
     "data.CLONE_AWS_REGION is missing"},
    {CONFIG("'CLONE_SCOPE':''," BUCKET "," SUFFIX "," REGION ",'CLONE_TARGET_TIME':''"),
     "incomplete-profile",
     "data.CLONE_SCOPE is empty; data.CLONE_TARGET_TIME is empty: leave the key out instead"},
    {CONFIG(SCOPE ",'CLONE_WAL_S3_BUCKET':'s3://bucket','CLONE_WAL_BUCKET_SCOPE_SUFFIX':'one',"
                  "'CLONE_AWS_REGION':'e u','CLONE_TARGET_TIMELINE':'0'"),
     "invalid-config", NULL},
    {CONFIG(WHOLE ",'CLONE_TARGET_TIME':'2026-11-20T02:00:00'"), "invalid-config",
     "data.CLONE_TARGET_TIME: '2026-11-20T02:00:00' has no offset from UTC, expected one such as "
     "+00:00 at its end"},
    {CONFIG(WHOLE ",'CLONE_TARGET_TIME':'2026-11-22T02:00:01+00:00'"), "invalid-config",
     "data.CLONE_TARGET_TIME: '2026-11-22T02:00:01+00:00' is in the future: give a time that the "
     "archive has reached, or leave the key out for the latest"},
    {CONFIG(SCOPE "," BUCKET "," REGION ",'CLONE_WAL_BUCKET_SCOPE_SUFFIX':'/two'"),
     "invalid-config",
     "data.CLONE_WAL_BUCKET_SCOPE_SUFFIX: '/two' is where backup profile 'keep' archives to, so "
     "the new cluster could destroy its source: first give that profile the next generation"},
    /* In the wrong place. */
    {CONFIG(WHOLE ",'CLONE_AWS_ENDPOINT':'http://x'"), "invalid-config",
     "data.CLONE_AWS_ENDPOINT has no effect here: a store with an endpoint needs a literal profile "
     "(s3.endpoint)"},
    {CONFIG(WHOLE ",'CLONE_AWS_SECRET_ACCESS_KEY':'canary'"), "invalid-config",
     "data.CLONE_AWS_SECRET_ACCESS_KEY is a secret: it belongs in Secret 'harbor-pg-restore'"},
    {CONFIG(WHOLE ",'CLONE_TARGET_INCLUSIVE':''"), "invalid-config",
     "data.CLONE_TARGET_INCLUSIVE has no effect here: an exclusive target needs a literal profile "
     "(target.inclusive)"},
    /* Right, with remarks. */
    {CONFIG(WHOLE), "config-valid", ""},
    {CONFIG(WHOLE ",'CLONE_WAL_BUCKET_SCOPE_PREFIX':'','CLONE_TARGET_TIME':"
                  "'2026-11-20T02:00:00+01:00','CLONE_TARGET_TIMELINE':'2','CLONE_METHOD':"
                  "'CLONE_WITH_WALE','CLONE_USER':'x','CLONE_TARGET_INCLUSIVE':'true'"),
     "config-valid", ""},
    {CONFIG(SCOPE "," BUCKET "," REGION ",'CLONE_WAL_BUCKET_SCOPE_SUFFIX':''"), "config-valid", ""},
    {CONFIG(WHOLE ",'CLONE_METHOD':'x','USEWALG_RESTORE':'true','CLONE_AWS_DEFAULT_REGION':'eu',"
                  "'CLONE_WALG_DOWNLOAD_CONCURRENCY':'8','something-else-altogether':'1'"),
     "config-valid",
     "data.CLONE_METHOD has no effect: it is always 'CLONE_WITH_WALE' | data.USEWALG_RESTORE is a "
     "spelling that nobody reads: USE_WALG_RESTORE is set anyway | data.CLONE_AWS_DEFAULT_REGION "
     "is a name that spilo does not read, did you mean 'CLONE_AWS_REGION' | "
     "data.CLONE_WALG_DOWNLOAD_CONCURRENCY has no effect here: it needs a literal profile (env) | "
     "data.something-else-altogether is a name that spilo does not read"},
    {CONFIG("'CLONE_SCOPE':'postgresql-ns-hc','CLONE_WAL_BUCKET_SCOPE_PREFIX':'ns-',"
            "'CLONE_WAL_BUCKET_SCOPE_SUFFIX':''," BUCKET "," REGION),
     "config-valid",
     "'ns-postgresql-ns-hc' is also the default path of this namespace's own archive: a cluster of "
     "the same name must archive elsewhere (label harbor-pg-webhook/backup)"},
    {"{'metadata':{'name':'mine','labels':{'harbor-pg-webhook/config':'restore'}},'data':{" WHOLE
     "}}",
     "config-valid", "pods read ConfigMap 'harbor-pg-restore' only, not this one"},
};

static void test_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        struct fixture fixture;
        fixture_open(&fixture, FIXTURE_CONFIGMAP, BACKUP, NULL, OPERATION_CREATE,
                     examples[i].object, NULL);
        autofree char *warnings = fixture_warnings(&fixture);
        const char *text = decision_allowed(&fixture.decision)
                               ? warnings
                               : buf_str(&fixture.decision.message).data;
        print_message("example %zu: %s\n", i, text);
        assert_string_equal(fixture_reason(&fixture), examples[i].reason);
        if (examples[i].text)
            assert_string_equal(text, examples[i].text);
        assert_null(strstr(text, "canary"));
        fixture_close(&fixture);
    }
}

static void test_other_requests_are_left_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture, FIXTURE_CONFIGMAP, "{}", NULL, OPERATION_DELETE, "null", CONFIG(""));
    assert_string_equal(fixture_reason(&fixture), "not-concerned");
    decision_done(&fixture.decision);
    fixture.subject.operation = OPERATION_UPDATE;
    fixture.subject.sub_resource = STR("status");
    fixture_decide(&fixture, FIXTURE_CONFIGMAP, NULL);
    assert_string_equal(fixture_reason(&fixture), "not-concerned");
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_other_requests_are_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
