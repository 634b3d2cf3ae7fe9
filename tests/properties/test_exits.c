/*
 * Every refusal has a way out. All combinations of profile, layout of the source, own archive,
 * names and image are walked from the `postgresql` resource over the operator's pod to the restore:
 * it is allowed, or what the message says is done, in so many words, until it is. A message that
 * does not say it, or whose advice does not help, fails.
 */
#include "tests/support/input.h"
#include "tests/support/outcome.h"

#include <stdio.h>

#define NAMESPACE "harbor"
#define CLUSTER "postgresql-" NAMESPACE "-registry"
#define PIN "ghcr.io/zalando/spilo-16:3.2-p3"
#define SOURCE_UID "99e85b8a-3f92-4c86-8d42-5056348c1e7e"
#define OWN_UID "3884816a-57cb-4501-ad7c-ab23ee320c21"
#define PATCH_PATH "/v1/postgresqls"
#define ROUNDS_MAX 6
#define CONFIG_TEXT_MAX (64u * 1024)

enum profile { PROFILE_ENABLED, PROFILE_LITERAL, PROFILE_ENDPOINT, PROFILE_NEW, PROFILE_COUNT };
static const char *const profile_names[] = {"enabled", "literal", "endpoint", "new"};

enum archive { ARCHIVE_IS_OFF, ARCHIVE_OPERATOR, ARCHIVE_POD_ENV, ARCHIVE_PROFILE, ARCHIVE_COUNT };
static const char *const archive_names[] = {"off", "of the operator", "by the pod's environment",
                                            "of a backup profile"};

static const char *const images[] = {
    "registry.opensource.zalan.do/acid/spilo-12:1.6-p3",
    "ghcr.io/zalando/spilo-16:3.3-p3",
    "ghcr.io/zalando/spilo-13:2.0-p2",
    "ghcr.io/zalando/spilo-16@sha256:2d1f0c5d9a3a7f9be13b2e7ef0c4c5ff8b7f0d8f",
};
static const char *const image_names[] = {"default", "chosen", "chosen and old", "by digest"};
#define IMAGE_COUNT (sizeof(images) / sizeof(*images))

/* One combination, and the cluster in which it is walked. */
struct world {
    enum profile profile;
    enum archive archive;
    bool with_uid;  /* the layout of the source's archive */
    bool same_name; /* the new cluster has the source's name */
    bool stored;    /* the resource is older than the webhook */
    size_t image;
    const struct policy *policy;
    const json_t *recorded_resource;
    const json_t *recorded_pod;
    json_t *resource;
    const char *backup_label; /* NULL: none */
};

/* ---- the configuration: a literal profile for every source ---- */

static void name_profile(const struct world *world, char *name, size_t size)
{
    if (world->profile == PROFILE_ENABLED)
        snprintf(name, size, "enabled");
    else
        snprintf(name, size, "%s-%s-%s", profile_names[world->profile],
                 world->with_uid ? "uid" : "flat", world->same_name ? "same" : "other");
}

static const char *source_scope(const struct world *world)
{
    return world->same_name ? CLUSTER : "postgresql-" NAMESPACE "-old";
}

static void add_profile(const struct world *world, struct buf *text)
{
    char name[64];
    name_profile(world, name, sizeof(name));
    buf_addf(text,
             "  %s:\n"
             "    s3: {bucket: backups, region: eu-central-1, scope: %s, scopePrefix: \"%s\", "
             "suffix: \"%s\"%s}\n"
             "    sourceLocales: %s\n"
             "    credentials: {secret: {name: source, accessKeyId: id, secretAccessKey: key}}\n",
             name, source_scope(world), world->with_uid ? "" : NAMESPACE "-",
             world->with_uid ? "/" SOURCE_UID : "",
             world->profile == PROFILE_ENDPOINT ? ", endpoint: \"https://minio:9000\"" : "",
             world->profile == PROFILE_NEW ? "new" : "old");
}

static void add_backup_profile(struct buf *text, const char *name, const char *endpoint)
{
    buf_addf(text,
             "  %s:\n"
             "    s3: {bucket: backups, region: eu-central-1, suffix: /generation-2, "
             "endpoint: \"%s\"}\n"
             "    schedule: \"0 1 * * *\"\n"
             "    retain: 7\n"
             "    credentials: {secret: {name: own, accessKeyId: id, secretAccessKey: key}}\n",
             name, endpoint);
}

