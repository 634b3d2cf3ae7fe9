/*
 * One collation for a database's whole life: whatever Harbor-operator, people, the configuration
 * and the CRD do to a resource, the pair (side of the locale line, USE_OLD_LOCALES) keeps the
 * collation that the first pod was born with, unless a person says otherwise in so many words.
 *
 * 20,000 sequences, the same in every run. The first failure is printed with its whole history;
 * a number as argument runs that sequence alone.
 */
#include "tests/properties/chance.h"
#include "tests/support/input.h"
#include "tests/support/outcome.h"

#include <stdio.h>

#define SEQUENCES 20000
#define STEPS_MAX 14
#define HISTORY_MAX (256u * 1024)
#define SEED UINT64_C(0x5eed0f5e9a1e5)

#define VARIABLE "USE_OLD_LOCALES"
#define HARBOR_IMAGE "registry.opensource.zalan.do/acid/spilo-12:1.6-p3"

/* Which Ubuntu they are made of, independently of patches/image.c. Harbor's own defaults, the pins
 * of the configurations, and others. */
static const struct image_row {
    const char *text;
    enum image_side side;
} images[] = {
    {HARBOR_IMAGE, IMAGE_SIDE_OLD},
    {"registry.opensource.zalan.do/acid/spilo-13:2.1-p1", IMAGE_SIDE_OLD},
    {"registry.example.com/acid/spilo-14:2.1-p7", IMAGE_SIDE_OLD},
    {"ghcr.io/zalando/spilo-15:2.1-p9", IMAGE_SIDE_NEW},
    {"ghcr.io/zalando/spilo-16:3.2-p3", IMAGE_SIDE_NEW},
    {"ghcr.io/zalando/spilo-16:3.3-p3", IMAGE_SIDE_NEW},
    {"ghcr.io/zalando/spilo-17:4.0-p2", IMAGE_SIDE_NEW},
    {"ghcr.io/zalando/spilo-16@sha256:2d1f0c5d9a3a7f9be13b2e7ef0c4c5ff8b7f0d8f",
     IMAGE_SIDE_UNKNOWN},
};

static const char *const configurations[] = {
    "tests/golden/configs/default.yaml",
    "tests/golden/configs/database-live.yaml",
    "tests/golden/configs/database-new-locales.yaml",
    "tests/golden/configs/database-new-locales-live.yaml",
    "tests/golden/configs/database-lift.yaml",
    "tests/golden/configs/database-pin-17-live.yaml",
    "tests/golden/configs/database-pin-old.yaml",
    "tests/golden/configs/database-any-image.yaml",
    "tests/golden/configs/database-any-image-old-pin.yaml",
    "tests/golden/configs/database-pin-of-yesterday.yaml",
};
#define CONFIGURATION_COUNT (sizeof(configurations) / sizeof(*configurations))

enum collation { COLLATION_OLD, COLLATION_NEW, COLLATION_UNKNOWN };
static const char *const collation_names[] = {"old", "new", "unknown"};

/* A cluster with one resource in it. */
struct world {
    struct chance chance;
    struct config *const *configs;
    size_t config;
    bool prunes;          /* the CRD of an operator before 1.8: spec.env is dropped */
    const char *cr_image; /* spec.database...image of the HarborCluster, or Harbor's default */
    int generation;       /* of the HarborCluster */
    json_t *stored;       /* the resource; NULL before it is created */
    struct buf history;   /* for a person, one line a step */
};

static const struct policy *policy_of(const struct world *world)
{
    return world->configs[world->config]->policy;
}

/* ---- looking at a resource ---- */

static json_t *spec_of(const json_t *resource)
{
    return json_object_get(resource, "spec");
}

static const char *image_of(const json_t *resource)
{
    const char *image = json_string_value(json_object_get(spec_of(resource), "dockerImage"));
    return image ? image : "";
}

/* The first entry counts: the operator skips names that it has (appendEnvVars). */
static const char *variable_of(const json_t *resource)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(spec_of(resource), "env"), index, entry)
    {
        const char *name = json_string_value(json_object_get(entry, "name"));
        if (name && strcmp(name, VARIABLE) == 0)
            return json_string_value(json_object_get(entry, "value"));
    }
    return NULL;
}

