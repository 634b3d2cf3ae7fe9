/*
 * Generated objects, typical and ugly, through every path of the server: there is an answer that
 * the API server takes, its patch applies and changes only what is ours, and a second pass changes
 * nothing. 20,000 objects, the same in every run; ORACLE_NDJSON names a file for tests/oracle; a
 * number as argument asks about that object alone and prints its review.
 */
#include "tests/properties/chance.h"
#include "tests/support/input.h"
#include "tests/support/outcome.h"

#include <stdio.h>

#define OBJECTS 20000
#define SEED UINT64_C(0x9e4e7a7ed0b1ec75)
#define FAILURES_SHOWN 20

#define UID "/99e85b8a-3f92-4c86-8d42-5056348c1e7e"
#define DIGEST "@sha256:2d1f0c5d9a3a7f9be13b2e7ef0c4c5ff8b7f0d8f0b6e2b7a1e6a9c5d4b3a2f10"

static const char *const names[] = {
    "CLONE_SCOPE",
    "CLONE_METHOD",
    "CLONE_AWS_ENDPOINT",
    "CLONE_WALE_S3_ENDPOINT",
    "CLONE_TARGET_TIME",
    "CLONE_WAL_S3_BUCKET",
    "CLONE_WAL_BUCKET_SCOPE_SUFFIX",
    "CLONE_FOO",
    "CLONE_WITH_BASEBACKUP",
    "CLONE_AWS_SECRET_ACCESS_KEY",
    "CLONE_",
    "STANDBY_HOST",
    "WAL_S3_BUCKET",
    "WAL_BUCKET_SCOPE_PREFIX",
    "WAL_BUCKET_SCOPE_SUFFIX",
    "WALG_S3_PREFIX",
    "WALE_S3_PREFIX",
    "WAL_GS_BUCKET",
    "AWS_ENDPOINT",
    "AWS_REGION",
    "USE_WALG_RESTORE",
    "USEWALG_RESTORE",
    "BACKUP_SCHEDULE",
    "USE_OLD_LOCALES",
    "SPILO_CONFIGURATION",
    "SCOPE",
    "PGUSER_SUPERUSER",
    "PGUSER_STANDBY",
    "POD_NAMESPACE",
    "FOO",
    "",
    "clone_scope",
    "A/B~C\"\\\n\u00e9",
};

static const char *const values[] = {
    "",
    "true",
    "false",
    "postgresql-lab-reg",
    "acid-orders",
    "harbor-db-backups",
    UID,
    "/generation-2",
    "CLONE_WITH_WALE",
    "CLONE_WITH_BASEBACKUP",
    "s3://harbor-db-backups/spilo/x/wal",
    "$(SCOPE)",
    "$$(SCOPE)",
    "$(A",
    "$(WAL_S3_BUCKET)$(FOO)",
    "\x01\x7f\t\"\\/<&>\u00e9\U0001f600",
    "{\"postgresql\":{\"pg_hba\":[\"local all all trust\",\"local replication standby trust\"]}}",
    "{\"postgresql\":{\"pg_hba\":[\"host all all all md5\"]}}",
    "{\"postgresql\":{\"pg_hba\":[7,null]}}",
    "postgresql:\n  pg_hba:\n  - local all all reject\n",
    "a: [",
    "{",
    "[[[[[[[[",
    "lab-",
    "default",
};

static const char *const images[] = {
    "registry.opensource.zalan.do/acid/spilo-12:1.6-p3",
    "registry.opensource.zalan.do/acid/spilo-13:2.1-p1",
    "registry.opensource.zalan.do/acid/spilo-13:v2.7.1",
    "ghcr.io/zalando/spilo-13:2.0-p4",
    "ghcr.io/zalando/spilo-14:2.1-p7",
    "ghcr.io/zalando/spilo-15:2.1-p9",
    "ghcr.io/zalando/spilo-16:3.2-p3",
    "ghcr.io/zalando/spilo-16:3.3-p3",
    "ghcr.io/zalando/spilo-17:4.0-p2",
    "ghcr.io/zalando/spilo-16" DIGEST,
    "localhost:5000/spilo-12:1.6-p5" DIGEST,
    "spilo",
    "",
    ":@/",
    "x/spilo-16:99999999999999999999.1-p1",
};

/* As JSON: what stands where something else belongs. */
static const char *const junk[] = {
    "null",
    "true",
    "0",
    "-1.5e300",
    "12345678901234567890",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[null]",
    "[[]]",
    "{\"\":{}}",
    "{\"name\":\"postgres\"}",
    "[{\"name\":7}]",

    "{\"a/b~c\":1}",
    "\"\\ud83d\\ude00 \\\"\\\\ \\n\"",
    "[1,2,3,4,5,6,7,8,9,10,11,12]",
};

