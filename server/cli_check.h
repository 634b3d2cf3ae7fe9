/* The command `check`: finds every mistake in a configuration and in restore ConfigMaps. */
#ifndef SERVER_CLI_CHECK_H
#define SERVER_CLI_CHECK_H

/* Runs the command; argv[0] is "check". Gives an enum command_result. */
int cli_check(int argc, char **argv);

#endif
