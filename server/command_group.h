/* A command that consists of commands: `certs` of `certs issue`, `certs show` and `certs verify`.
 */
#ifndef SERVER_COMMAND_GROUP_H
#define SERVER_COMMAND_GROUP_H

#include "server/command.h"

/* One of them; it finds its own name in argv[0] and gives an enum command_result. */
struct command_of_group {
    const char *name;
    int (*run)(int argc, char **argv);
    const struct command_help *help;
    const char *about; /* one line */
};

struct command_group {
    const char *name;  /* "certs" */
    const char *about; /* lines that end with "\n", and an empty one; "" for none */
    const struct command_of_group *commands;
    size_t count;
};

/* Runs the one that argv[1] names, or prints what there is. Returns an enum command_result. */
int command_group_run(const struct command_group *group, int argc, char **argv);

#endif
