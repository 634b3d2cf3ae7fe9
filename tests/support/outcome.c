#include "tests/support/outcome.h"

#include "patches/apply.h"
#include "patches/variables.h"

#define REVIEW_DEPTH 64

bool target_of_path(const char *path, struct admit_target *ret, struct error *err)
{
    static const struct {
        const char *path;
        enum admit_kind kind;
        bool profile;
    } routes[] = {
        {"/v1/postgresqls", ADMIT_POSTGRESQL, false},
        {"/v1/configmaps", ADMIT_CONFIGMAP, false},
        {"/v1/pods/restore/", ADMIT_RESTORE, true},
        {"/v1/pods/backup/", ADMIT_BACKUP, true},
    };
    struct str given = str_of(path);
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        struct str route = str_of(routes[i].path);
        if (!str_starts(given, route) || (!routes[i].profile && given.length != route.length))
            continue;
        *ret = (struct admit_target){
            .kind = routes[i].kind,
            .profile = routes[i].profile ? str_skip(given, route.length) : STR_NONE,
        };
        return true;
    }
    return error_set(err, "'%s' is no path of the server", path);
}

bool outcome_ask(const struct policy *policy, const char *path, const json_t *review, size_t flags,
                 int64_t now, struct outcome *ret, struct error *err)
{
    struct admit_target target;
    *ret = (struct outcome){0};
    if (!target_of_path(path, &target, err))
        return false;
    autofree char *body = json_dumps(review, flags);
    admit(policy, target, str_of(body), REVIEW_DEPTH, now, &ret->result);
    if (ret->result.status != 200)
        return true;
    if (!answer_read(buf_str(&ret->result.reply), review, &ret->answer, err))
        return false;
    json_t *object = json_object_get(json_object_get(review, "request"), "object");
    if (!json_is_object(object))
        return !ret->answer.patch || error_set(err, "there is a patch but no object");
    ret->object = json_deep_copy(object);
    return !ret->answer.patch || patch_apply(&ret->object, ret->answer.patch, err);
}

void outcome_done(struct outcome *outcome)
{
    admit_result_done(&outcome->result);
    answer_done(&outcome->answer);
    json_decref(outcome->object);
    *outcome = (struct outcome){0};
}

json_t *pod_container(const json_t *pod)
{
    size_t index;
    json_t *container;
    json_array_foreach(json_object_get(json_object_get(pod, "spec"), "containers"), index,
                       container)
    {
        const char *name = json_string_value(json_object_get(container, "name"));
        if (name && strcmp(name, "postgres") == 0)
            return container;
    }
    return NULL;
}

/* ---- only what is ours changes ---- */

static const char *entry_name(const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    return name ? name : "";
}

static bool env_name_is_ours(const char *name)
{
    return strcmp(name, "USEWALG_RESTORE") == 0 || strncmp(name, "CLONE_", 6) == 0 ||
           variable_find(str_of(name));
}

/* The entries that the webhook has no business with, in their order. */
static json_t *foreign_entries(const json_t *env, bool (*is_ours)(const char *name))
{
    json_t *foreign = json_array(), *entry;
    size_t index;
    json_array_foreach(env, index, entry)
    {
        if (!is_ours(entry_name(entry)))
            json_array_append(foreign, entry);
    }
    return foreign;
}

static bool same_text(const json_t *a, const json_t *b)
{
    autofree char *left = json_dumps(a, JSON_COMPACT | JSON_ENCODE_ANY);
    autofree char *right = json_dumps(b, JSON_COMPACT | JSON_ENCODE_ANY);
    return (!left && !right) || (left && right && strcmp(left, right) == 0);
}

static bool same_foreign_entries(const json_t *before, const json_t *after,
                                 bool (*is_ours)(const char *name), struct error *err)
{
    json_t *old = foreign_entries(before, is_ours);
    json_t *new = foreign_entries(after, is_ours);
    bool same = same_text(old, new);
    json_decref(old);
    json_decref(new);
    return same || error_set(err, "env: entries that are not ours changed");
}

/* A copy without what the webhook may write into a pod. */
static json_t *pod_without_ours(const json_t *pod)
{
    json_t *copy = json_deep_copy(pod);
    json_object_del(pod_container(copy), "env");
    return copy;
}

