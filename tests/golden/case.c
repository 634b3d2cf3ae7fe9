#include "tests/golden/case.h"

#include "base/mem.h"
#include "patches/apply.h"
#include "tests/support/input.h"
#include "tests/support/outcome.h"

#include <time.h>
#include <unistd.h>

#define DEFAULT_CONFIG "default"

/* ---- the changes, in the order in which they are applied ---- */

struct change {
    const char *member;
    bool (*apply)(json_t **review, const json_t *value, struct error *err);
};

static json_t *request_of(const json_t *review)
{
    return json_object_get(review, "request");
}

/* RFC 7396: null removes. */
static void merge(json_t *target, const json_t *patch)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)patch, key, value)
    {
        json_t *old = json_object_get(target, key);
        if (json_is_null(value))
            json_object_del(target, key);
        else if (json_is_object(value) && json_is_object(old))
            merge(old, value);
        else
            json_object_set_new(target, key, json_deep_copy(value));
    }
}

static bool change_member(json_t *parent, const char *member, const json_t *value,
                          struct error *err)
{
    json_t *target = json_object_get(parent, member);
    if (!json_is_object(target) || !json_is_object(value))
        return error_set(err, "%s: the base has none to change", member);
    merge(target, value);
    return true;
}

static bool change_request(json_t **review, const json_t *value, struct error *err)
{
    return change_member(*review, "request", value, err);
}

static bool change_object(json_t **review, const json_t *value, struct error *err)
{
    return change_member(request_of(*review), "object", value, err);
}

static bool change_old_object(json_t **review, const json_t *value, struct error *err)
{
    return change_member(request_of(*review), "oldObject", value, err);
}

static json_t *container_of(const json_t *review)
{
    return pod_container(json_object_get(request_of(review), "object"));
}

static bool change_image(json_t **review, const json_t *value, struct error *err)
{
    json_t *container = container_of(*review);
    if (!container)
        return error_set(err, "image: there is no container 'postgres'");
    json_object_set_new(container, "image", json_deep_copy(value));
    return true;
}

/* An entry of a container's environment: a text is its value, an object its valueFrom. */
static json_t *new_entry(const char *name, const json_t *value)
{
    json_t *entry = json_object();
    json_object_set_new(entry, "name", json_string(name));
    json_object_set_new(entry, json_is_object(value) ? "valueFrom" : "value",
                        json_deep_copy(value));
    return entry;
}

static void set_entry(json_t *env, const char *name, const json_t *value)
{
    for (size_t i = json_array_size(env); i-- > 0;) {
        const char *found = json_string_value(json_object_get(json_array_get(env, i), "name"));
        if (!found || strcmp(found, name) != 0)
            continue;
        if (json_is_null(value))
            json_array_remove(env, i);
        else
            json_array_set_new(env, i, new_entry(name, value));
        return;
    }
    if (!json_is_null(value))
        json_array_append_new(env, new_entry(name, value));
}

static bool change_env(json_t **review, const json_t *value, struct error *err)
{
    json_t *env = json_object_get(container_of(*review), "env");
    if (!json_is_array(env))
        return error_set(err, "env: the container has none");
    const char *name;
    json_t *entry;
    json_object_foreach((json_t *)(uintptr_t)value, name, entry)
    {
        set_entry(env, name, entry);
    }
    return true;
}

static bool change_append(json_t **review, const json_t *value, struct error *err)
{
    json_t *env = json_object_get(container_of(*review), "env");
    if (!json_is_array(env) || !json_is_array(value))
        return error_set(err, "append: the container has no env");
    json_t *copy = json_deep_copy(value);
    json_array_extend(env, copy);
    json_decref(copy);
    return true;
}

static bool change_edits(json_t **review, const json_t *value, struct error *err)
{
    return patch_apply(review, value, err) || error_wrap(err, "edits");
}

static const struct change changes[] = {
    {"request", change_request}, {"object", change_object}, {"oldObject", change_old_object},
    {"image", change_image},     {"env", change_env},       {"append", change_append},
    {"edits", change_edits},
};
#define CHANGE_COUNT (sizeof(changes) / sizeof(*changes))

static bool member_known(const char *name)
{
    static const char *const others[] = {"why", "path", "config", "now", "base", "review"};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (strcmp(others[i], name) == 0)
            return true;
    }
    for (size_t i = 0; i < CHANGE_COUNT; i++) {
        if (strcmp(changes[i].member, name) == 0)
            return true;
    }
    return false;
}

static bool check_members(const json_t *settings, struct error *err)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)settings, name, value)
    {
        if (!member_known(name))
            return error_set(err, "'%s' means nothing here", name);
    }
    return json_string_value(json_object_get(settings, "why")) ||
           error_set(err, "why: a sentence is expected");
}

static bool read_review(const char *root, struct golden_case *golden, struct error *err)
{
    const char *base = json_string_value(json_object_get(golden->settings, "base"));
    if (base) {
        autofree char *recorded = xasprintf("%s/tests/data/reviews/%s.json", root, base);
        autofree char *made = xasprintf("%s/tests/golden/bases/%s.json", root, base);
        golden->review = json_file(access(made, R_OK) == 0 ? made : recorded, err);
        if (!golden->review)
            return false;
    } else {
        golden->review = json_deep_copy(json_object_get(golden->settings, "review"));
    }
    if (!golden->review)
        return error_set(err, "neither base nor review");
    for (size_t i = 0; i < CHANGE_COUNT; i++) {
        const json_t *value = json_object_get(golden->settings, changes[i].member);
        if (value && !changes[i].apply(&golden->review, value, err))
            return false;
    }
    return true;
}

static bool read_now(const json_t *settings, int64_t *ret, struct error *err)
{
    const char *text = json_string_value(json_object_get(settings, "now"));
    struct tm parts = {0};
    *ret = RECORDED_AT;
    if (!text)
        return true;
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    if (!end || *end)
        return error_set(err, "now: '%s' is not written as 2026-11-22T12:00:00Z", text);
    *ret = timegm(&parts);
    return true;
}

static bool read_settings(const char *root, struct golden_case *ret, struct error *err)
{
    autofree char *path = xasprintf("%s/case.json", ret->folder);
    ret->settings = json_file(path, err);
    if (!ret->settings || !check_members(ret->settings, err))
        return false;
    const char *config = json_string_value(json_object_get(ret->settings, "config"));
    ret->config = config ? config : DEFAULT_CONFIG;
    ret->path = json_string_value(json_object_get(ret->settings, "path"));
    if (!ret->path)
        return error_set(err, "path: a text is expected");
    return read_now(ret->settings, &ret->now, err) && read_review(root, ret, err);
}

bool case_read(const char *root, const char *name, struct golden_case *ret, struct error *err)
{
    *ret = (struct golden_case){
        .name = xstrdup(name),
        .folder = xasprintf("%s/tests/golden/%s", root, name),
    };
    return read_settings(root, ret, err);
}

void case_done(struct golden_case *golden)
{
    free(golden->name);
    free(golden->folder);
    json_decref(golden->settings);
    json_decref(golden->review);
    *golden = (struct golden_case){0};
}
