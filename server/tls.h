/*
 * The TLS side of the webhook port: the certificate that is served and the CAs that callers must
 * come from. Both are replaced while connections are being made: a handshake works on its own copy.
 * The only file that knows GnuTLS.
 */
#ifndef SERVER_TLS_H
#define SERVER_TLS_H

#include "base/error.h"
#include "base/str.h"

struct tls;

/* TLS without a certificate: every handshake fails until tls_set_pair(). The caller frees. */
struct tls *tls_new(void) __attribute__((warn_unused_result));
void tls_free(struct tls *tls);

/* Serves this chain and key (PEM) from the next handshake on. On failure the old pair stays. */
bool tls_set_pair(struct tls *tls, struct str certificates, struct str key, struct error *err)
    __attribute__((warn_unused_result));

/* Asks callers for a certificate that one of these CAs (PEM) signed; STR_NONE asks no longer. On
 * failure the old CAs stay. */
bool tls_set_client_ca(struct tls *tls, struct str certificates, struct error *err)
    __attribute__((warn_unused_result));

enum tls_client {
    TLS_CLIENT_FINE, /* or callers need no certificate */
    TLS_CLIENT_ABSENT,
    TLS_CLIENT_REFUSED,
};

/* Judges the caller's certificate by the CAs of now; `session` is the connection's. */
enum tls_client tls_check_client(struct tls *tls, void *session, struct error *err);

/* For the HTTP library: TLS 1.2 and later, the function that is asked for a certificate (a
 * gnutls_certificate_retrieve_function3), and what has to be called for each new session before its
 * handshake. */
extern const char *const tls_priorities;
void (*tls_retrieve_function(void))(void);
void tls_attach(struct tls *tls, void *session);

/* The version of GnuTLS in use. */
const char *tls_library_version(void);

#endif
