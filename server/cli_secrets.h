/* The command `secrets`: encrypted copies of Secrets outside the cluster. */
#ifndef SERVER_CLI_SECRETS_H
#define SERVER_CLI_SECRETS_H

/* Runs it; argv[0] is its own name. Returns an enum command_result. */
int cli_secrets(int argc, char **argv);

/* Its parts; argv[0] is their own name. */
int cli_secrets_backup(int argc, char **argv);
int cli_secrets_restore(int argc, char **argv);
int cli_secrets_list(int argc, char **argv);

#endif
