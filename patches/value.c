#include "patches/doc.h"

#include "patches/doc_nodes.h"

static const struct node *node_of(struct value value)
{
    return &value.doc->nodes[value.at];
}

struct value doc_root(const struct doc *doc)
{
    return (struct value){doc, 0};
}

enum value_type value_type(struct value value)
{
    return value.doc ? (enum value_type)node_of(value)->type : VALUE_ABSENT;
}

bool value_present(struct value value)
{
    return value_type(value) > VALUE_NULL;
}

static bool is_container(struct value value)
{
    enum value_type type = value_type(value);
    return type == VALUE_ARRAY || type == VALUE_OBJECT;
}

/* The index of the node after the value and all that is inside it. */
static uint32_t after(struct value value)
{
    return is_container(value) ? node_of(value)->more : value.at + 1;
}

/* The value at `at`, or the one of the member whose key is there. */
static struct value value_from(const struct doc *doc, uint32_t at)
{
    return (struct value){doc, doc->nodes[at].type == NODE_KEY ? at + 1 : at};
}

struct value value_first(struct value container)
{
    if (!is_container(container) || node_of(container)->more == container.at + 1)
        return VALUE_NONE;
    return value_from(container.doc, container.at + 1);
}

struct value value_next(struct value element)
{
    if (!element.doc || node_of(element)->last)
        return VALUE_NONE;
    return value_from(element.doc, after(element));
}

struct str value_key(struct value member)
{
    if (!member.doc || !member.at)
        return STR_NONE;
    const struct node *key = node_of(member) - 1;
    return key->type == NODE_KEY ? node_text(member.doc, key) : STR_NONE;
}

size_t value_count(struct value container)
{
    size_t count = 0;
    for (struct value each = value_first(container); each.doc; each = value_next(each))
        count++;
    return count;
}

struct value value_get_str(struct value object, struct str key)
{
    if (value_type(object) != VALUE_OBJECT)
        return VALUE_NONE;
    for (struct value each = value_first(object); each.doc; each = value_next(each))
        if (str_equal(value_key(each), key))
            return each;
    return VALUE_NONE;
}

struct value value_get(struct value object, const char *key)
{
    return value_get_str(object, str_of(key));
}

struct value value_at(struct value object, const char *path)
{
    struct str rest = str_of(path);
    for (;;) {
        long dot = str_find(rest, STR("."));
        if (dot < 0)
            return value_get_str(object, rest);
        object = value_get_str(object, (struct str){rest.data, (size_t)dot});
        rest = str_skip(rest, (size_t)dot + 1);
    }
}

struct str value_text(struct value value)
{
    return value_type(value) == VALUE_STRING ? node_text(value.doc, node_of(value)) : STR_NONE;
}

struct str value_raw(struct value value)
{
    if (!value.doc)
        return STR_NONE;
    const struct node *node = node_of(value);
    return (struct str){value.doc->text.data + node->start, (size_t)node->end - node->start};
}

bool value_bool(struct value value, bool otherwise)
{
    enum value_type type = value_type(value);
    return type == VALUE_TRUE || (type != VALUE_FALSE && otherwise);
}

static bool arrays_equal(struct value a, struct value b)
{
    a = value_first(a);
    b = value_first(b);
    for (; a.doc && b.doc; a = value_next(a), b = value_next(b))
        if (!value_equal(a, b))
            return false;
    return !a.doc && !b.doc;
}

static int compare_members(const void *left, const void *right)
{
    return str_compare(value_key(*(const struct value *)left),
                       value_key(*(const struct value *)right));
}

/* The members of an object sorted by key; the caller frees. */
static struct value *sorted_members(struct value object, size_t count)
{
    struct value *members = xmalloc(count * sizeof(*members));
    struct value *place = members;
    for (struct value each = value_first(object); each.doc; each = value_next(each))
        *place++ = each;
    qsort(members, count, sizeof(*members), compare_members);
    return members;
}

static bool same_order(struct value a, struct value b)
{
    a = value_first(a);
    b = value_first(b);
    for (; a.doc && b.doc; a = value_next(a), b = value_next(b))
        if (!str_equal(value_key(a), value_key(b)))
            return false;
    return !a.doc && !b.doc;
}

/* Sorting, rather than looking each key up, keeps large objects from costing quadratic time. */
static bool objects_equal(struct value a, struct value b)
{
    if (same_order(a, b))
        return arrays_equal(a, b);
    size_t count = value_count(a);
    if (count != value_count(b))
        return false;
    autofree struct value *a_members = sorted_members(a, count);
    autofree struct value *b_members = sorted_members(b, count);
    for (size_t i = 0; i < count; i++)
        if (compare_members(&a_members[i], &b_members[i]) != 0 ||
            !value_equal(a_members[i], b_members[i]))
            return false;
    return true;
}

bool value_equal(struct value a, struct value b)
{
    enum value_type type = value_type(a);
    if (type != value_type(b))
        return false;
    switch (type) {
    case VALUE_NUMBER:
    case VALUE_SKIPPED:
        return str_equal(value_raw(a), value_raw(b));
    case VALUE_STRING:
        return str_equal(value_text(a), value_text(b));
    case VALUE_ARRAY:
        return arrays_equal(a, b);
    case VALUE_OBJECT:
        return objects_equal(a, b);
    default:
        return true;
    }
}
