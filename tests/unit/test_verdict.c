#include "server/verdict.h"

#include "base/base64.h"
#include "tests/unit/fixture.h"

#define KEYS "'credentials':{'secret':{'name':'s','accessKeyId':'a','secretAccessKey':'b'}}"
#define PROFILES                                                                                   \
    "{'restoreProfiles':{'dr':{'s3':{'bucket':'bucket','scope':'old','suffix':'/"                  \
    "one','region':'eu'}," KEYS                                                                    \
    "}},'backupProfiles':{'keep':{'s3':{'bucket':'bucket','region':'eu','suffix':'/two'},"         \
    "'schedule':'0 1 * * *','retain':7," KEYS "}}}"

#define POD(env)                                                                                   \
    "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'postgresql-ns-hc-0','namespace':'ns',"    \
    "'ownerReferences':[{'kind':'StatefulSet','apiVersion':'apps/v1','name':"                      \
    "'postgresql-ns-hc'}]},'spec':{'containers':[{'name':'postgres','image':"                      \
    "'ghcr.io/zalando/spilo-16:3.2-p3','env':[{'name':'SCOPE','value':'postgresql-ns-hc'},"        \
    "{'name':'USE_OLD_LOCALES','value':'true'}" env "]}]}}"
#define CONFIGMAP                                                                                  \
    "{'kind':'ConfigMap','apiVersion':'v1','metadata':{'name':'harbor-pg-restore'},'data':{}}"

/* A verdict with all it borrows from. */
struct asked {
    struct fixture fixture;
    struct manifest manifest;
    struct verdict verdict;
    struct error err;
    bool made;
};

static struct asked ask(const char *object, struct verdict_question question)
{
    struct asked asked = {0};
    fixture_policy(&asked.fixture, PROFILES);
    question.policy = asked.fixture.policy;
    question.body = question.body ? question.body : 65536;
    question.depth = question.depth ? question.depth : 64;
    question.now = FIXTURE_NOW;
    autofree char *text = fixture_json(object);
    struct manifest_reader reader = {.name = "f", .text = str_of(text), .namespace = "ns"};
    if (manifest_next(&reader, &asked.manifest, &asked.err) != MANIFEST_READ)
        fail_msg("%s", asked.err.text);
    manifest_reader_done(&reader);
    asked.made = verdict_make(&question, &asked.manifest, &asked.verdict, &asked.err);
    return asked;
}

static void asked_done(struct asked *asked)
{
    verdict_done(&asked->verdict);
    assert_null(asked->verdict.patch);
    manifest_done(&asked->manifest);
    policy_free(asked->fixture.policy);
    json_decref(asked->fixture.configuration);
}

static void what_the_server_would_refuse_is_no_verdict(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        struct verdict_question question;
        const char *expected;
    } cases[] = {
        {POD(""), {0}, "a Pod needs --profile (restore), --backup-profile, or both"},
        {POD(""),
         {.restore_profile = "x"},
         "there is no restore profile 'x'; there are: dr, enabled"},
        {POD(""), {.backup_profile = "x"}, "there is no backup profile 'x'; there are: keep"},
        {CONFIGMAP, {.body = 10}, "444 bytes of review, the limit is 10 (server.limits.body)"},
        {CONFIGMAP, {.depth = 2}, NULL},
        {"{'kind':'AdmissionReview','request':{'kind':{'version':'v1','kind':'ConfigMap'}}}",
         {0},
         "the body is not an AdmissionReview: apiVersion is '', expected admission.k8s.io/v1 or "
         "admission.k8s.io/v1beta1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct asked asked = ask(cases[i].object, cases[i].question);
        assert_false(asked.made);
        if (cases[i].expected)
            assert_string_equal(asked.err.text, cases[i].expected);
        else
            assert_memory_equal(asked.err.text, "the body is not JSON: byte ", 27);
        asked_done(&asked);
    }
}

