#include "server/mask.h"

#include "base/mem.h"
#include "patches/variables.h"
#include "server/yaml.h"

/* Texts within texts within texts: last-applied-configuration holds SPILO_CONFIGURATION. */
#define NESTED_MAX 4

static bool mask_tree(json_t *tree, bool every_member, unsigned nested);

static void json_cleanup(json_t **tree)
{
    json_decref(*tree);
}

static struct str text_of(const json_t *string)
{
    return (struct str){json_string_value(string), json_string_length(string)};
}

/* Masks a secret's value; returns whether there was something to mask. */
static bool hide(json_t *value)
{
    if (!json_is_string(value) || !json_string_length(value))
        return false;
    json_string_set(value, MASK);
    return true;
}

/* A text that holds an object: `{...}` in one line, or lines with "key: value". */
static bool looks_structured(struct str text)
{
    struct str trimmed = str_trim(text);
    return trimmed.length &&
           (trimmed.data[0] == '{' || trimmed.data[0] == '[' ||
            (memchr(trimmed.data, '\n', trimmed.length) && str_find(trimmed, STR(":")) >= 0));
}

/* Masks what is secret inside a text; a text without secrets keeps its bytes. */
static bool mask_text(json_t *string, unsigned nested)
{
    struct str text = text_of(string);
    if (!looks_structured(text))
        return false;
    struct error ignored;
    cleanup(json_cleanup) json_t *tree = nested < NESTED_MAX ? yaml_read(text, &ignored) : NULL;
    if (!tree)
        return variable_is_secret(text) && hide(string);
    if (!mask_tree(tree, true, nested + 1))
        return false;
    autofree char *masked = json_dumps(tree, JSON_COMPACT | JSON_ENCODE_ANY);
    json_string_set(string, masked);
    return true;
}

/* Whether the members' names of what lies under this key are names of variables. */
static bool holds_variables(const char *key)
{
    return strcmp(key, "data") == 0 || strcmp(key, "stringData") == 0;
}

static bool mask_members(json_t *object, bool every_member, unsigned nested)
{
    bool masked = false;
    struct str variable = text_of(json_object_get(object, "name"));
    if (variable.data && variable_is_secret(variable))
        masked = hide(json_object_get(object, "value"));

    const char *key;
    json_t *member;
    json_object_foreach(object, key, member)
    {
        if (every_member && json_is_string(member) && variable_is_secret(str_of(key)))
            masked |= hide(member);
        else
            masked |= mask_tree(member, every_member || holds_variables(key), nested);
    }
    return masked;
}

/* `every_member`: members are judged by their key too, as in a ConfigMap's data. */
static bool mask_tree(json_t *tree, bool every_member, unsigned nested)
{
    if (json_is_string(tree))
        return mask_text(tree, nested);
    if (json_is_object(tree))
        return mask_members(tree, every_member, nested);
    bool masked = false;
    size_t index;
    json_t *element;
    json_array_foreach(tree, index, element)
    {
        masked |= mask_tree(element, every_member, nested);
    }
    return masked;
}

json_t *mask_object(const json_t *object)
{
    json_t *copy = json_deep_copy(object);
    mask_tree(copy, false, 0);
    return copy;
}
