#include "patches/env.h"

#include "patches/patch.h"
#include "patches/pointer.h"

#include <stdio.h>

/* How deep $(NAME) may refer to $(NAME), how often in all, and how long a value may become. */
#define EXPANSION_DEPTH 8
#define EXPANSION_REFERENCES 1000
#define EXPANSION_MAX (1u << 20)

/* Up to so many entries are looked through one by one. */
#define FEW 64

static int compare_places(const void *a, const void *b)
{
    const struct env_place *left = a;
    const struct env_place *right = b;
    int order = str_compare(left->name, right->name);
    return order ? order : (left->index > right->index) - (left->index < right->index);
}

static void sort_names(struct env *env)
{
    env->sorted = xcalloc(env->count, sizeof(*env->sorted));
    for (size_t i = 0; i < env->count; i++)
        env->sorted[i] = (struct env_place){env->entries[i].name, i};
    qsort(env->sorted, env->count, sizeof(*env->sorted), compare_places);
}

void env_read(const struct subject *subject, struct value container, size_t index, struct env *ret)
{
    struct value list = value_get(container, "env");
    size_t count = value_type(list) == VALUE_ARRAY ? value_count(list) : 0;
    *ret = (struct env){
        .subject = subject,
        .container = index,
        .has_env_from = value_count(value_get(container, "envFrom")) > 0,
        .entries = xcalloc(count, sizeof(struct env_entry)),
        .count = count,
    };
    struct value entry = value_first(list);
    for (size_t i = 0; i < count; i++, entry = value_next(entry))
        ret->entries[i] = (struct env_entry){value_text(value_get(entry, "name")), entry};
    if (count > FEW)
        sort_names(ret);
}

void env_done(struct env *env)
{
    free(env->entries);
    free(env->sorted);
    env->entries = NULL;
    env->sorted = NULL;
    env->count = 0;
}

