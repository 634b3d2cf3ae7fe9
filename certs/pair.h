/*
 * A server's certificate chain and private key, checked: what a TLS server may serve and a Go
 * client (the API server) accepts. No clock, no files.
 */
#ifndef CERTS_PAIR_H
#define CERTS_PAIR_H

#include "base/buf.h"
#include "certs/chain.h"

/* Immutable once made. */
struct pair {
    struct chain *chain;     /* leaf first */
    struct buf certificates; /* the PEM texts that were checked */
    struct buf key;          /* overwritten by pair_free() */
};

/* Takes a copy of both texts (neither absent) when they fit each other and are usable: the key is
 * plain and belongs to the first certificate, which has names and may be a server's, and no key or
 * signature is one that Go refuses. On failure the error lists everything that is wrong. Dates are
 * not looked at here: see chain_check_time(). The caller frees. */
bool pair_new(struct pem_text certificates, struct pem_text key, struct pair **ret,
              struct error *err) __attribute__((warn_unused_result));
void pair_free(struct pair *pair);

/* Whether both can be read and the key belongs to the first certificate: what a client that shows
 * them needs. Names both. */
bool pair_matches(struct pem_text certificates, struct pem_text key, struct error *err)
    __attribute__((warn_unused_result));

/* What pair_findings() looks at; texts that are absent (STR_NONE) and a list that is NULL are not
 * judged. */
struct pair_question {
    struct pem_text certificates;
    struct pem_text key;
    struct pem_text bundle; /* the CA certificates that clients trust */
    const struct strlist *names;
    int64_t now;
};

/* Adds one text for everything that is wrong with the pair, each with the way out; nothing when a
 * client that trusts the bundle would be served. */
void pair_findings(const struct pair_question *question, struct strlist *findings);

#endif
