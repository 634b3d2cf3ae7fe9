/*
 * Arbitrary bytes as the body of a request: the first byte chooses the path. Whatever comes, there
 * is an answer that the API server takes; and a patch applies, changes only what is ours, and is
 * empty the second time.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/support/outcome.h"

#define NOW 1795140000 /* 2026-11-20T02:00:00Z */
#define DEPTH 64

static const char *const paths[] = {
    "/v1/postgresqls",          "/v1/pods/restore/enabled", "/v1/pods/restore/dr",
    "/v1/pods/restore/role",    "/v1/pods/backup/next",     "/v1/pods/restore/unlisted",
    "/v1/pods/backup/unlisted", "/v1/configmaps",
};

static const char restores[] =
    "{\"dr\":{\"s3\":{\"bucket\":\"bucket\",\"scope\":\"old\",\"suffix\":\"/one\",\"region\":"
    "\"eu\"},\"credentials\":{\"secret\":{\"name\":\"s\",\"accessKeyId\":\"a\","
    "\"secretAccessKey\":\"b\"}}},"
    "\"role\":{\"s3\":{\"prefix\":\"s3://bucket/spilo/old/wal\",\"region\":\"eu\",\"endpoint\":"
    "\"https://s3.local\"},\"credentials\":{\"workloadIdentity\":{\"roleArn\":"
    "\"arn:aws:iam::123456789012:role/x\",\"webIdentityTokenFile\":\"/var/token\"}},"
    "\"clusters\":\"all\",\"ownArchive\":\"verified\",\"sourceLocales\":\"new\"}}";
static const char backups[] =
    "{\"next\":{\"s3\":{\"bucket\":\"bucket\",\"region\":\"eu\",\"suffix\":\"/two\"},"
    "\"schedule\":\"0 1 * * *\",\"retain\":7,\"credentials\":{\"secret\":{\"name\":\"s\","
    "\"accessKeyId\":\"a\",\"secretAccessKey\":\"b\"}}}}";

static struct policy *make_policy(void)
{
    struct strlist mistakes = {0};
    json_t *restore = json_loads(restores, 0, NULL);
    json_t *backup = json_loads(backups, 0, NULL);
    struct policy *policy = policy_parse(NULL, restore, backup, NOW, &mistakes);
    policy_problems(policy, &mistakes);
    fuzz_check(policy && !mistakes.count, "the policy of this target is right");
    json_decref(restore);
    json_decref(backup);
    return policy;
}

static void check_bytes(const struct policy *policy, const char *path, struct str body)
{
    struct admit_target target;
    struct error err;
    fuzz_check(target_of_path(path, &target, &err), "the path is one of ours");
    struct trace trace = {0};
    target.trace = &trace;
    struct admit_result result;
    admit(policy, target, body, DEPTH, NOW, &result);
    fuzz_check(result.status == 200 || (result.status >= 400 && result.status < 500),
               "an answer, or what is wrong with the question");
    fuzz_check(result.reply.length > 0, "an answer is not empty");
    fuzz_check(result.decided == (result.status == 200), "a decision if and only if an answer");
    admit_result_done(&result);
    trace_clear(&trace);
}

static void check_properties(const struct policy *policy, const char *path, struct str body)
{
    json_t *review = json_loadb(body.data, body.length, JSON_REJECT_DUPLICATES, NULL);
    if (!review)
        return;
    struct outcome outcome = {0};
    struct error err;
    if (!outcome_ask(policy, path, review, JSON_COMPACT, NOW, &outcome, &err))
        fuzz_check(false, err.text);
    if (outcome.result.status == 200 && !outcome_holds(policy, path, review, NOW, &outcome, &err))
        fuzz_check(false, err.text);
    outcome_done(&outcome);
    json_decref(review);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct policy *policy = make_policy();
    const char *path = paths[data[0] % (sizeof(paths) / sizeof(*paths))];
    struct str body = {(const char *)data + 1, size - 1};
    check_bytes(policy, path, body);
    check_properties(policy, path, body);
    policy_free(policy);
    return 0;
}