static json_t *resource_without_ours(const json_t *resource)
{
    json_t *copy = json_deep_copy(resource);
    json_t *metadata = json_object_get(copy, "metadata");
    json_t *annotations = json_object_get(metadata, "annotations");
    json_object_del(annotations, POLICY_PATCHED_ANNOTATION);
    if (!json_object_size(annotations))
        json_object_del(metadata, "annotations");
    json_t *spec = json_object_get(copy, "spec");
    json_t *patroni = json_object_get(spec, "patroni");
    json_object_del(patroni, "pg_hba");
    if (!json_object_size(patroni))
        json_object_del(spec, "patroni");
    json_object_del(json_object_get(spec, "postgresql"), "version");
    json_object_del(spec, "dockerImage");
    json_object_del(spec, "env");
    return copy;
}

static bool locales_is_ours(const char *name)
{
    return strcmp(name, "USE_OLD_LOCALES") == 0;
}

static bool resource_env_holds(const json_t *before, const json_t *after, struct error *err)
{
    const json_t *old = json_object_get(json_object_get(before, "spec"), "env");
    const json_t *new = json_object_get(json_object_get(after, "spec"), "env");
    /* Without entries of its own, a resource gets back those that were stored. */
    if (json_array_size(old) == 0)
        return true;
    return same_foreign_entries(old, new, locales_is_ours, err);
}

static bool only_ours_changed(enum admit_kind kind, const json_t *before, const json_t *after,
                              struct error *err)
{
    bool resource = kind == ADMIT_POSTGRESQL;
    json_t *old = resource ? resource_without_ours(before) : pod_without_ours(before);
    json_t *new = resource ? resource_without_ours(after) : pod_without_ours(after);
    bool same = same_text(old, new);
    json_decref(old);
    json_decref(new);
    if (!same)
        return error_set(err, "the patch changes what is not ours");
    if (resource)
        return resource_env_holds(before, after, err);
    return same_foreign_entries(json_object_get(pod_container(before), "env"),
                                json_object_get(pod_container(after), "env"), env_name_is_ours,
                                err);
}

static bool second_pass_is_empty(const struct policy *policy, const char *path,
                                 const json_t *review, int64_t now, const struct outcome *first,
                                 struct error *err)
{
    json_t *again = json_deep_copy(review);
    json_object_set(json_object_get(again, "request"), "object", first->object);
    struct outcome second;
    bool ok = outcome_ask(policy, path, again, JSON_COMPACT, now, &second, err);
    if (ok && second.answer.patch) {
        autofree char *patch = json_dumps(second.answer.patch, JSON_COMPACT);
        ok = error_set(err, "a second pass gives a patch: %s", patch);
    }
    if (ok && second.answer.allowed != first->answer.allowed)
        ok = error_set(err, "a second pass decides otherwise: %s", second.answer.message);
    if (ok && !json_equal(second.answer.annotations, first->answer.annotations)) {
        autofree char *a = json_dumps(first->answer.annotations, JSON_COMPACT);
        autofree char *b = json_dumps(second.answer.annotations, JSON_COMPACT);
        ok = error_set(err, "audit annotations: %s, in a second pass %s", a, b);
    }
    json_decref(again);
    outcome_done(&second);
    return ok;
}

bool outcome_holds(const struct policy *policy, const char *path, const json_t *review, int64_t now,
                   const struct outcome *outcome, struct error *err)
{
    struct admit_target target;
    if (!target_of_path(path, &target, err))
        return false;
    if (outcome->result.status != 200 || !outcome->object)
        return true;
    const json_t *before = json_object_get(json_object_get(review, "request"), "object");
    return only_ours_changed(target.kind, before, outcome->object, err) &&
           second_pass_is_empty(policy, path, review, now, outcome, err);
}

void outcome_write(FILE *file, const char *name, const json_t *review,
                   const struct outcome *outcome)
{
    if (!file || !outcome->object)
        return;
    const json_t *request = json_object_get(review, "request");
    const json_t *object = json_object_get(request, "object");
    const json_t *stored = json_object_get(request, "oldObject");
    const char *kind = json_string_value(json_object_get(object, "kind"));
    bool pod = kind && strcmp(kind, "Pod") == 0;
    bool resource = kind && strcmp(kind, "postgresql") == 0;
    json_t *line = json_object();
    json_object_set_new(line, "name", json_string(name));
    json_object_set_new(line, "kind", json_string(pod ? "pod" : resource ? "postgresql" : "other"));
    json_object_set_new(line, "object", json_deep_copy(object));
    if (json_is_object(stored))
        json_object_set_new(line, "oldObject", json_deep_copy(stored));
    json_object_set_new(line, "patch",
                        outcome->answer.patch ? json_incref(outcome->answer.patch) : json_array());
    json_object_set(line, "result", outcome->object);
    json_dumpf(line, file, JSON_COMPACT);
    fputc('\n', file);
    json_decref(line);
}
