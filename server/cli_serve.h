/* The command `serve`: the server, from the command line. */
#ifndef SERVER_CLI_SERVE_H
#define SERVER_CLI_SERVE_H

/* argv[0] is "serve"; gives an enum command_result. */
int cli_serve(int argc, char **argv);

#endif
