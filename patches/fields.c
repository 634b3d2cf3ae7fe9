#include "patches/fields.h"

#include "base/mem.h"
#include "patches/shown.h"
#include "patches/units.h"

#include <inttypes.h>

/* One key that is being read. */
struct place {
    const struct field *field;
    const char *path;
    void *member;
    struct strlist *mistakes;
};

char *field_path(const char *path, const char *name)
{
    return *path ? xasprintf("%s.%s", path, name) : xstrdup(name);
}

const char *field_type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "a mapping";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "text";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        return "null";
    default:
        return "a number";
    }
}

bool field_text_valid(struct str text, const char *path, struct strlist *mistakes)
{
    if (text.length > FIELD_TEXT_MAX) {
        strlist_addf(mistakes, "%s: is %zu bytes long, expected at most %d", path, text.length,
                     FIELD_TEXT_MAX);
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] >= 0x20 && text.data[i] != 0x7f)
            continue;
        strlist_addf(mistakes, "%s: has a control character, expected printable text", path);
        return false;
    }
    if (str_find(text, STR("$(")) >= 0) {
        strlist_addf(mistakes, "%s: has '$(', which the kubelet would expand", path);
        return false;
    }
    return true;
}

/* The smaller of an absolute and a relative bound: half of a short name is no typo. */
static size_t near_bound(struct str name)
{
    return name.length / 2 < 3 ? name.length / 2 + 1 : 4;
}

const char *field_nearest(const struct field *fields, struct str name)
{
    const char *nearest = NULL;
    size_t best = near_bound(name);
    for (const struct field *field = fields; field->name; field++) {
        size_t distance = str_distance(name, str_of(field->name));
        if (distance < best) {
            best = distance;
            nearest = field->name;
        }
    }
    return nearest;
}

static void wrong(const struct place *place, const char *found, const char *expected)
{
    strlist_addf(place->mistakes, "%s: %s is not %s", place->path, found, expected);
}

/* A mistake in a value that may be shown: a short scalar in double quotes when it is text. */
static void wrong_value(const struct place *place, const json_t *value, const char *expected)
{
    if (json_is_object(value) || json_is_array(value)) {
        wrong(place, field_type_name(value), expected);
        return;
    }
    autofree char *text = json_dumps(value, JSON_ENCODE_ANY);
    wrong(place, shown(str_of(text)).text, expected);
}

static struct str text_of(const json_t *value)
{
    return (struct str){json_string_value(value), json_string_length(value)};
}

static void read_text(const struct place *place, const json_t *value)
{
    char **member = place->member;
    if (place->field->kind == FIELD_WORD && json_is_integer(value)) {
        free(*member);
        *member = xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return;
    }
    if (!json_is_string(value)) {
        wrong(place, field_type_name(value), "text (write it in quotes)");
        return;
    }
    if (!field_text_valid(text_of(value), place->path, place->mistakes))
        return;
    free(*member);
    *member = xstrdup(json_string_value(value));
}

static void read_boolean(const struct place *place, const json_t *value)
{
    if (json_is_boolean(value))
        *(bool *)place->member = json_is_true(value);
    else
        wrong_value(place, value, "true or false");
}

static bool read_entries(const struct place *place, const json_t *value, struct strlist *ret)
{
    bool valid = true;
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *element = json_array_get(value, i);
        autofree char *path = xasprintf("%s[%zu]", place->path, i);
        struct place inner = {place->field, path, NULL, place->mistakes};
        if (!json_is_string(element)) {
            wrong(&inner, field_type_name(element), "text (write it in quotes)");
            valid = false;
        } else if (field_text_valid(text_of(element), path, place->mistakes)) {
            strlist_add(ret, text_of(element));
        } else {
            valid = false;
        }
    }
    return valid;
}

