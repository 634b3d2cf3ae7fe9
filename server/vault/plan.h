/*
 * What a restore does with one Secret, decided from the archived one and the one that is there.
 * Never shows a value. Pure.
 */
#ifndef SERVER_VAULT_PLAN_H
#define SERVER_VAULT_PLAN_H

#include "base/strlist.h"
#include "certs/digest.h"
#include "server/vault/payload.h"

enum vault_action {
    VAULT_CREATE,
    VAULT_SAME,      /* is there, with the same content */
    VAULT_OVERWRITE, /* is there and differs, and somebody said that it is to be overwritten */
    VAULT_DIFFERS,   /* is there and differs: left alone */
    VAULT_REFUSED,   /* cannot be restored, whatever somebody says */
};

struct vault_decision {
    enum vault_action action;
    const char *reason; /* of VAULT_DIFFERS and VAULT_REFUSED, with the way out: a literal */
};

/* `live` is NULL when there is none. */
struct vault_decision vault_decide(const json_t *archived, const json_t *live, bool overwrite);

/* The object to send to the API server, named so in that namespace. To create it: what was
 * archived. To overwrite: `live` with the data of the archived one, its resourceVersion included,
 * so that nobody's change in between is lost. A new reference, to be cleared. */
json_t *vault_object(const json_t *archived, const json_t *live, const char *name,
                     const char *namespace) __attribute__((warn_unused_result));

/* Adds a line for each key that differs: "+ key" (would come), "- key" (would go), or "~ key" with
 * hashes of both values that mean something within this run only. */
void vault_changes(const json_t *archived, const json_t *live, const struct salt *salt,
                   struct strlist *lines);

/* The bytes of one key of a Secret; false when there is none. The caller clears the buffer. */
bool vault_value(const json_t *secret, const char *key, struct buf *ret)
    __attribute__((warn_unused_result));

#endif
