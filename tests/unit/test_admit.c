#include "server/admit.h"

#include "tests/unit/fixture.h"

#define KEYS "'credentials':{'secret':{'name':'s','accessKeyId':'a','secretAccessKey':'b'}}"
#define PROFILES                                                                                   \
    "{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'old','suffix':'/"                  \
    "one','region':'eu'}," KEYS                                                                    \
    "}},'backupProfiles':{'keep':{'s3':{'bucket':'bucket','region':'eu','suffix':'/two'},"         \
    "'schedule':'0 1 * * *','retain':7," KEYS "}}}"

#define REVIEW(kind, operation, more)                                                              \
    "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':'u','kind':"    \
    "{" kind "},'namespace':'ns','operation':'" operation "'" more "}}"
#define POD "'group':'','kind':'Pod'"
#define POSTGRESQL "'group':'acid.zalan.do','kind':'postgresql'"
#define HARBORS(spec)                                                                              \
    ",'name':'postgresql-ns-hc','object':{'metadata':{'name':'postgresql-ns-hc','annotations':{"   \
    "'ns.harborcluster.checksum.goharbor.io/hc':'1'}},'spec':{" spec "}}"

#define POSTGRESQLS ((struct admit_target){ADMIT_POSTGRESQL, STR_NONE, NULL})

/* The caller frees the result with admit_result_done(). */
static struct admit_result asked(const char *configuration, struct admit_target target,
                                 const char *review, unsigned depth)
{
    struct fixture fixture = {0};
    struct admit_result result;
    fixture_policy(&fixture, configuration);
    autofree char *body = fixture_json(review);
    admit(fixture.policy, target, str_of(body), depth, FIXTURE_NOW, &result);
    policy_free(fixture.policy);
    json_decref(fixture.configuration);
    return result;
}

