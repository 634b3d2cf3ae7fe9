/*
 * GNU-style long options, shared by all commands: `--name value` and `--name=value`, "--" ends the
 * options, "-" is an argument. Pure: it prints nothing and does not exit.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/buf.h"
#include "base/error.h"

/* One row of a command's table; a row without a name ends it. "--help" needs no row. */
struct option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for the value in help texts: "FILE"; NULL takes none */
    bool repeatable;
    const char *help; /* one phrase */
};

struct option_given {
    const struct option_row *row;
    const char *value; /* "" for an option that takes none */
};

/* What was given, in the order of the command line; the texts are borrowed from argv. */
struct options {
    struct option_given *given;
    size_t given_count;
    const char **arguments; /* what is no option */
    size_t argument_count;
    bool help; /* "--help" or "-h" was met: the rest was not looked at */
};

/* Reads argv[1] to argv[argc - 1] by the table. Fails on an unknown option (naming the nearest), a
 * missing or superfluous value, and a second time of what is not repeatable. The caller frees *ret
 * with options_done(), also after a failure. */
bool options_parse(const struct option_row *table, int argc, char **argv, struct options *ret,
                   struct error *err) __attribute__((warn_unused_result));
void options_done(struct options *options);

/* The value of the option's time number `index` (from 0); NULL when it was not given so often. An
 * option that takes no value has "". */
const char *options_value(const struct options *options, const char *name, size_t index);

/* The value of an option that is not repeatable, or `otherwise`. */
const char *options_get(const struct options *options, const char *name, const char *otherwise);

/* Whether the option was given. */
bool options_has(const struct options *options, const char *name);

/* Adds the table as the lines of a help text, aligned. */
void options_describe(const struct option_row *table, struct buf *text);

/* Looks for the name that a person may have meant: offer all candidates, then read `name`; NULL
 * when none is near. */
struct nearest {
    struct str wanted;
    const char *name;
    size_t distance;
};
void nearest_offer(struct nearest *nearest, const char *candidate);

#endif