static size_t find_sorted(const struct env *env, struct str name, size_t end)
{
    const struct env_place wanted = {name, end};
    size_t low = 0;
    size_t high = env->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_places(&env->sorted[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low && str_equal(env->sorted[low - 1].name, name) ? env->sorted[low - 1].index
                                                             : SIZE_MAX;
}

/* The last entry of the name before `end`, or SIZE_MAX. */
static size_t find_before(const struct env *env, struct str name, size_t end)
{
    if (env->sorted)
        return find_sorted(env, name, end);
    for (size_t i = end; i > 0; i--)
        if (str_equal(env->entries[i - 1].name, name))
            return i - 1;
    return SIZE_MAX;
}

bool env_has(const struct env *env, struct str name)
{
    return find_before(env, name, env->count) != SIZE_MAX;
}

/* A value that is being put together. */
struct expansion {
    const struct env *env;
    struct buf *value;
    unsigned depth;
    unsigned references;
};

static enum env_state resolve_at(struct expansion *expansion, size_t index);

/* Adds the value of $(name) for the entry at `index`. */
static enum env_state resolve_reference(struct expansion *expansion, struct str name, size_t index)
{
    size_t found = find_before(expansion->env, name, index);
    if (found == SIZE_MAX || expansion->depth == EXPANSION_DEPTH ||
        expansion->references == EXPANSION_REFERENCES)
        return ENV_UNKNOWN; /* a Service's variable, or left as it stands */
    expansion->references++;
    expansion->depth++;
    enum env_state state = resolve_at(expansion, found);
    expansion->depth--;
    return state;
}

static const char *last_close(struct str text)
{
    size_t length = text.length;
    while (length && text.data[length - 1] != ')')
        length--;
    return length ? text.data + length - 1 : NULL;
}

/* "$$" is a dollar sign, "$(NAME)" a reference, every other dollar sign itself. */
static enum env_state expand(struct expansion *expansion, struct str text, size_t index)
{
    struct buf *value = expansion->value;
    const char *last = last_close(text);
    while (text.length && !value->failed) {
        long dollar = str_find(text, STR("$"));
        size_t plain = dollar < 0 ? text.length : (size_t)dollar;
        buf_add(value, (struct str){text.data, plain});
        text = str_skip(text, plain);
        if (str_starts(text, STR("$$"))) {
            buf_add_char(value, '$');
            text = str_skip(text, 2);
        } else if (str_starts(text, STR("$(")) && last && text.data < last) {
            size_t close = (size_t)str_find(text, STR(")"));
            struct str name = {text.data + 2, close - 2};
            if (resolve_reference(expansion, name, index) != ENV_LITERAL)
                return ENV_UNKNOWN;
            text = str_skip(text, close + 1);
        } else if (text.length) {
            buf_add_char(value, '$');
            text = str_skip(text, 1);
        }
    }
    return value->failed ? ENV_UNKNOWN : ENV_LITERAL;
}

/* metadata.labels['key'] and metadata.annotations['key'], else the plain paths. */
static struct str downward(const struct subject *subject, struct str path)
{
    static const struct {
        struct str start;
        struct str (*read)(struct value object, const char *key);
    } maps[] = {
        {{"metadata.labels['", 17}, object_label},
        {{"metadata.annotations['", 22}, object_annotation},
    };
    if (str_is(path, "metadata.namespace"))
        return subject->namespace;
    if (str_is(path, "metadata.name"))
        return value_text(value_at(subject->object, "metadata.name"));
    for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++) {
        if (!str_starts(path, maps[i].start) || !str_ends(path, STR("']")))
            continue;
        struct str rest = str_skip(path, maps[i].start.length);
        autofree char *key = xstrndup(rest.data, rest.length < 2 ? 0 : rest.length - 2);
        struct str text = maps[i].read(subject->object, key);
        return text.data ? text : STR("");
    }
    return STR_NONE;
}

static enum env_state resolve_at(struct expansion *expansion, size_t index)
{
    const struct env *env = expansion->env;
    struct buf *value = expansion->value;
    struct value entry = env->entries[index].entry;
    struct value from = value_get(entry, "valueFrom");
    if (!value_present(from))
        return expand(expansion, value_text(value_get(entry, "value")), index);
    struct str text = downward(env->subject, value_text(value_at(from, "fieldRef.fieldPath")));
    if (!text.data)
        return ENV_UNKNOWN;
    buf_add(value, text);
    return value->failed ? ENV_UNKNOWN : ENV_LITERAL;
}

enum env_state env_resolve(const struct env *env, const char *name, struct buf *value)
{
    size_t found = find_before(env, str_of(name), env->count);
    if (found == SIZE_MAX)
        return env->has_env_from ? ENV_UNKNOWN : ENV_ABSENT;
    struct expansion expansion = {.env = env, .value = value};
    return resolve_at(&expansion, found);
}

bool env_is_set(const struct env *env, const char *name)
{
    struct buf value = BUF(EXPANSION_MAX);
    enum env_state state = env_resolve(env, name, &value);
    bool set = state == ENV_UNKNOWN || (state == ENV_LITERAL && value.length > 0);
    buf_clear(&value);
    return set;
}

/* ---- injection ---- */

/* Whether a key reference of the pod says what the wanted one says. */
static bool same_reference(struct value from, const char *member, const struct entry *wanted)
{
    struct value reference = value_get(from, member);
    return value_count(from) == 1 &&
           str_is(value_text(value_get(reference, "name")), wanted->ref_name) &&
           str_is(value_text(value_get(reference, "key")), wanted->ref_key) &&
           value_bool(value_get(reference, "optional"), false) == wanted->optional;
}

/* Whether the pod's entry says what the wanted one says; "value" is absent when it is empty. */
static bool same_entry(struct value entry, const struct entry *wanted)
{
    struct value from = value_get(entry, "valueFrom");
    if (wanted->kind == ENTRY_VALUE) {
        struct str value = value_text(value_get(entry, "value"));
        return !value_present(from) &&
               str_equal(value.data ? value : STR(""), str_of(wanted->value));
    }
    const char *member = wanted->kind == ENTRY_SECRET_KEY ? "secretKeyRef" : "configMapKeyRef";
    return !value_present(value_get(entry, "value")) && same_reference(from, member, wanted);
}

static const struct entry *find_entry(const struct entry_list *list, struct str name)
{
    for (size_t i = 0; i < list->count; i++)
        if (str_is(name, list->items[i].name))
            return &list->items[i];
    return NULL;
}

/* The path of the entry at `index`, or with SIZE_MAX of the place behind the last one. */
static struct str entry_path(const struct env *env, size_t index, char text[64])
{
    int length = index == SIZE_MAX
                     ? snprintf(text, 64, "/spec/containers/%zu/env/-", env->container)
                     : snprintf(text, 64, "/spec/containers/%zu/env/%zu", env->container, index);
    return (struct str){text, (size_t)length};
}

/* What the pod's entry of this name has to be, or NULL for none. */
static const struct entry *find_target(const struct env *env, const struct entry_list *wanted,
                                       const struct entry_list *neutral, struct str name)
{
    const struct entry *target = find_entry(wanted, name);
    return target || !env->has_env_from ? target : find_entry(neutral, name);
}

static void append_missing(const struct env *env, const struct entry_list *list,
                           const struct entry_list *unless, struct patch *patch)
{
    char text[64];
    struct str path = entry_path(env, SIZE_MAX, text);
    for (size_t i = 0; i < list->count; i++) {
        struct str name = str_of(list->items[i].name);
        if (!env_has(env, name) && !(unless && find_entry(unless, name)))
            patch_add(patch, path, str_of(list->items[i].json));
    }
}

void env_inject(const struct env *env, const struct entry_list *wanted,
                const struct entry_list *neutral, bool (*owns)(struct str name),
                struct decision *decision)
{
    struct patch patch;
    char path[64];
    patch_open(&patch, &decision->patch);
    autofree bool *goes = xcalloc(env->count, sizeof(*goes));
    for (size_t i = 0; i < env->count; i++) {
        struct str name = env->entries[i].name;
        const struct entry *target = find_target(env, wanted, neutral, name);
        if (!target)
            goes[i] = name.data && owns(name);
        else if (find_before(env, name, i) != SIZE_MAX)
            goes[i] = true; /* the first of several stays */
        else if (!same_entry(env->entries[i].entry, target))
            patch_replace(&patch, entry_path(env, i, path), str_of(target->json));
    }
    append_missing(env, wanted, NULL, &patch);
    if (env->has_env_from)
        append_missing(env, neutral, wanted, &patch);
    for (size_t i = env->count; i > 0; i--)
        if (goes[i - 1])
            patch_remove(&patch, entry_path(env, i - 1, path));
    patch_close(&patch);
    decision->operations = patch.operations;
}