static void what_cannot_be_decided_is_one_line(void **state)
{
    (void)state;
    static const struct {
        enum admit_kind kind;
        unsigned status;
        const char *profile;
        const char *body;
        const char *expected;
    } cases[] = {
        {ADMIT_RESTORE, 404, "d\nr", "",
         "there is no restore profile 'd r'; there are: dr, enabled"},
        {ADMIT_RESTORE, 404, "keep", "",
         "there is no restore profile 'keep'; there are: dr, enabled"},
        {ADMIT_BACKUP, 404, "enabled", "", "there is no backup profile 'enabled'; there are: keep"},
        {ADMIT_POSTGRESQL, 400, NULL, "",
         "the body is not JSON: byte 0: the text ends, expected an object or an array"},
        {ADMIT_POSTGRESQL, 400, NULL, "{}",
         "the body is not an AdmissionReview: kind is '', expected AdmissionReview"},
        {ADMIT_POSTGRESQL, 400, NULL, REVIEW(POD, "DELETE", ""),
         "request.kind is 'Pod', but this path decides about 'acid.zalan.do/postgresql'"},
        {ADMIT_POSTGRESQL, 400, NULL, REVIEW("'group':'other','kind':'postgresql'", "DELETE", ""),
         "request.kind is 'other/postgresql', but this path decides about "
         "'acid.zalan.do/postgresql'"},
        {ADMIT_CONFIGMAP, 400, NULL, REVIEW(POD, "DELETE", ""),
         "request.kind is 'Pod', but this path decides about 'ConfigMap'"},
        {ADMIT_BACKUP, 400, "unlisted", REVIEW("'group':'apps','kind':'Pod'", "DELETE", ""),
         "request.kind is 'apps/Pod', but this path decides about 'Pod'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct admit_target target = {cases[i].kind, str_of(cases[i].profile), NULL};
        struct admit_result result = asked(PROFILES, target, cases[i].body, 64);
        assert_string_equal(result.reply.data, cases[i].expected);
        assert_int_equal(result.status, cases[i].status);
        assert_false(result.decided);
        admit_result_done(&result);
    }
}

static void a_review_that_is_nested_too_deeply_is_refused(void **state)
{
    (void)state;
    const char *review = REVIEW(POSTGRESQL, "CREATE", ",'object':{'a':[[[[[[1]]]]]]}");
    struct admit_result result = asked("{}", POSTGRESQLS, review, 9);
    assert_int_equal(result.status, 400);
    assert_non_null(strstr(result.reply.data, "the body is not JSON: byte "));
    admit_result_done(&result);
    result = asked("{}", POSTGRESQLS, review, 10);
    assert_int_equal(result.status, 200);
    admit_result_done(&result);
}

static void a_text_that_is_too_long_is_cut(void **state)
{
    (void)state;
    char name[2000];
    memset(name, 'x', sizeof(name));
    struct admit_target target = {ADMIT_RESTORE, {name, sizeof(name)}, NULL};
    struct admit_result result = asked("{}", target, "", 64);
    assert_int_equal(result.status, 404);
    assert_int_equal(result.reply.length, 510);
    admit_result_done(&result);
}

static void no_answer_is_better_than_one_without_its_patch(void **state)
{
    (void)state;
    struct buf configuration = BUF(8u * 1024 * 1024);
    buf_add_text(&configuration, "{'database':{'pgHba':['local all all trust',"
                                 "'host replication standby all md5'");
    for (int i = 0; i < 600; i++)
        buf_addf(&configuration, ",'host all %08000d all md5'", i);
    buf_add_text(&configuration, "]}}");
    struct admit_result result =
        asked(configuration.data, POSTGRESQLS, REVIEW(POSTGRESQL, "CREATE", HARBORS("")), 64);
    assert_string_equal(result.reply.data,
                        "the patch for this object would be larger than 4194304 bytes");
    assert_int_equal(result.status, 500);
    assert_false(result.decided);
    admit_result_done(&result);
    buf_clear(&configuration);
}

static void a_decision_is_summarised(void **state)
{
    (void)state;
    struct admit_result result =
        asked("{}", POSTGRESQLS, REVIEW(POSTGRESQL, "CREATE", HARBORS("") ",'dryRun':true"), 64);
    const struct admit_summary *summary = &result.summary;
    assert_int_equal(result.status, 200);
    assert_true(result.decided);
    assert_string_equal(summary->uid, "u");
    assert_string_equal(summary->operation, "CREATE");
    assert_string_equal(summary->namespace, "ns");
    assert_string_equal(summary->name, "postgresql-ns-hc");
    assert_string_equal(summary->state, "repaired");
    assert_string_equal(summary->reason, "repaired");
    assert_string_equal(summary->profile, "");
    assert_true(summary->dry_run);
    assert_int_equal(summary->operations, 4);
    assert_int_equal(summary->warnings, 0);
    admit_result_done(&result);
}

static void a_summary_holds_one_line_of_each(void **state)
{
    (void)state;
    struct admit_result result =
        asked(PROFILES, (struct admit_target){ADMIT_RESTORE, STR("dr"), NULL},
              "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'uid':"
              "'0123456789012345678901234567890123456789012345678901234567890123456789',"
              "'kind':{'kind':'Pod'},'namespace':'n\\ns','operation':'CREATE','object':{"
              "'metadata':{'generateName':'web-'}}}}",
              64);
    assert_string_equal(result.summary.uid,
                        "012345678901234567890123456789012345678901234567890123456789012");
    assert_string_equal(result.summary.namespace, "n s");
    assert_string_equal(result.summary.name, "web-");
    assert_string_equal(result.summary.reason, "not-spilo");
    admit_result_done(&result);
}

static void each_path_decides_about_its_own(void **state)
{
    (void)state;
    static const struct {
        enum admit_kind kind;
        const char *profile;
        const char *name;
        const char *object;
        const char *reason;
    } cases[] = {
        {ADMIT_POSTGRESQL, NULL, "postgresql", POSTGRESQL, "not-harbor"},
        {ADMIT_RESTORE, "enabled", "restore", POD, "not-spilo"},
        {ADMIT_BACKUP, "keep", "backup", POD, "not-spilo"},
        {ADMIT_RESTORE, "unlisted", "restore", POD, "not-spilo"},
        {ADMIT_BACKUP, "unlisted", "backup", "'kind':'Pod'", "not-spilo"},
        {ADMIT_CONFIGMAP, NULL, "configmap", "'kind':'ConfigMap'", "not-concerned"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct trace trace = {0};
        struct admit_target target = {cases[i].kind, str_of(cases[i].profile), &trace};
        autofree char *review =
            xasprintf(REVIEW("%s", "CREATE",
                             ",'object':{'metadata':{'name':'x'},'spec':{'numberOfInstances':1}}"),
                      cases[i].object);
        struct admit_result result = asked(PROFILES, target, review, 64);
        assert_string_equal(admit_kind_name(target.kind), cases[i].name);
        assert_int_equal(result.status, 200);
        assert_string_equal(result.summary.reason, cases[i].reason);
        assert_true(trace.count > 0);
        admit_result_done(&result);
        trace_clear(&trace);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_decided_is_one_line),
        cmocka_unit_test(a_review_that_is_nested_too_deeply_is_refused),
        cmocka_unit_test(a_text_that_is_too_long_is_cut),
        cmocka_unit_test(no_answer_is_better_than_one_without_its_patch),
        cmocka_unit_test(a_decision_is_summarised),
        cmocka_unit_test(a_summary_holds_one_line_of_each),
        cmocka_unit_test(each_path_decides_about_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
