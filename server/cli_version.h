/* The command `version`: which build this is and which libraries it runs with. */
#ifndef SERVER_CLI_VERSION_H
#define SERVER_CLI_VERSION_H

/* Gives an enum command_result. */
int cli_version(int argc, char **argv);

#endif