static const char *const rule_lists[] = {
    "null",
    "[]",
    "[\"hostssl all all 0.0.0.0/0 md5\",\"host    all all 0.0.0.0/0 md5\"]",
    "[\"local all all trust\",\"local replication standby trust\"]",
    "[\"local all all reject\"]",
    "[\"\"]",
    "[\"# nothing\"]",
    "[\"local \\\"all all trust\"]",
    "[7]",
    "\"local all all trust\"",
    "[\"local all,postgres \\\"postgres\\\", +x trust\",\"host replication all ::1/8 md5\"]",
};

static const char *const env_lists[] = {
    "null",
    "[]",
    "{}",
    "[{\"name\":\"USE_OLD_LOCALES\",\"value\":\"true\"}]",
    "[{\"name\":\"USE_OLD_LOCALES\",\"value\":\"false\"},{\"name\":\"TZ\",\"value\":\"UTC\"}]",
    "[{\"name\":\"TZ\",\"value\":\"UTC\"}]",
    "[null,7,{\"value\":\"x\"}]",
    "[{\"name\":\"USE_OLD_LOCALES\",\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"a\"}}}]",
    "[{\"name\":\"USE_OLD_LOCALES\"},{\"name\":\"USE_OLD_LOCALES\",\"value\":true}]",
};

static json_t *parsed(const char *text)
{
    return json_loads(text, JSON_DECODE_ANY, NULL);
}

/* ---- ugliness ---- */

static json_t *child_at(json_t *node, size_t index)
{
    if (json_is_array(node))
        return json_array_get(node, index);
    void *iterator = json_object_iter(node);
    while (index--)
        iterator = json_object_iter_next(node, iterator);
    return json_object_iter_value(iterator);
}

static size_t child_count(const json_t *node)
{
    return json_is_array(node) ? json_array_size(node) : json_object_size(node);
}

/* Puts junk somewhere below the node, or takes something away. */
static void spoil(struct chance *chance, json_t *node)
{
    size_t count = child_count(node);
    if (!count)
        return;
    size_t index = chance_below(chance, count);
    json_t *child = child_at(node, index);
    if (child_count(child) && !chance_once_in(chance, 5)) {
        spoil(chance, child);
        return;
    }
    bool removed = chance_once_in(chance, 3);
    json_t *instead = parsed(CHANCE_OF(chance, junk));
    if (json_is_array(node)) {
        if (removed)
            json_array_remove(node, index);
        else
            json_array_set(node, index, instead);
    } else {
        void *iterator = json_object_iter(node);
        while (index--)
            iterator = json_object_iter_next(node, iterator);
        if (removed)
            json_object_del(node, json_object_iter_key(iterator));
        else
            json_object_iter_set(node, iterator, instead);
    }
    json_decref(instead);
}

/* ---- pods ---- */

static json_t *new_entry(struct chance *chance)
{
    static const char *const sources[] = {
        "{\"secretKeyRef\":{\"name\":\"a\",\"key\":\"b\"}}",
        "{\"configMapKeyRef\":{\"name\":\"a\",\"key\":\"b\",\"optional\":true}}",
        "{\"fieldRef\":{\"apiVersion\":\"v1\",\"fieldPath\":\"metadata.namespace\"}}",
        "{\"fieldRef\":{\"fieldPath\":\"metadata.labels['team']\"}}",
    };
    json_t *entry = json_pack("{s:s}", "name", CHANCE_OF(chance, names));
    if (chance_once_in(chance, 4))
        json_object_set_new(entry, "valueFrom", parsed(CHANCE_OF(chance, sources)));
    else if (!chance_once_in(chance, 20))
        json_object_set_new(entry, "value", json_string(CHANCE_OF(chance, values)));
    return entry;
}

static void set_scope(struct chance *chance, json_t *pod)
{
    static const char *const scopes[] = {"acid-orders", "postgresql-lab-", "postgresql-lab-mirror",
                                         "postgresql-lab-registry", "postgresql-lab-ab"};
    const char *scope = CHANCE_OF(chance, scopes);
    json_t *owners = json_object_get(json_object_get(pod, "metadata"), "ownerReferences");
    json_object_set_new(json_array_get(owners, 0), "name", json_string(scope));
    json_t *env = json_object_get(pod_container(pod), "env");
    json_object_set_new(json_array_get(env, 0), "value", json_string(scope));
}

