/* The command `explain`: decides offline, as the server would, and tells rule by rule why. */
#ifndef SERVER_CLI_EXPLAIN_H
#define SERVER_CLI_EXPLAIN_H

/* argv[0] is "explain"; gives an enum command_result. */
int cli_explain(int argc, char **argv);

#endif
