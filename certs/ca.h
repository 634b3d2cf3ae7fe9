/*
 * A certificate authority of our own and the server certificates that it signs (RFC 5280): ECDSA
 * P-256 with SHA-256. Keys and serials come from OpenSSL's random generator; the time is given.
 */
#ifndef CERTS_CA_H
#define CERTS_CA_H

#include "base/buf.h"
#include "base/error.h"
#include "base/strlist.h"

/* Longest life of a certificate, and the largest number of names in one. */
#define CA_DAYS_MAX 36500u
#define CA_NAMES_MAX 100

/* A certificate and its private key (PKCS#8, not encrypted), as PEM texts. */
struct ca_pair {
    struct buf certificate;
    struct buf key;
};

/* Makes a CA with this common name that signs servers' certificates and nothing below: valid from
 * one hour before `now` (clocks differ) until `days` after it. `now` is seconds UTC. The caller
 * frees with ca_pair_done(). */
bool ca_make(const char *name, unsigned days, int64_t now, struct ca_pair *ret, struct error *err)
    __attribute__((warn_unused_result));

/* Whether ca_issue() takes the names: 1 to CA_NAMES_MAX, each a DNS name in lower case ("*." may
 * begin it) or an IP address. */
bool ca_check_names(const struct strlist *names, struct error *err)
    __attribute__((warn_unused_result));

/* Issues a TLS server's certificate for the names; the common name is the first one, cut to the 64
 * characters it may have. Dates as in ca_make(), but never beyond the CA's own end. The caller
 * frees with ca_pair_done(). */
bool ca_issue(const struct ca_pair *ca, const struct strlist *names, unsigned days, int64_t now,
              struct ca_pair *ret, struct error *err) __attribute__((warn_unused_result));

/* Frees both texts; the key is overwritten first. */
void ca_pair_done(struct ca_pair *pair);

#endif