static void a_denial_says_why_and_changes_nothing(void **state)
{
    (void)state;
    struct asked asked = ask(CONFIGMAP, (struct verdict_question){0});
    const struct verdict *verdict = &asked.verdict;
    assert_true(asked.made);
    assert_false(verdict->allowed);
    assert_string_equal(verdict->reason, "incomplete-profile");
    assert_string_equal(verdict->message,
                        "data.CLONE_SCOPE is missing; data.CLONE_WAL_S3_BUCKET is missing; "
                        "data.CLONE_WAL_BUCKET_SCOPE_SUFFIX is missing (\"\" states the layout "
                        "without uid); data.CLONE_AWS_REGION is missing");
    assert_int_equal(json_array_size(verdict->patch), 0);
    assert_true(json_equal(verdict->before, verdict->after));
    assert_int_equal(verdict->pass_count, 1);
    assert_int_equal(verdict->passes[0].kind, ADMIT_CONFIGMAP);
    asked_done(&asked);
}

static void a_denial_leaves_nothing_of_an_earlier_pass(void **state)
{
    (void)state;
    struct asked asked =
        ask(POD(",{'name':'CLONE_SCOPE','value':'other'}"),
            (struct verdict_question){.restore_profile = "unlisted", .backup_profile = "keep"});
    const struct verdict *verdict = &asked.verdict;
    assert_true(asked.made);
    assert_false(verdict->allowed);
    assert_string_equal(verdict->reason, "unknown-profile");
    assert_int_equal(verdict->pass_count, 2);
    assert_int_equal(json_array_size(verdict->patch), 0);
    assert_true(json_equal(verdict->before, verdict->after));
    assert_null(json_object_get(json_object_get(verdict->reply, "response"), "patch"));
    asked_done(&asked);
}

static void a_deletion_has_no_object(void **state)
{
    (void)state;
    struct asked asked = ask("{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1',"
                             "'request':{'uid':'u','kind':{'version':'v1','kind':'ConfigMap'},"
                             "'namespace':'ns','name':'x','operation':'DELETE'}}",
                             (struct verdict_question){0});
    assert_true(asked.made);
    assert_true(asked.verdict.allowed);
    assert_null(asked.verdict.message);
    assert_string_equal(asked.verdict.reason, "not-concerned");
    assert_true(json_is_null(asked.verdict.before));
    assert_true(json_is_null(asked.verdict.after));
    asked_done(&asked);
}

static void two_passes_are_answered_as_one(void **state)
{
    (void)state;
    struct asked asked =
        ask(POD(""), (struct verdict_question){.restore_profile = "dr", .backup_profile = "keep"});
    const struct verdict *verdict = &asked.verdict;
    assert_true(asked.made);
    assert_null(verdict->message);
    assert_true(verdict->allowed);
    assert_string_equal(verdict->reason, "restore");
    assert_int_equal(verdict->pass_count, 2);
    assert_int_equal(verdict->passes[0].kind, ADMIT_BACKUP);
    assert_string_equal(verdict->passes[0].profile, "keep");
    assert_int_equal(verdict->passes[1].kind, ADMIT_RESTORE);
    assert_string_equal(verdict->passes[1].profile, "dr");
    assert_true(verdict->passes[1].trace.count > 0);

    autofree char *after = json_dumps(verdict->after, JSON_COMPACT);
    assert_non_null(strstr(after, "{\"name\":\"WAL_BUCKET_SCOPE_SUFFIX\",\"value\":\"/two\"}"));
    assert_non_null(strstr(after, "{\"name\":\"CLONE_SCOPE\",\"value\":\"old\"}"));
    assert_false(json_equal(verdict->before, verdict->after));

    /* The reply holds the operations of both, not of the last alone. */
    const json_t *response = json_object_get(verdict->reply, "response");
    autofree char *patch = json_dumps(verdict->patch, JSON_COMPACT);
    struct buf base64 = BUF(65536);
    base64_add(&base64, str_of(patch));
    assert_string_equal(json_string_value(json_object_get(response, "patch")), base64.data);
    buf_clear(&base64);
    assert_string_equal(json_string_value(json_object_get(response, "patchType")), "JSONPatch");
    asked_done(&asked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_server_would_refuse_is_no_verdict),
        cmocka_unit_test(a_denial_says_why_and_changes_nothing),
        cmocka_unit_test(a_denial_leaves_nothing_of_an_earlier_pass),
        cmocka_unit_test(a_deletion_has_no_object),
        cmocka_unit_test(two_passes_are_answered_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
