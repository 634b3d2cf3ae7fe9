/* The commands `backups list`, `backups verify` and `backups watch`: archives of WAL-G, read and
 * judged from outside the cluster. */
#ifndef SERVER_CLI_BACKUPS_H
#define SERVER_CLI_BACKUPS_H

#include "server/command.h"

/* argv[0] is "backups"; gives an enum command_result. */
int cli_backups(int argc, char **argv);

/* One each; argv[0] is the command's own name. */
int cli_backups_list(int argc, char **argv);
int cli_backups_verify(int argc, char **argv);
int cli_backups_watch(int argc, char **argv);

extern const struct command_help backups_list_help;
extern const struct command_help backups_verify_help;
extern const struct command_help backups_watch_help;

#endif
