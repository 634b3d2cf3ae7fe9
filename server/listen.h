/* Listening TCP sockets. */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "base/buf.h"
#include "base/error.h"

/* Opens a socket that listens on "host:port" or "[v6]:port"; port 0 lets the kernel choose. The
 * caller closes it. */
bool listen_open(const char *address, int *ret_fd, struct error *err)
    __attribute__((warn_unused_result));

/* Adds the address that the socket really has, as listen_open() takes it. */
void listen_name(int fd, struct buf *name);

/* Lets no further client begin: a connection that is being made is still completed, a new one is
 * not answered (the client's kernel asks again after a second). Where a sandbox does not allow
 * that, clients go on connecting. */
void listen_last_call(int fd);

/* How many connections are complete and wait to be accepted. */
unsigned listen_waiting(int fd);

/* Splits an address: *ret_host gets the host without brackets, *ret_port the port's digits; both
 * borrowed. */
bool listen_split(const char *address, struct str *ret_host, struct str *ret_port,
                  struct error *err) __attribute__((warn_unused_result));

#endif