static struct config *make_config(void)
{
    struct buf text = BUF(CONFIG_TEXT_MAX);
    buf_add_text(&text, "restoreProfiles:\n");
    for (int profile = PROFILE_LITERAL; profile < PROFILE_COUNT; profile++)
        for (int i = 0; i < 4; i++)
            add_profile(&(struct world){.profile = (enum profile)profile,
                                        .with_uid = i & 1,
                                        .same_name = i & 2},
                        &text);
    buf_add_text(&text, "backupProfiles:\n");
    add_backup_profile(&text, "plain", "");
    add_backup_profile(&text, "endpoint", "https://minio:9000");
    cleanup(strlist_clear) struct strlist mistakes = {0};
    struct config *config = config_parse("exits", buf_str(&text), RECORDED_AT, &mistakes);
    autofree char *told = strlist_join(&mistakes, "; ");
    if (!config)
        printf("%s\n", told);
    buf_clear(&text);
    return config;
}

/* ---- requests ---- */

static json_t *spec_of(const json_t *resource)
{
    return json_object_get(resource, "spec");
}

/* Sends a review and takes the object afterwards; the answer stays in *ret. */
static bool send(const struct world *world, const char *path, json_t *review, struct outcome *ret,
                 struct error *err)
{
    bool ok = outcome_ask(world->policy, path, review, JSON_COMPACT, RECORDED_AT, ret, err) &&
              outcome_holds(world->policy, path, review, RECORDED_AT, ret, err);
    if (ok && ret->result.status != 200)
        ok = error_set(err, "%s: %s", path, ret->result.reply.data);
    json_decref(review);
    return ok;
}

/* Stores the resource as the API server would: by the webhook. */
static bool store(struct world *world, json_t *object, struct error *err)
{
    json_t *review = json_deep_copy(world->recorded_resource);
    json_t *request = json_object_get(review, "request");
    json_object_set_new(request, "operation", json_string(world->resource ? "UPDATE" : "CREATE"));
    json_object_set_new(request, "namespace", json_string(NAMESPACE));
    json_object_set_new(request, "name", json_string(CLUSTER));
    json_object_set_new(request, "object", object);
    json_object_set_new(request, "oldObject",
                        world->resource ? json_incref(world->resource) : json_null());
    struct outcome outcome;
    bool ok = send(world, PATCH_PATH, review, &outcome, err);
    if (ok) {
        json_decref(world->resource);
        world->resource = json_incref(outcome.object);
    }
    outcome_done(&outcome);
    return ok;
}

static bool create_resource(struct world *world, struct error *err)
{
    json_t *object = json_deep_copy(
        json_object_get(json_object_get(world->recorded_resource, "request"), "object"));
    json_t *metadata = json_object_get(object, "metadata");
    json_object_set_new(metadata, "name", json_string(CLUSTER));
    json_object_set_new(metadata, "namespace", json_string(NAMESPACE));
    json_object_set_new(
        metadata, "annotations",
        json_pack("{s:s}", NAMESPACE ".harborcluster.checksum.goharbor.io/registry", "1"));
    json_object_set_new(spec_of(object), "teamId", json_string("postgresql-" NAMESPACE));
    json_object_set_new(spec_of(object), "dockerImage", json_string(images[world->image]));
    if (!world->stored)
        return store(world, object, err);
    world->resource = object;
    return true;
}

/* ---- the operator's pod (PO@v1.13.0:pkg/cluster/k8sres.go, generatePodTemplate) ---- */

/* appendEnvVars: names that are there already are skipped. */
static void append_env(json_t *env, const char *name, const char *value)
{
    size_t index;
    json_t *entry;
    json_array_foreach(env, index, entry)
    {
        const char *there = json_string_value(json_object_get(entry, "name"));
        if (there && strcmp(there, name) == 0)
            return;
    }
    json_array_append_new(env, json_pack("{s:s, s:s}", "name", name, "value", value));
}

static void set_env(json_t *env, const char *name, const char *value)
{
    for (size_t i = json_array_size(env); i-- > 0;) {
        const char *there = json_string_value(json_object_get(json_array_get(env, i), "name"));
        if (there && strcmp(there, name) == 0)
            json_array_remove(env, i);
    }
    if (value)
        append_env(env, name, value);
}

static void add_archive(const struct world *world, json_t *env)
{
    if (world->archive == ARCHIVE_POD_ENV)
        append_env(env, "WAL_S3_BUCKET", "backups");
    if (world->archive != ARCHIVE_OPERATOR)
        return;
    append_env(env, "WAL_S3_BUCKET", "backups");
    append_env(env, "WAL_BUCKET_SCOPE_SUFFIX", "/" OWN_UID);
    append_env(env, "WAL_BUCKET_SCOPE_PREFIX", "");
}