static void vary_pod(struct chance *chance, json_t *pod)
{
    json_t *container = pod_container(pod);
    json_t *env = json_object_get(container, "env");
    if (chance_once_in(chance, 3))
        set_scope(chance, pod);
    if (!chance_once_in(chance, 3))
        json_object_set_new(container, "image", json_string(CHANCE_OF(chance, images)));
    for (size_t count = chance_below(chance, 12); count--;)
        json_array_insert_new(env, chance_below(chance, json_array_size(env) + 1),
                              new_entry(chance));
    if (chance_once_in(chance, 8))
        json_object_set_new(container, "envFrom",
                            parsed("[{\"configMapRef\":{\"name\":\"pod-environment\"}}]"));
    if (chance_once_in(chance, 6))
        json_array_insert_new(json_object_get(json_object_get(pod, "spec"), "containers"), 0,
                              parsed("{\"name\":\"sidecar\",\"image\":\"x\"}"));
}

/* ---- resources ---- */

static void vary_resource(struct chance *chance, json_t *resource)
{
    static const char *const versions[] = {"\"12\"", "\"13\"", "\"16\"",         "\"9.6\"",
                                           "12",     "\"\"",   "\"99999999999\""};
    static const char *const annotations[] = {
        "null", "{}", "{\"harbor-pg-webhook/repair\":\"true\"}",
        "{\"harbor-pg-webhook/patched\":\"env,image\",\"a/b~c\":\"d\"}",
        "{\"harbor-pg-webhook/patched\":7}"};
    json_t *spec = json_object_get(resource, "spec");
    json_t *metadata = json_object_get(resource, "metadata");
    if (!chance_once_in(chance, 3))
        json_object_set_new(spec, "dockerImage", json_string(CHANCE_OF(chance, images)));
    if (chance_once_in(chance, 2))
        json_object_set_new(json_object_get(spec, "patroni"), "pg_hba",
                            parsed(CHANCE_OF(chance, rule_lists)));
    if (chance_once_in(chance, 2))
        json_object_set_new(spec, "env", parsed(CHANCE_OF(chance, env_lists)));
    if (chance_once_in(chance, 3))
        json_object_set_new(json_object_get(spec, "postgresql"), "version",
                            parsed(CHANCE_OF(chance, versions)));
    if (chance_once_in(chance, 3))
        json_object_set_new(metadata, "annotations", parsed(CHANCE_OF(chance, annotations)));
    if (chance_once_in(chance, 12))
        json_object_set_new(metadata, "deletionTimestamp", json_string("2026-11-22T12:00:00Z"));
}

/* ---- ConfigMaps ---- */

static void vary_configmap(struct chance *chance, json_t *configmap)
{
    json_t *data = json_object_get(configmap, "data");
    for (size_t count = chance_below(chance, 6); count--;)
        json_object_set_new(data, CHANCE_OF(chance, names), json_string(CHANCE_OF(chance, values)));
}

/* ---- one object ---- */

struct kind {
    const char *base;
    void (*vary)(struct chance *chance, json_t *object);
    const char *const *paths; /* NULL-terminated */
    bool updates;             /* the base has an oldObject as well */
};

static const char *const pod_paths[] = {
    "/v1/pods/restore/enabled",     "/v1/pods/restore/literal",   "/v1/pods/restore/without-uid",
    "/v1/pods/restore/endpoint",    "/v1/pods/restore/role",      "/v1/pods/restore/target",
    "/v1/pods/restore/new-locales", "/v1/pods/restore/everybody", "/v1/pods/restore/listed",
    "/v1/pods/restore/vouched-aws", "/v1/pods/restore/unlisted",  "/v1/pods/backup/generation-2",
    "/v1/pods/backup/elsewhere",    "/v1/pods/backup/unlisted",   NULL};
static const char *const resource_paths[] = {"/v1/postgresqls", NULL};
static const char *const configmap_paths[] = {"/v1/configmaps", NULL};

static const struct kind kinds[] = {
    {"pod-create-patched-chain", vary_pod, pod_paths, false},
    {"pod-create-real-chain", vary_pod, pod_paths, false},
    {"cr-create-real-harbor-operator", vary_resource, resource_paths, false},
    {"cr-update-real-harbor-operator", vary_resource, resource_paths, true},
    {"cr-update-after-repair", vary_resource, resource_paths, true},
    {"configmap", vary_configmap, configmap_paths, false},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(*kinds))

