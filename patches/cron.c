#include "patches/cron.h"

#include "patches/shown.h"

#include <strings.h>

struct cron_field {
    const char *name;
    unsigned min, max;
    const char *words; /* three letters each, the first stands for `min`; NULL for none */
};

static const struct cron_field cron_fields[] = {
    {"minute", 0, 59, NULL},
    {"hour", 0, 23, NULL},
    {"day of month", 1, 31, NULL},
    {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {"day of week", 0, 7, "sunmontuewedthufrisat"},
};
#define CRON_FIELDS (sizeof(cron_fields) / sizeof(cron_fields[0]))

/* What stands before the first `separator`, or all; leaves in *text what is behind it. */
static struct str split(struct str *text, struct str separator)
{
    long end = str_find(*text, separator);
    struct str part = {text->data, end < 0 ? text->length : (size_t)end};
    *text = end < 0 ? STR_NONE : str_skip(*text, part.length + 1);
    return part;
}

static bool word_value(const struct cron_field *field, struct str text, uint64_t *ret)
{
    if (!field->words || !text.data || text.length != 3)
        return false;
    for (unsigned i = 0; field->words[3 * i]; i++)
        if (strncasecmp(field->words + 3 * i, text.data, 3) == 0) {
            *ret = field->min + i;
            return true;
        }
    return false;
}

static bool value(const struct cron_field *field, struct str text, uint64_t *ret)
{
    return word_value(field, text, ret) ||
           (str_number(text, ret) && *ret >= field->min && *ret <= field->max);
}

/* One of a list: '*', a number or a range, and a step behind '/'. */
static bool item_valid(const struct cron_field *field, struct str item)
{
    uint64_t number;
    uint64_t last;
    struct str range = split(&item, STR("/"));
    if (item.data && (!str_number(item, &number) || number == 0))
        return false;
    if (str_is(range, "*"))
        return true;
    struct str first = split(&range, STR("-"));
    if (!value(field, first, &number))
        return false;
    return !range.data || (value(field, range, &last) && number <= last);
}

static bool list_valid(const struct cron_field *field, struct str list)
{
    do {
        if (!item_valid(field, split(&list, STR(","))))
            return false;
    } while (list.data);
    return true;
}

bool cron_valid(struct str text, struct error *err)
{
    struct str rest = str_trim(text);
    for (size_t i = 0; i < CRON_FIELDS; i++) {
        struct str field = split(&rest, STR(" "));
        rest = str_trim(rest);
        if (!field.length)
            return error_set(err, "'%s' has %zu fields, expected five such as '0 1 * * *'",
                             shown(text).text, i);
        if (!list_valid(&cron_fields[i], field))
            return error_set(err, "'%s' is no %s of cron (%u to %u) in '%s'", shown(field).text,
                             cron_fields[i].name, cron_fields[i].min, cron_fields[i].max,
                             shown(text).text);
    }
    if (rest.length)
        return error_set(err, "'%s' has more than five fields, expected such as '0 1 * * *'",
                         shown(text).text);
    return true;
}
