#include "patches/apply.h"

#include "base/mem.h"
#include "patches/pointer.h"

/* Longest token (bytes) of a path. */
#define TOKEN_MAX (1024u * 1024)

/* The index that the token names, below `count` (RFC 6901 4: no leading zeros). */
static bool array_index(struct str token, size_t count, size_t *ret, struct error *err)
{
    uint64_t index;
    if (!str_number(token, &index) || (token.length > 1 && token.data[0] == '0'))
        return error_set(err, "'%.*s' is not an index", STR_ARG(token));
    if (index >= count)
        return error_set(err, "index %.*s, expected less than %zu", STR_ARG(token), count);
    *ret = index;
    return true;
}

static bool has_member(const json_t *object, struct str key, struct error *err)
{
    if (!json_is_object(object))
        return error_set(err, "'%.*s' is in neither an object nor an array", STR_ARG(key));
    return json_object_getn(object, key.data, key.length) ||
           error_set(err, "there is no '%.*s'", STR_ARG(key));
}

/* What the token names in a container, borrowed; NULL on failure. */
static json_t *child(const json_t *container, struct str token, struct error *err)
{
    size_t index;
    if (json_is_array(container))
        return array_index(token, json_array_size(container), &index, err)
                   ? json_array_get(container, index)
                   : NULL;
    return has_member(container, token, err) ? json_object_getn(container, token.data, token.length)
                                             : NULL;
}

/* What the path names, borrowed; NULL on failure. */
static json_t *resolve(json_t *document, struct str path, struct error *err)
{
    cleanup(buf_clear) struct buf token = BUF(TOKEN_MAX);
    while (pointer_next(&path, &token, err)) {
        document = child(document, buf_str(&token), err);
        if (!document)
            return NULL;
    }
    return path.data ? document : NULL;
}

/* What holds the last token of a path that is not empty, borrowed, and that token; NULL on
 * failure. */
static json_t *resolve_parent(json_t *document, struct str path, struct buf *ret_token,
                              struct error *err)
{
    while (pointer_next(&path, ret_token, err)) {
        if (!path.length)
            return document;
        document = child(document, buf_str(ret_token), err);
        if (!document)
            return NULL;
    }
    return NULL;
}

static bool add_to_array(json_t *array, struct str token, json_t *value, struct error *err)
{
    size_t index = json_array_size(array);
    if (!str_is(token, "-") && !array_index(token, index + 1, &index, err))
        return false;
    json_array_insert(array, index, value);
    return true;
}

static bool add_at(json_t **document, struct str path, json_t *value, struct error *err)
{
    if (!path.length) {
        json_decref(*document);
        *document = json_incref(value);
        return true;
    }
    cleanup(buf_clear) struct buf buf = BUF(TOKEN_MAX);
    json_t *parent = resolve_parent(*document, path, &buf, err);
    if (!parent)
        return false;
    struct str token = buf_str(&buf);
    if (json_is_array(parent))
        return add_to_array(parent, token, value, err);
    if (!json_is_object(parent))
        return error_set(err, "'%.*s' is in neither an object nor an array", STR_ARG(token));
    json_object_setn(parent, token.data, token.length, value);
    return true;
}

static bool remove_at(json_t *document, struct str path, struct error *err)
{
    if (!path.length)
        return error_set(err, "the whole document cannot be removed");
    cleanup(buf_clear) struct buf buf = BUF(TOKEN_MAX);
    json_t *parent = resolve_parent(document, path, &buf, err);
    if (!parent)
        return false;
    struct str token = buf_str(&buf);
    size_t index;
    if (json_is_array(parent))
        return array_index(token, json_array_size(parent), &index, err) &&
               json_array_remove(parent, index) == 0;
    return has_member(parent, token, err) &&
           json_object_deln(parent, token.data, token.length) == 0;
}

static bool replace_at(json_t **document, struct str path, json_t *value, struct error *err)
{
    if (!resolve(*document, path, err))
        return false;
    cleanup(buf_clear) struct buf token = BUF(TOKEN_MAX);
    json_t *parent = path.length ? resolve_parent(*document, path, &token, err) : NULL;
    size_t index;
    if (!json_is_array(parent))
        return add_at(document, path, value, err);
    return array_index(buf_str(&token), json_array_size(parent), &index, err) &&
           json_array_set(parent, index, value) == 0;
}

