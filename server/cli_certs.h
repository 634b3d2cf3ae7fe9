/* The commands `certs issue`, `certs show` and `certs verify`: certificates made and judged
 * offline, by the code that the server uses. */
#ifndef SERVER_CLI_CERTS_H
#define SERVER_CLI_CERTS_H

/* argv[0] is "certs"; gives an enum command_result. */
int cli_certs(int argc, char **argv);

#endif
