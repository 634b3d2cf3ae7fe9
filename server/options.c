#include "server/options.h"

#include "base/mem.h"

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    /* Two edits are one swapped pair; more than half of the text is no typo any more. */
    size_t distance = str_distance(nearest->wanted, str_of(candidate));
    if (distance > 2 || distance * 2 > nearest->wanted.length)
        return;
    if (nearest->name && distance >= nearest->distance)
        return;
    nearest->name = candidate;
    nearest->distance = distance;
}

static bool unknown(const struct option_row *table, const char *argument, struct str name,
                    struct error *err)
{
    struct nearest nearest = {.wanted = name};
    for (const struct option_row *row = table; row->name; row++)
        nearest_offer(&nearest, row->name);
    nearest_offer(&nearest, "help");
    int length = (int)strcspn(argument, "=");
    if (!nearest.name)
        return error_set(err, "unknown option '%.*s'", length, argument);
    return error_set(err, "unknown option '%.*s', did you mean '--%s'", length, argument,
                     nearest.name);
}

static const struct option_row *find_row(const struct option_row *table, struct str name)
{
    for (const struct option_row *row = table; row->name; row++)
        if (str_is(name, row->name))
            return row;
    return NULL;
}

/* Takes the option at argv[*at], and the value behind it. */
static bool take_option(const struct option_row *table, int argc, char **argv, int *at,
                        struct options *options, struct error *err)
{
    const char *argument = argv[*at];
    const char *text = argument + (argument[1] == '-' ? 2 : 1);
    struct str name = {text, strcspn(text, "=")};
    const char *value = text[name.length] == '=' ? text + name.length + 1 : NULL;

    const struct option_row *row = argument[1] == '-' ? find_row(table, name) : NULL;
    if (!row)
        return unknown(table, argument, name, err);
    if (!row->repeatable && options_has(options, row->name))
        return error_set(err, "option '--%s' is given twice", row->name);
    if (!row->value && value)
        return error_set(err, "option '--%s' takes no value", row->name);
    if (row->value && !value) {
        if (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0)
            return error_set(err, "option '--%s' needs a value (%s)", row->name, row->value);
        value = argv[++*at];
    }
    if (row->value && !*value)
        return error_set(err, "option '--%s' needs a value (%s), not an empty one", row->name,
                         row->value);
    options->given[options->given_count++] = (struct option_given){row, value ? value : ""};
    return true;
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

bool options_parse(const struct option_row *table, int argc, char **argv, struct options *ret,
                   struct error *err)
{
    size_t room = argc > 0 ? (size_t)argc : 1;
    *ret = (struct options){.given = xcalloc(room, sizeof(*ret->given)),
                            .arguments = xcalloc(room, sizeof(*ret->arguments))};
    bool only_arguments = false;
    for (int i = 1; i < argc; i++) {
        bool option = !only_arguments && argv[i][0] == '-' && argv[i][1] != '\0';
        if (!option) {
            ret->arguments[ret->argument_count++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (is_help(argv[i])) {
            ret->help = true;
            return true;
        } else if (!take_option(table, argc, argv, &i, ret, err)) {
            return false;
        }
    }
    return true;
}

void options_done(struct options *options)
{
    free(options->given);
    free(options->arguments);
    *options = (struct options){0};
}

const char *options_value(const struct options *options, const char *name, size_t index)
{
    for (size_t i = 0; i < options->given_count; i++)
        if (strcmp(options->given[i].row->name, name) == 0 && index-- == 0)
            return options->given[i].value;
    return NULL;
}

const char *options_get(const struct options *options, const char *name, const char *otherwise)
{
    const char *value = options_value(options, name, 0);
    return value ? value : otherwise;
}

bool options_has(const struct options *options, const char *name)
{
    return options_value(options, name, 0) != NULL;
}

static size_t row_width(const struct option_row *row)
{
    return strlen("--") + strlen(row->name) + (row->value ? 1 + strlen(row->value) : 0);
}

void options_describe(const struct option_row *table, struct buf *text)
{
    static const struct option_row help = {"help", NULL, false, "this text"};
    size_t width = row_width(&help);
    for (const struct option_row *row = table; row->name; row++)
        width = row_width(row) > width ? row_width(row) : width;

    for (const struct option_row *row = table;; row++) {
        const struct option_row *shown = row->name ? row : &help;
        buf_addf(text, "  --%s%s%s%*s  %s%s\n", shown->name, shown->value ? " " : "",
                 shown->value ? shown->value : "", (int)(width - row_width(shown)), "", shown->help,
                 shown->repeatable ? " (may be repeated)" : "");
        if (!row->name)
            return;
    }
}