static const char *const configurations[] = {
    "tests/golden/configs/default.yaml",          "tests/golden/configs/database-live.yaml",
    "tests/golden/configs/database-lift.yaml",    "tests/golden/configs/database-new-locales.yaml",
    "tests/golden/configs/database-pin-old.yaml", "tests/golden/configs/database-any-image.yaml",
};
#define CONFIGURATION_COUNT (sizeof(configurations) / sizeof(*configurations))

struct run {
    struct config *configs[CONFIGURATION_COUNT];
    json_t *bases[KIND_COUNT];
    FILE *oracle;
    bool show;
};

static json_t *make_review(struct chance *chance, const struct kind *kind, const json_t *base)
{
    json_t *review = json_deep_copy(base);
    json_t *request = json_object_get(review, "request");
    json_t *object = json_object_get(request, "object");
    kind->vary(chance, object);
    if (kind->updates && chance_once_in(chance, 2))
        kind->vary(chance, json_object_get(request, "oldObject"));
    size_t ugliness = chance_once_in(chance, 2) ? 0 : chance_below(chance, 4);
    while (ugliness--)
        spoil(chance,
              json_object_get(request,
                              kind->updates && chance_once_in(chance, 4) ? "oldObject" : "object"));
    return review;
}

static bool run_object(const struct run *run, size_t number)
{
    static const size_t spellings[] = {JSON_COMPACT, JSON_COMPACT | JSON_ENSURE_ASCII,
                                       JSON_ESCAPE_SLASH, JSON_INDENT(2)};
    struct chance chance = {SEED + number * UINT64_C(0x9e3779b97f4a7c15)};
    size_t which = chance_below(&chance, KIND_COUNT);
    const struct kind *kind = &kinds[which];
    size_t paths = 0;
    while (kind->paths[paths])
        paths++;
    const char *path = kind->paths[chance_below(&chance, paths)];
    /* Only the first configuration has the profiles. */
    bool profiles = kind->paths == pod_paths;
    const struct policy *policy =
        run->configs[profiles ? 0 : chance_below(&chance, CONFIGURATION_COUNT)]->policy;
    json_t *review = make_review(&chance, kind, run->bases[which]);
    size_t flags = CHANCE_OF(&chance, spellings);

    struct error err = {""};
    struct outcome outcome;
    bool ok = outcome_ask(policy, path, review, flags, RECORDED_AT, &outcome, &err) &&
              outcome_holds(policy, path, review, RECORDED_AT, &outcome, &err);
    if (ok && outcome.result.status != 200)
        ok = error_set(&err, "status %u: %s", outcome.result.status, outcome.result.reply.data);
    autofree char *name = xasprintf("generated-%zu", number);
    if (ok)
        outcome_write(run->oracle, name, review, &outcome);
    else
        printf("object %zu at %s: %s\n", number, path, err.text);
    if (run->show)
        json_dumpf(review, stdout, JSON_INDENT(1));
    outcome_done(&outcome);
    json_decref(review);
    return ok;
}

static json_t *read_base(const char *name)
{
    if (strcmp(name, "configmap") != 0)
        return recorded_review(name);
    struct error err;
    json_t *review = json_file(SOURCE_ROOT "/tests/golden/bases/configmap.json", &err);
    if (!review)
        printf("%s\n", err.text);
    return review;
}

static void start(struct run *run)
{
    for (size_t i = 0; i < CONFIGURATION_COUNT; i++)
        run->configs[i] = configuration(configurations[i]);
    for (size_t i = 0; i < KIND_COUNT; i++)
        run->bases[i] = read_base(kinds[i].base);
    const char *oracle = getenv("ORACLE_NDJSON");
    run->oracle = oracle ? fopen(oracle, "w") : NULL;
}

static void stop(struct run *run)
{
    for (size_t i = 0; i < CONFIGURATION_COUNT; i++)
        config_unref(run->configs[i]);
    for (size_t i = 0; i < KIND_COUNT; i++)
        json_decref(run->bases[i]);
    if (run->oracle)
        fclose(run->oracle);
}

int main(int argc, char **argv)
{
    struct run run = {.show = argc > 1};
    start(&run);
    uint64_t only = 0;
    bool alone = argc > 1 && str_number(str_of(argv[1]), &only);
    size_t passed = 0, failed = 0;
    for (size_t i = alone ? (size_t)only : 0; i < (alone ? only + 1 : OBJECTS); i++) {
        bool ok = run_object(&run, i);
        passed += ok;
        failed += !ok;
        if (failed == FAILURES_SHOWN)
            break;
    }
    stop(&run);
    printf("seed %llx, %zu objects\n%zu passed, %zu failed\n", (unsigned long long)SEED,
           passed + failed, passed, failed);
    return failed ? 1 : 0;
}