static enum image_side side_of(const char *image)
{
    for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++)
        if (strcmp(images[i].text, image) == 0)
            return images[i].side;
    return IMAGE_SIDE_UNKNOWN;
}

static enum collation collation_of(const json_t *resource)
{
    const char *variable = variable_of(resource);
    enum image_side side = side_of(image_of(resource));
    if (side == IMAGE_SIDE_OLD || (variable && strcmp(variable, "true") == 0))
        return COLLATION_OLD;
    return side == IMAGE_SIDE_NEW ? COLLATION_NEW : COLLATION_UNKNOWN;
}

/* ---- what somebody wants to be stored ---- */

static void set_env(json_t *resource, const char *value)
{
    json_t *spec = spec_of(resource);
    json_t *env = json_object_get(spec, "env");
    if (!json_is_array(env)) {
        env = json_array();
        json_object_set_new(spec, "env", env);
    }
    for (size_t i = json_array_size(env); i-- > 0;) {
        json_t *name = json_object_get(json_array_get(env, i), "name");
        if (json_is_string(name) && strcmp(json_string_value(name), VARIABLE) == 0)
            json_array_remove(env, i);
    }
    if (value)
        json_array_append_new(env, json_pack("{s:s, s:s}", "name", VARIABLE, "value", value));
}

static void set_rules(struct world *world, json_t *resource)
{
    static const char *const lists[] = {
        "[\"hostssl all all 0.0.0.0/0 md5\",\"host    all all 0.0.0.0/0 md5\"]",
        "[\"local all all trust\",\"local replication standby trust\"]",
        "[\"hostssl all all all md5\"]",
        "null",
        "[]",
    };
    json_object_set_new(json_object_get(spec_of(resource), "patroni"), "pg_hba",
                        json_loads(CHANCE_OF(&world->chance, lists), JSON_DECODE_ANY, NULL));
}

static void set_annotation(json_t *resource, const char *name, const char *value)
{
    json_t *annotations = json_object_get(json_object_get(resource, "metadata"), "annotations");
    if (value)
        json_object_set_new(annotations, name, json_string(value));
    else
        json_object_del(annotations, name);
}

/* What Harbor-operator PUTs: its whole object, nothing of what others have added. */
static json_t *harbors_object(struct world *world, const json_t *recorded)
{
    json_t *object =
        json_deep_copy(json_object_get(json_object_get(recorded, "request"), "object"));
    autofree char *generation = xasprintf("%d", ++world->generation);
    set_annotation(object, "harbor-ho.harborcluster.checksum.goharbor.io/registry", generation);
    json_object_set_new(spec_of(object), "dockerImage", json_string(world->cr_image));
    json_object_set_new(spec_of(object), "numberOfInstances", json_integer(world->generation));
    return object;
}

static json_t *edit_image(struct world *world)
{
    json_t *object = json_deep_copy(world->stored);
    json_object_set_new(spec_of(object), "dockerImage",
                        json_string(CHANCE_OF(&world->chance, images).text));
    return object;
}

static json_t *edit_variable(struct world *world)
{
    static const char *const values[] = {"true", "false", "True", NULL};
    json_t *object = json_deep_copy(world->stored);
    set_env(object, CHANCE_OF(&world->chance, values));
    return object;
}

static json_t *edit_env(struct world *world)
{
    static const char *const lists[] = {"null", "[]", "[{\"name\":\"TZ\",\"value\":\"UTC\"}]",
                                        "[7,{\"value\":\"x\"}]"};
    json_t *object = json_deep_copy(world->stored);
    json_object_set_new(spec_of(object), "env",
                        json_loads(CHANCE_OF(&world->chance, lists), JSON_DECODE_ANY, NULL));
    return object;
}

static json_t *edit_rules(struct world *world)
{
    json_t *object = json_deep_copy(world->stored);
    set_rules(world, object);
    return object;
}

static json_t *edit_version(struct world *world)
{
    static const char *const versions[] = {"12", "13", "16", "17"};
    json_t *object = json_deep_copy(world->stored);
    json_object_set_new(json_object_get(spec_of(object), "postgresql"), "version",
                        json_string(CHANCE_OF(&world->chance, versions)));
    return object;
}