static json_t *operators_pod(const struct world *world)
{
    json_t *request = json_object_get(world->recorded_pod, "request");
    json_t *pod = json_deep_copy(json_object_get(request, "object"));
    json_t *container = pod_container(pod);
    json_t *env = json_object_get(container, "env");
    json_t *metadata = json_object_get(pod, "metadata");
    json_object_set_new(metadata, "namespace", json_string(NAMESPACE));
    json_object_set_new(metadata, "name", json_string(CLUSTER "-0"));
    json_object_set_new(json_array_get(json_object_get(metadata, "ownerReferences"), 0), "name",
                        json_string(CLUSTER));
    json_object_set(container, "image", json_object_get(spec_of(world->resource), "dockerImage"));
    json_object_set_new(json_array_get(env, 0), "value", json_string(CLUSTER));

    json_t *spilo =
        json_pack("{s:{s:O}}", "postgresql", "pg_hba",
                  json_object_get(json_object_get(spec_of(world->resource), "patroni"), "pg_hba"));
    autofree char *text = json_dumps(spilo, JSON_COMPACT);
    json_decref(spilo);
    set_env(env, "SPILO_CONFIGURATION", text);
    set_env(env, "USE_OLD_LOCALES", NULL);
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(spec_of(world->resource), "env"), index, entry)
    {
        append_env(env, json_string_value(json_object_get(entry, "name")),
                   json_string_value(json_object_get(entry, "value")));
    }
    add_archive(world, env);
    return pod;
}

static json_t *pod_review(const struct world *world, json_t *pod)
{
    json_t *review = json_deep_copy(world->recorded_pod);
    json_t *request = json_object_get(review, "request");
    json_object_set_new(request, "namespace", json_string(NAMESPACE));
    json_object_set_new(request, "name", json_string(CLUSTER "-0"));
    json_object_set(request, "object", pod);
    return review;
}

/* Creates the pod: first the backup entry, then the restore entry, as the chart renders them. */
static bool create_pod(const struct world *world, struct outcome *ret, struct error *err)
{
    char profile[64];
    name_profile(world, profile, sizeof(profile));
    autofree char *restore = xasprintf("/v1/pods/restore/%s", profile);
    json_t *pod = operators_pod(world);
    bool ok = true;
    *ret = (struct outcome){0};
    if (world->backup_label) {
        autofree char *backup = xasprintf("/v1/pods/backup/%s", world->backup_label);
        struct outcome outcome;
        ok = send(world, backup, pod_review(world, pod), &outcome, err);
        if (ok && !outcome.answer.allowed)
            ok = error_set(err, "backup: %s", outcome.answer.message);
        if (ok) {
            json_decref(pod);
            pod = json_incref(outcome.object);
        }
        outcome_done(&outcome);
    }
    ok = ok && send(world, restore, pod_review(world, pod), ret, err);
    json_decref(pod);
    return ok;
}

/* ---- the ways out ---- */

static bool annotate(struct world *world, const char *value, struct error *err)
{
    json_t *object = json_deep_copy(world->resource);
    json_t *annotations = json_object_get(json_object_get(object, "metadata"), "annotations");
    if (value)
        json_object_set_new(annotations, "harbor-pg-webhook/repair", json_string(value));
    else
        json_object_del(annotations, "harbor-pg-webhook/repair");
    return store(world, object, err);
}

static bool repair_once(struct world *world, struct error *err)
{
    return annotate(world, "true", err);
}

static bool repair_twice(struct world *world, struct error *err)
{
    return annotate(world, "true", err) && annotate(world, NULL, err) &&
           annotate(world, "true", err);
}

static bool set_image(struct world *world, struct error *err)
{
    json_t *object = json_deep_copy(world->resource);
    json_object_set_new(spec_of(object), "dockerImage", json_string(PIN));
    return store(world, object, err);
}

static bool set_variable(struct world *world, const char *value, struct error *err)
{
    json_t *object = json_deep_copy(world->resource);
    json_object_set_new(spec_of(object), "env",
                        json_pack("[{s:s, s:s}]", "name", "USE_OLD_LOCALES", "value", value));
    return store(world, object, err);
}

static bool set_old_locales(struct world *world, struct error *err)
{
    return set_variable(world, "true", err);
}

static bool set_new_locales(struct world *world, struct error *err)
{
    return set_variable(world, "false", err);
}

static bool label_backup(struct world *world, struct error *err)
{
    (void)err;
    world->backup_label = "plain";
    return true;
}

static bool label_backup_with_endpoint(struct world *world, struct error *err)
{
    (void)err;
    world->backup_label = "endpoint";
    return true;
}

/* What a person does for a reason, when the message says so. The first row whose text is in the
 * message and that was not tried yet. */
