/*
 * The certificates of a PEM text in their order (a server's chain has the leaf first, a CA bundle
 * any order), what each of them says, and the questions a TLS client asks about them (RFC 5280,
 * RFC 6125). No clock: time is a parameter, in seconds UTC.
 */
#ifndef CERTS_CHAIN_H
#define CERTS_CHAIN_H

#include "base/error.h"
#include "base/strlist.h"

/* Largest PEM text in bytes, and most certificates in one. */
#define CHAIN_PEM_MAX (1024u * 1024)
#define CHAIN_COUNT_MAX 256

/* A PEM text and what messages call it (a path). */
struct pem_text {
    const char *name;
    struct str text;
};

/* What a certificate says. Texts are printable ASCII whatever the certificate holds. */
struct certificate {
    char *subject; /* as RFC 2253, most specific part first; "" when empty */
    char *issuer;
    char *serial;         /* hexadecimal */
    char *key_type;       /* "ECDSA P-256", "RSA 2048" */
    char *fingerprint;    /* SHA-256 of the whole certificate, "AB:CD:..." */
    struct strlist names; /* DNS names and IP addresses of the subjectAltName extension */
    int64_t not_before;
    int64_t not_after;
    bool is_ca;
};

struct chain;

/* Reads every certificate of the text; blocks of other kinds are skipped. Fails with the name of
 * the text when there is none, one is damaged, or a limit is passed. The caller frees. */
bool chain_parse(struct pem_text pem, struct chain **ret, struct error *err)
    __attribute__((warn_unused_result));
void chain_free(struct chain *chain);
void chain_drop(struct chain **chain); /* for cleanup() */

/* How many there are (at least one), and one of them; borrowed. */
size_t chain_count(const struct chain *chain);
const struct certificate *chain_at(const struct chain *chain, size_t index);

/* Whether the first certificate is for this DNS name or IP address. As the API server judges: by
 * subjectAltName alone, the common name does not count. */
bool chain_has_name(const struct chain *chain, const char *name);

/* Whether every certificate a client looks at (the first one and the intermediates, not a root that
 * is sent along) is valid at `now`; says which is not, since when, and what to do. */
bool chain_check_time(const struct chain *chain, int64_t now, struct error *err)
    __attribute__((warn_unused_result));

/* Whether a client that trusts exactly the certificates of `bundle` accepts the first certificate
 * of `chain` as a server's at `now`, the others being intermediates. As in Go, anything in the
 * bundle is trusted, be it a root or not. */
bool chain_verify(const struct chain *chain, const struct chain *bundle, int64_t now,
                  struct error *err) __attribute__((warn_unused_result));

/* Writes the time as RFC 3339 in UTC, "2026-11-20T02:00:00Z", and returns the text. */
#define CHAIN_TIME_SIZE 32
const char *chain_time(int64_t seconds, char text[CHAIN_TIME_SIZE]);

#endif