/* The repair annotation on or off, sometimes together with a value in spec.env or a bare image. */
static json_t *edit_repair(struct world *world)
{
    json_t *object = json_deep_copy(world->stored);
    set_annotation(object, "harbor-pg-webhook/repair",
                   chance_once_in(&world->chance, 3) ? NULL : "true");
    if (chance_once_in(&world->chance, 4))
        json_object_del(spec_of(object), "env");
    if (chance_once_in(&world->chance, 8))
        set_env(object, "false");
    return object;
}

static json_t *edit_metadata(struct world *world)
{
    json_t *object = json_deep_copy(world->stored);
    set_annotation(object, "example.com/note", chance_once_in(&world->chance, 2) ? "x" : NULL);
    if (chance_once_in(&world->chance, 3))
        set_annotation(object, "harbor-pg-webhook/patched", NULL);
    return object;
}

static json_t *edit_scale(struct world *world)
{
    json_t *object = json_deep_copy(world->stored);
    json_object_set_new(spec_of(object), "numberOfInstances",
                        json_integer((json_int_t)chance_below(&world->chance, 100)));
    return object;
}

/* ---- one request ---- */

static void tell_result(struct world *world)
{
    autofree char *env =
        json_dumps(json_object_get(spec_of(world->stored), "env"), JSON_COMPACT | JSON_ENCODE_ANY);
    buf_addf(&world->history, " -> %-8s %s %s\n", collation_names[collation_of(world->stored)],
             image_of(world->stored), env ? env : "-");
}

static void tell_request(struct world *world, const char *what)
{
    buf_addf(&world->history, "  %s [%s, CRD %s]", what, configurations[world->config],
             world->prunes ? "prunes" : "keeps");
}

/* What the webhook replaces; the pin itself is a value that somebody wrote, whatever it matches. */
static bool is_default(const struct policy *policy, const char *image)
{
    if (strcmp(image, policy->database.image) == 0)
        return false;
    const struct strlist *patterns = &policy->database.replace_images;
    for (size_t i = 0; i < patterns->count; i++)
        if (str_glob(str_of(patterns->items[i]), str_of(image)))
            return true;
    return false;
}

/* Whether the request itself has a value that changes the collation: a person wrote it. A variable
 * that a person wrote is no leave for the webhook to move the image across the line. */
static bool is_explicit(const json_t *before, const json_t *object, const json_t *after,
                        bool by_person, const struct policy *policy)
{
    const char *wanted = image_of(object);
    bool image_stayed = strcmp(image_of(after), image_of(before)) == 0;
    bool image_as_wanted = strcmp(image_of(after), wanted) == 0;
    const char *variable = variable_of(object);
    const char *stored = variable_of(before);
    if (variable && (!stored || strcmp(variable, stored) != 0))
        return image_as_wanted || side_of(image_of(after)) == side_of(image_of(before));
    return !image_stayed && image_as_wanted && (by_person || !is_default(policy, wanted));
}

static json_t *review_of(const struct world *world, const json_t *recorded, const json_t *object)
{
    json_t *review = json_deep_copy(recorded);
    json_t *request = json_object_get(review, "request");
    json_object_set_new(request, "operation", json_string(world->stored ? "UPDATE" : "CREATE"));
    json_object_set(request, "object", (json_t *)(uintptr_t)object);
    json_object_set_new(request, "oldObject",
                        world->stored ? json_incref(world->stored) : json_null());
    return review;
}

/* Sends the object by the webhook and stores what comes of it. */
static bool store(struct world *world, const json_t *recorded, json_t *object, bool by_person,
                  const char *what, struct error *err)
{
    const struct policy *policy = policy_of(world);
    tell_request(world, what);
    json_t *review = review_of(world, recorded, object);
    struct outcome outcome;
    bool ok =
        outcome_ask(policy, "/v1/postgresqls", review, JSON_COMPACT, RECORDED_AT, &outcome, err);
    if (ok && (outcome.result.status != 200 || !outcome.answer.allowed))
        ok = error_set(err, "refused");
    if (ok && chance_once_in(&world->chance, 8))
        ok = outcome_holds(policy, "/v1/postgresqls", review, RECORDED_AT, &outcome, err);
    if (ok) {
        json_t *before = world->stored;
        world->stored = json_incref(outcome.object);
        if (world->prunes)
            json_object_del(spec_of(world->stored), "env");
        tell_result(world);
        if (before && collation_of(before) != collation_of(world->stored) &&
            !is_explicit(before, object, world->stored, by_person, policy))
            ok = error_set(err, "the collation went from %s to %s",
                           collation_names[collation_of(before)],
                           collation_names[collation_of(world->stored)]);
        json_decref(before);
    }
    outcome_done(&outcome);
    json_decref(review);
    json_decref(object);
    return ok;
}

