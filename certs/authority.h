/*
 * The webhook's own CA, as it lies in a Secret that several replicas, and several versions of them,
 * share. A successor is made known before it signs, and an old CA stays known until nothing that it
 * signed can be alive: so every certificate that is served is trusted at every moment. Pure: the
 * caller reads and writes the Secret, publishes the bundle, and says what time it is.
 */
#ifndef CERTS_AUTHORITY_H
#define CERTS_AUTHORITY_H

#include "certs/ca.h"
#include "certs/chain.h"

/* The life of a CA and of what it signs, in days. */
#define AUTHORITY_CA_DAYS 365
#define AUTHORITY_LEAF_DAYS 7

/* The keys of the Secret that are ours; others are none of our business. */
enum authority_key {
    AUTHORITY_CA,        /* ca.crt: the certificate (one) of the CA that signs */
    AUTHORITY_CA_KEY,    /* ca.key */
    AUTHORITY_NEXT,      /* next.crt: its successor, known but not signing yet; may be absent */
    AUTHORITY_NEXT_KEY,  /* next.key */
    AUTHORITY_OLD,       /* old.crt: those that signed before; may be absent */
    AUTHORITY_OLD_UNTIL, /* old.until: when the last of what these signed ends, RFC 3339 in UTC */
    AUTHORITY_KEYS
};
extern const char *const authority_key_names[AUTHORITY_KEYS];

struct authority;

/* Judges what a Secret holds, one text for each key ("" for none). Nothing at all is an authority
 * without a CA yet; half of something, or what does not fit together, is an error that names the
 * key. The caller frees. */
bool authority_open(const struct str texts[AUTHORITY_KEYS], struct authority **ret,
                    struct error *err) __attribute__((warn_unused_result));
void authority_free(struct authority *authority);
void authority_drop(struct authority **authority); /* for cleanup() */

/* What the Secret should hold under the key; "" for nothing. Borrowed. */
struct str authority_text(const struct authority *authority, enum authority_key key);

/* What to do next; after each step the Secret is to be written before anything else is done. */
enum authority_step {
    AUTHORITY_KEEP,
    AUTHORITY_CREATE,   /* make a CA: there is none, or none that any client still accepts */
    AUTHORITY_PREPARE,  /* make a successor: two thirds of the CA's life are over */
    AUTHORITY_ACTIVATE, /* the successor signs from now on */
    AUTHORITY_FORGET,   /* nothing that the old ones signed is alive */
};

/* The step that is due at `now` (seconds UTC). `published`: everybody who trusts this CA has known
 * the whole bundle for a while. */
enum authority_step authority_step(const struct authority *authority, int64_t now, bool published);

/* Does the step. After a failure the authority is good for nothing but authority_free(). */
bool authority_do(struct authority *authority, enum authority_step step, int64_t now,
                  struct error *err) __attribute__((warn_unused_result));

/* Adds everything that clients are to trust, as PEM: the CA, its successor, the old ones. */
void authority_bundle(const struct authority *authority, struct buf *bundle);

/* The CA that signs; NULL when there is none. Borrowed until the next step. */
const struct certificate *authority_ca(const struct authority *authority);

/* Whether somebody who trusts these certificates trusts the CA that signs. */
bool authority_known_to(const struct authority *authority, const struct chain *bundle);

/* Whether a server that serves `leaf` (NULL for nothing) should issue itself another one: it gets
 * old, or another CA signed it than the one that signs now. `known`: everybody trusts that one; as
 * long as they do not, a leaf that is still valid is the better one. */
bool authority_leaf_due(const struct authority *authority, const struct chain *leaf, int64_t now,
                        bool known);

/* Issues a server's certificate for the names; as ca_issue(). */
bool authority_issue(const struct authority *authority, const struct strlist *names, int64_t now,
                     struct ca_pair *ret, struct error *err) __attribute__((warn_unused_result));

#endif