/* A list is read whole or not at all. */
static void read_list(const struct place *place, const json_t *value)
{
    if (!json_is_array(value)) {
        wrong(place, field_type_name(value), "a list");
        return;
    }
    if (json_array_size(value) > STRLIST_MAX) {
        strlist_addf(place->mistakes, "%s: has %zu entries, expected at most %d", place->path,
                     json_array_size(value), STRLIST_MAX);
        return;
    }
    struct strlist entries = {0};
    if (!read_entries(place, value, &entries)) {
        strlist_clear(&entries);
        return;
    }
    strlist_clear(place->member);
    *(struct strlist *)place->member = entries;
}

static void read_choice(const struct place *place, const json_t *value)
{
    struct buf expected = BUF(1024);
    buf_add_text(&expected, "one of");
    const char *const *choices = place->field->choices;
    for (unsigned i = 0; choices[i]; i++) {
        buf_addf(&expected, "%s %s", i ? "," : "", choices[i]);
        if (!json_is_string(value) || !str_equal(text_of(value), str_of(choices[i])))
            continue;
        *(unsigned *)place->member = i;
        buf_clear(&expected);
        return;
    }
    wrong_value(place, value, expected.data);
    buf_clear(&expected);
}

/* How a kind of quantity is written. */
struct quantity {
    bool (*parse)(struct str text, uint64_t *ret);
    const char *expected;
};

static const struct quantity quantities[] = {
    [FIELD_NUMBER] = {str_number, "a whole number from 0"},
    [FIELD_SIZE] = {units_size, "a size such as \"64KiB\" (B, KiB, MiB, GiB)"},
    [FIELD_DURATION] = {units_duration, "a duration such as \"10s\" (ms, s, m, h)"},
};

static bool quantity_of(const struct field *field, const json_t *value, uint64_t *ret)
{
    if (field->kind != FIELD_NUMBER)
        return json_is_string(value) && quantities[field->kind].parse(text_of(value), ret);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *ret = (uint64_t)json_integer_value(value);
    return true;
}

/* How a whole size is written, the largest unit first. */
static const struct {
    uint64_t factor;
    const char *name;
} size_units[] = {{1024 * 1024 * 1024, "GiB"}, {1024 * 1024, "MiB"}, {1024, "KiB"}, {1, "B"}};

/* The quantity as a person would write it. */
static void add_quantity(struct buf *text, enum field_kind kind, uint64_t value)
{
    size_t unit = 0;
    while (size_units[unit].factor > 1 && (!value || value % size_units[unit].factor != 0))
        unit++;
    if (kind == FIELD_SIZE)
        buf_addf(text, "%" PRIu64 "%s", value / size_units[unit].factor, size_units[unit].name);
    else if (kind == FIELD_DURATION)
        buf_addf(text, "%" PRIu64 "%s", value % 1000 ? value : value / 1000,
                 value % 1000 ? "ms" : "s");
    else
        buf_addf(text, "%" PRIu64, value);
}

void field_add_range(const struct field *field, struct buf *text)
{
    add_quantity(text, field->kind, field->min);
    buf_add_text(text, " to ");
    add_quantity(text, field->kind, field->max);
}

static void read_quantity(const struct place *place, const json_t *value)
{
    const struct field *field = place->field;
    uint64_t quantity;
    if (!quantity_of(field, value, &quantity)) {
        wrong_value(place, value, quantities[field->kind].expected);
        return;
    }
    if (quantity < field->min || quantity > field->max) {
        struct buf expected = BUF(128);
        buf_add_text(&expected, "in ");
        field_add_range(field, &expected);
        wrong_value(place, value, expected.data);
        buf_clear(&expected);
        return;
    }
    *(uint64_t *)place->member = quantity;
}

static void read_section(const struct place *place, const json_t *value)
{
    fields_read(place->field->fields, value, place->path, place->member, place->mistakes);
}

static void read_tree(const struct place *place, const json_t *value)
{
    *(const json_t **)place->member = value;
}

typedef void field_reader(const struct place *place, const json_t *value);

static field_reader *const readers[] = {
    [FIELD_TEXT] = read_text,       [FIELD_WORD] = read_text,     [FIELD_BOOLEAN] = read_boolean,
    [FIELD_NUMBER] = read_quantity, [FIELD_SIZE] = read_quantity, [FIELD_DURATION] = read_quantity,
    [FIELD_CHOICE] = read_choice,   [FIELD_LIST] = read_list,     [FIELD_SECTION] = read_section,
    [FIELD_TREE] = read_tree,
};

