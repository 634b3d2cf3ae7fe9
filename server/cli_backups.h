/* The commands `backups list`, `backups verify` and `backups watch`: archives of WAL-G, read and
 * judged from outside the cluster. */
#ifndef SERVER_CLI_BACKUPS_H
#define SERVER_CLI_BACKUPS_H

/* argv[0] is "backups"; gives an enum command_result. */
int cli_backups(int argc, char **argv);

/* One each; argv[0] is the command's own name. */
int cli_backups_list(int argc, char **argv);
int cli_backups_verify(int argc, char **argv);
int cli_backups_watch(int argc, char **argv);

#endif