/* ---- sequences ---- */

static bool create(struct world *world, const json_t *recorded, struct error *err)
{
    if (chance_once_in(&world->chance, 4))
        world->cr_image = CHANCE_OF(&world->chance, images).text;
    json_t *object = harbors_object(world, recorded);
    if (chance_once_in(&world->chance, 6))
        set_rules(world, object);
    if (chance_once_in(&world->chance, 6))
        set_env(object, chance_once_in(&world->chance, 2) ? "true" : "false");
    if (!chance_once_in(&world->chance, 3))
        return store(world, recorded, object, false, "created", err);
    /* The webhook was not there yet. */
    world->stored = object;
    if (world->prunes)
        json_object_del(spec_of(object), "env");
    tell_request(world, "created before the webhook");
    tell_result(world);
    return true;
}

static bool step(struct world *world, const json_t *recorded, struct error *err)
{
    static const struct {
        const char *what;
        json_t *(*edit)(struct world *world);
    } edits[] = {
        {"person: image", edit_image},     {"person: variable", edit_variable},
        {"person: env", edit_env},         {"person: rules", edit_rules},
        {"person: version", edit_version}, {"person: repair", edit_repair},
        {"person: repair", edit_repair},   {"person: metadata", edit_metadata},
        {"person: scale", edit_scale},
    };
    size_t count = sizeof(edits) / sizeof(*edits);
    size_t kind = chance_below(&world->chance, count + 9);
    if (kind < count)
        return store(world, recorded, edits[kind].edit(world), true, edits[kind].what, err);
    if (kind < count + 5)
        return store(world, recorded, harbors_object(world, recorded), false, "Harbor's PUT", err);
    if (kind == count + 5) {
        world->cr_image = CHANCE_OF(&world->chance, images).text;
        return store(world, recorded, harbors_object(world, recorded), true,
                     "HarborCluster: image, and PUT", err);
    }
    if (kind == count + 6) {
        world->prunes = false; /* CRDs are upgraded, never downgraded */
        return true;
    }
    world->config = chance_below(&world->chance, CONFIGURATION_COUNT);
    return true;
}

static bool run_sequence(struct config *const *configs, const json_t *recorded, size_t number)
{
    struct world world = {
        .chance = {SEED + number * UINT64_C(0x9e3779b97f4a7c15)},
        .configs = configs,
        .cr_image = HARBOR_IMAGE,
        .history = BUF(HISTORY_MAX),
    };
    struct error err = {""};
    world.config = chance_below(&world.chance, CONFIGURATION_COUNT);
    world.prunes = chance_once_in(&world.chance, 3);
    size_t steps = 1 + chance_below(&world.chance, STEPS_MAX);
    bool ok = create(&world, recorded, &err);
    while (ok && steps--)
        ok = step(&world, recorded, &err);
    if (!ok)
        printf("sequence %zu: %s\n%s\n", number, err.text, world.history.data);
    json_decref(world.stored);
    buf_clear(&world.history);
    return ok;
}

int main(int argc, char **argv)
{
    struct config *configs[CONFIGURATION_COUNT];
    for (size_t i = 0; i < CONFIGURATION_COUNT; i++)
        configs[i] = configuration(configurations[i]);
    json_t *recorded = recorded_review("cr-create-real-harbor-operator");
    uint64_t only = 0;
    bool alone = argc > 1 && str_number(str_of(argv[1]), &only);
    size_t passed = 0, failed = 0;
    for (size_t i = alone ? (size_t)only : 0; i < (alone ? only + 1 : SEQUENCES); i++) {
        bool ok = run_sequence(configs, recorded, i);
        passed += ok;
        failed += !ok;
        if (failed == 20)
            break;
    }
    json_decref(recorded);
    for (size_t i = 0; i < CONFIGURATION_COUNT; i++)
        config_unref(configs[i]);
    printf("seed %llx, %zu sequences\n%zu passed, %zu failed\n", (unsigned long long)SEED,
           passed + failed, passed, failed);
    return failed ? 1 : 0;
}