static void default_list(struct strlist *list, const char *lines)
{
    for (struct str rest = str_of(lines); rest.length;) {
        long end = str_find(rest, STR("\n"));
        size_t length = end < 0 ? rest.length : (size_t)end;
        strlist_add(list, (struct str){rest.data, length});
        rest = str_skip(rest, length + 1);
    }
}

static unsigned default_choice(const struct field *field)
{
    unsigned place = 0;
    while (!str_is(str_of(field->choices[place]), field->fallback))
        place++;
    return place;
}

/* The member as it is when the key is absent. What the tables hold always parses. */
static void set_default(const struct field *field, void *member)
{
    struct str fallback = str_of(field->fallback);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_WORD:
        *(char **)member = fallback.data ? xstrdup(fallback.data) : NULL;
        return;
    case FIELD_BOOLEAN:
        *(bool *)member = str_is(fallback, "true");
        return;
    case FIELD_NUMBER:
    case FIELD_SIZE:
    case FIELD_DURATION:
        quantities[field->kind].parse(fallback, member);
        return;
    case FIELD_CHOICE:
        *(unsigned *)member = default_choice(field);
        return;
    case FIELD_LIST:
        *(struct strlist *)member = (struct strlist){0};
        default_list(member, field->fallback);
        return;
    case FIELD_SECTION:
        return; /* its own fields have defaults */
    case FIELD_TREE:
        *(const json_t **)member = NULL;
        return;
    }
}

static bool is_known(const struct field *fields, const char *name)
{
    for (const struct field *field = fields; field->name; field++)
        if (strcmp(field->name, name) == 0)
            return true;
    return false;
}

static void unknown_key(const struct field *fields, const char *path, const char *name,
                        struct strlist *mistakes)
{
    autofree char *place = field_path(path, shown(str_of(name)).text);
    if (mistakes->count == STRLIST_MAX) { /* nobody will read it: spare the search */
        mistakes->dropped++;
        return;
    }
    const char *nearest = field_nearest(fields, str_of(name));
    if (nearest) {
        strlist_addf(mistakes, "%s: unknown key, did you mean '%s'", place, nearest);
        return;
    }
    struct buf expected = BUF(1024);
    for (const struct field *field = fields; field->name; field++)
        buf_addf(&expected, "%s %s", field == fields ? "" : ",", field->name);
    strlist_addf(mistakes, "%s: unknown key, expected one of%s", place, expected.data);
    buf_clear(&expected);
}

void fields_read(const struct field *fields, const json_t *tree, const char *path, void *target,
                 struct strlist *mistakes)
{
    if (tree && !json_is_object(tree) && !json_is_null(tree))
        strlist_addf(mistakes, "%s: %s is not a mapping", path, field_type_name(tree));
    for (const struct field *field = fields; field->name; field++) {
        autofree char *place = field_path(path, field->name);
        struct place here = {field, place, (char *)target + field->offset, mistakes};
        const json_t *value = json_object_get(tree, field->name);
        set_default(field, here.member);
        if (field->kind == FIELD_SECTION || (value && !json_is_null(value)))
            readers[field->kind](&here, value);
    }
    for (void *at = json_object_iter(field_iterable(tree)); at;
         at = json_object_iter_next(field_iterable(tree), at))
        if (!is_known(fields, json_object_iter_key(at)))
            unknown_key(fields, path, json_object_iter_key(at), mistakes);
}

void fields_done(const struct field *fields, void *target)
{
    for (const struct field *field = fields; field->name; field++) {
        void *member = (char *)target + field->offset;
        if (field->kind == FIELD_TEXT || field->kind == FIELD_WORD)
            free(*(char **)member);
        else if (field->kind == FIELD_LIST)
            strlist_clear(member);
        else if (field->kind == FIELD_SECTION)
            fields_done(field->fields, member);
    }
}