#define TO_CLUSTER "-n " NAMESPACE " annotate postgresql " CLUSTER " harbor-pg-webhook/repair=true"
static const struct exit {
    const char *reason;
    const char *text;
    bool (*go)(struct world *world, struct error *err);
} exits[] = {
    {"image-too-old", "{\"spec\":{\"dockerImage\":\"" PIN "\"}}", set_image},
    {"image-too-old", TO_CLUSTER, repair_twice},
    {"image-broken", "set spec.dockerImage", set_image},
    {"rules-lock-out", TO_CLUSTER, repair_once},
    {"locales-unset", "{\"spec\":{\"env\":[{\"name\":\"USE_OLD_LOCALES\",\"value\":\"true\"}]}}",
     set_old_locales},
    {"locales-mismatch", "set USE_OLD_LOCALES to \"false\" in spec.env", set_new_locales},
    {"locales-mismatch", "set spec.dockerImage", set_image},
    {"own-archive-equal", "label namespace '" NAMESPACE "' with harbor-pg-webhook/backup=<profile>",
     label_backup},
    {"own-archive-unproven", "s3.endpoint", label_backup_with_endpoint},
    {"own-archive-unproven",
     "label namespace '" NAMESPACE "' with harbor-pg-webhook/backup=<profile>", label_backup},
};
#define EXIT_COUNT (sizeof(exits) / sizeof(*exits))

static const struct exit *find_exit(const struct outcome *outcome, const bool tried[EXIT_COUNT])
{
    for (size_t i = 0; i < EXIT_COUNT; i++)
        if (!tried[i] && strcmp(exits[i].reason, outcome->result.summary.reason) == 0 &&
            strstr(outcome->answer.message, exits[i].text))
            return &exits[i];
    return NULL;
}

/* ---- the walk ---- */

/* Until the pod is allowed; *ret_refusals counts on the way. */
static bool walk(struct world *world, size_t *ret_refusals, struct error *err)
{
    bool tried[EXIT_COUNT] = {false};
    if (!create_resource(world, err))
        return false;
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        struct outcome outcome;
        bool ok = create_pod(world, &outcome, err);
        bool allowed = ok && outcome.answer.allowed;
        const struct exit *exit = ok && !allowed ? find_exit(&outcome, tried) : NULL;
        if (ok && !allowed && !exit)
            ok = error_set(err, "%s, and no (further) way out: %s", outcome.result.summary.reason,
                           outcome.answer.message);
        outcome_done(&outcome);
        if (!ok || allowed)
            return ok;
        (*ret_refusals)++;
        tried[exit - exits] = true;
        if (!exit->go(world, err))
            return false;
    }
    return error_set(err, "no end after %d rounds", ROUNDS_MAX);
}

static bool run(struct world *world, size_t *ret_refusals)
{
    struct error err = {""};
    world->backup_label = world->archive == ARCHIVE_PROFILE ? "plain" : NULL;
    bool ok = walk(world, ret_refusals, &err);
    if (!ok)
        printf("profile %s, source %s uid, %s name, own archive %s, image %s, resource %s: %s\n",
               profile_names[world->profile], world->with_uid ? "with" : "without",
               world->same_name ? "same" : "new", archive_names[world->archive],
               image_names[world->image], world->stored ? "from before" : "new", err.text);
    json_decref(world->resource);
    world->resource = NULL;
    return ok;
}

int main(void)
{
    struct config *config = make_config();
    if (!config)
        return 1;
    json_t *resource = recorded_review("cr-create-real-harbor-operator");
    json_t *pod = recorded_review("pod-create-patched-chain");
    size_t passed = 0, failed = 0, refusals = 0;
    size_t count = (size_t)PROFILE_COUNT * ARCHIVE_COUNT * IMAGE_COUNT * 8;
    for (size_t i = 0; i < count; i++) {
        struct world world = {
            .with_uid = i & 1,
            .same_name = i & 2,
            .stored = i & 4,
            .profile = (enum profile)(i / 8 % PROFILE_COUNT),
            .archive = (enum archive)(i / 8 / PROFILE_COUNT % ARCHIVE_COUNT),
            .image = i / 8 / PROFILE_COUNT / ARCHIVE_COUNT,
            .policy = config->policy,
            .recorded_resource = resource,
            .recorded_pod = pod,
        };
        bool ok = run(&world, &refusals);
        passed += ok;
        failed += !ok;
    }
    json_decref(resource);
    json_decref(pod);
    config_unref(config);
    printf("%zu refusals on the way\n%zu passed, %zu failed\n", refusals, passed, failed);
    return failed ? 1 : 0;
}
