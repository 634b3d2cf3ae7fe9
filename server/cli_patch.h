/* The command `patch`: decides offline, as the server would, and prints what it would answer. */
#ifndef SERVER_CLI_PATCH_H
#define SERVER_CLI_PATCH_H

/* argv[0] is "patch"; gives an enum command_result. */
int cli_patch(int argc, char **argv);

#endif
