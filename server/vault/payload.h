/*
 * What is inside an archive: the Secrets of one namespace as a Kubernetes List, so that kubectl
 * takes it as it is, with a few words about where it is from. Pure. What holds values is to be
 * cleared by whoever owns it.
 */
#ifndef SERVER_VAULT_PAYLOAD_H
#define SERVER_VAULT_PAYLOAD_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

/* Where and when Secrets were read; texts borrowed. */
struct vault_origin {
    const char *created; /* RFC 3339 in UTC */
    const char *tool;    /* our version */
    const char *cluster; /* what a person calls it, or the API server's address */
    const char *namespace;
    const char *harbor_cluster; /* NULL: none */
};

/* An archive's content. */
struct vault_payload {
    json_t *json;               /* owned */
    struct vault_origin origin; /* borrowed from it */
    const json_t *secrets;      /* an array, each item as vault_secret_kept() gives it */
};

/* The annotations that are kept begin with this. */
#define VAULT_ANNOTATION "harbor-pg-webhook/"

/* What of a Secret is kept: name, namespace, type, data, immutable, labels, our own annotations.
 * Owners, uid, resourceVersion and managedFields belong to the cluster that it is from; foreign
 * annotations do too (kubectl's own even holds the values). A new reference; NULL with an error
 * that names the Secret when it is none. */
json_t *vault_secret_kept(const json_t *secret, struct error *err)
    __attribute__((warn_unused_result));

/* The Secret's name, and the text of its `type`; borrowed. */
const char *vault_secret_name(const json_t *secret);
const char *vault_secret_type(const json_t *secret);

/* A payload of Secrets (an array of what vault_secret_kept() gave; takes the reference). */
void vault_payload_new(const struct vault_origin *origin, json_t *secrets,
                       struct vault_payload *ret);

/* Adds its text to the empty buffer, in one piece. */
bool vault_payload_write(const struct vault_payload *payload, struct buf *text, struct error *err)
    __attribute__((warn_unused_result));

/* Reads it again, strictly: each Secret is well-formed, of this namespace and there once. Errors
 * never quote a value. */
bool vault_payload_read(struct str text, struct vault_payload *ret, struct error *err)
    __attribute__((warn_unused_result));

void vault_payload_done(struct vault_payload *payload);

/* Whether the text is one line of UTF-8 that a terminal shows as it is: what comes from an archive
 * is. */
bool vault_is_line(const char *text);

/* Reads the words about the origin out of an object of them; false when one is missing or no
 * line. */
bool vault_origin_read(const json_t *json, struct vault_origin *ret)
    __attribute__((warn_unused_result));

/* Adds them to the object. */
void vault_origin_write(json_t *json, const struct vault_origin *origin);

#endif