static struct str member_text(const json_t *step, const char *key)
{
    const json_t *text = json_object_get(step, key);
    return (struct str){json_string_value(text), json_string_length(text)};
}

/* A copy of the step's value, so that later steps never change the patch; NULL on failure. */
static json_t *step_value(const json_t *step, struct error *err)
{
    json_t *copy = json_deep_copy(json_object_get(step, "value"));
    if (!copy)
        (void)error_set(err, "no 'value'");
    return copy;
}

/* A copy of what `from` names; NULL on failure. */
static json_t *from_value(json_t *document, const json_t *step, struct error *err)
{
    struct str from = member_text(step, "from");
    if (!from.data) {
        (void)error_set(err, "no 'from'");
        return NULL;
    }
    const json_t *value = resolve(document, from, err);
    if (value)
        return json_deep_copy(value);
    (void)error_wrap(err, "from '%.*s'", STR_ARG(from));
    return NULL;
}

static bool apply_add(json_t **document, const json_t *step, struct str path, struct error *err)
{
    cleanup(json_decrefp) json_t *value = step_value(step, err);
    return value && add_at(document, path, value, err);
}

static bool apply_remove(json_t **document, const json_t *step, struct str path, struct error *err)
{
    (void)step;
    return remove_at(*document, path, err);
}

static bool apply_replace(json_t **document, const json_t *step, struct str path, struct error *err)
{
    cleanup(json_decrefp) json_t *value = step_value(step, err);
    return value && replace_at(document, path, value, err);
}

static bool apply_move(json_t **document, const json_t *step, struct str path, struct error *err)
{
    struct str from = member_text(step, "from");
    cleanup(json_decrefp) json_t *value = from_value(*document, step, err);
    if (!value)
        return false;
    if (str_equal(from, path))
        return true;
    if (str_starts(path, from) && path.data[from.length] == '/') /* RFC 6902 4.4 */
        return error_set(err, "'%.*s' cannot be moved into itself", STR_ARG(from));
    return remove_at(*document, from, err) && add_at(document, path, value, err);
}

static bool apply_copy(json_t **document, const json_t *step, struct str path, struct error *err)
{
    cleanup(json_decrefp) json_t *value = from_value(*document, step, err);
    return value && add_at(document, path, value, err);
}

/* As for the API server, which compares bytes, 1 and 1.0 differ (RFC 6902 4.6 has them equal). */
static bool apply_test(json_t **document, const json_t *step, struct str path, struct error *err)
{
    cleanup(json_decrefp) json_t *expected = step_value(step, err);
    const json_t *value = expected ? resolve(*document, path, err) : NULL;
    return value && (json_equal(value, expected) || error_set(err, "not the value that is tested"));
}

static const struct {
    const char *name;
    bool (*apply)(json_t **document, const json_t *step, struct str path, struct error *err);
} operations[] = {
    {"add", apply_add},   {"remove", apply_remove}, {"replace", apply_replace},
    {"move", apply_move}, {"copy", apply_copy},     {"test", apply_test},
};

static bool apply(json_t **document, const json_t *step, struct error *err)
{
    struct str path = member_text(step, "path");
    struct str name = member_text(step, "op");
    if (!path.data || !name.data)
        return error_set(err, "no '%s'", name.data ? "path" : "op");
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (str_is(name, operations[i].name))
            return operations[i].apply(document, step, path, err) ||
                   error_wrap(err, "%.*s", STR_ARG(path));
    return error_set(err, "'%.*s' is not one of add, remove, replace, move, copy, test",
                     STR_ARG(name));
}

bool patch_apply(json_t **document, const json_t *patch, struct error *err)
{
    size_t i;
    const json_t *step;
    json_array_foreach(patch, i, step) if (!apply(document, step, err)) return error_wrap(
        err, "operation %zu", i);
    return true;
}
