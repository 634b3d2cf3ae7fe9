/*
 * What all commands have in common: how they describe themselves, how they read their command line,
 * and the meaning of what they return. A command is a function (argc, argv) with its own name in
 * argv[0].
 */
#ifndef SERVER_COMMAND_H
#define SERVER_COMMAND_H

#include "server/options.h"

#define PROGRAM "harbor-pg-webhook"

/* What a command returns; main() makes it the exit status. */
enum command_result {
    COMMAND_FINE = 0,
    COMMAND_FAILED = 1, /* bad input, bad configuration, could not start or tell */
    COMMAND_USAGE = 2,  /* the command line is wrong */
    COMMAND_DENIED = 3,
    COMMAND_FINDINGS = 4, /* the archive, or what was compared, is not as it has to be */
};

struct command_help {
    const char *name;     /* "patch", "certs issue" */
    const char *synopsis; /* "[--config FILE] [FILE]" */
    const char *about;    /* lines that end with "\n" */
    const struct option_row *options;
    const char *examples; /* lines that end with "\n", each indented by two blanks */
};

/* Reads a command line. Returns true with *ret to be freed by options_done(). Returns false when
 * there is nothing more to do: the help was printed to stdout, or the mistake to stderr, and
 * *ret_result is what the command returns. `most` is the largest number of arguments. */
bool command_options(const struct command_help *help, int argc, char **argv, size_t most,
                     struct options *ret, int *ret_result) __attribute__((warn_unused_result));

/* Prints "harbor-pg-webhook: text" and where the help is to stderr; gives COMMAND_USAGE. */
int command_usage_error(const char *command, const char *text);

/* Prints "harbor-pg-webhook: text" to stderr; gives COMMAND_FAILED. */
int command_failed(const char *text);

/* Whether stdout is a terminal that shows colours and nobody has set NO_COLOR (no-color.org). */
bool command_colour(void);

/* How many columns a text on stdout may have: those of the terminal, within reason. */
size_t command_width(void);

#endif
