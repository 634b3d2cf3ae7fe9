/*
 * A small client of the Kubernetes API server: single objects by name, as JSON. HTTPS, no proxy, no
 * redirect; a token file is read again when it changes. Token and key are never told.
 */
#ifndef SERVER_KUBE_H
#define SERVER_KUBE_H

#include "server/kube_access.h"

/* Largest answer, in bytes: what etcd takes for one object, and managedFields. */
#define KUBE_ANSWER_MAX (4u * 1024 * 1024)

enum kube_status {
    KUBE_DONE,
    KUBE_UNREACHABLE,  /* no answer: network, TLS, time, or an answer that is none */
    KUBE_UNAUTHORIZED, /* 401 */
    KUBE_FORBIDDEN,    /* 403 */
    KUBE_ABSENT,       /* 404 */
    KUBE_CONFLICT,     /* 409: it has changed, or is there already; 410; 422 for a patch */
    KUBE_BUSY,         /* 429, 503 */
    KUBE_REFUSED,      /* anything else */
};

/* One object; texts borrowed. Both parts are safe in a path. */
struct kube_object {
    const char *collection; /* "/api/v1/namespaces/x/secrets" */
    const char *name;
    const char *verbs; /* what RBAC has to allow, for messages: "get and update of this Secret" */
};

struct kube;

/* Takes over what *access holds and leaves it empty. Does not talk to anybody yet. One thread at a
 * time uses it. The caller frees. */
struct kube *kube_new(struct kube_access *access) __attribute__((warn_unused_result));
void kube_free(struct kube *kube);

/* From now on (`on`) writes are only tried: the API server checks them like real ones, permission
 * and admission too, and stores nothing. */
void kube_rehearse(struct kube *kube, bool on);

/* Asks; on KUBE_DONE *ret is the object as the API server has it now (the caller lets go; a NULL
 * for `ret` is fine for all writes). Otherwise the error says "secrets/name: " and what happened,
 * in the API server's own words where there are some. */
enum kube_status kube_get(struct kube *kube, const struct kube_object *object, json_t **ret,
                          struct error *err) __attribute__((warn_unused_result));

/* Creates the object in its collection; KUBE_CONFLICT when there is one of that name. */
enum kube_status kube_create(struct kube *kube, const struct kube_object *object,
                             const json_t *content, json_t **ret, struct error *err)
    __attribute__((warn_unused_result));

/* Replaces the object; its metadata.resourceVersion decides whether it is still the one that the
 * caller read. */
enum kube_status kube_put(struct kube *kube, const struct kube_object *object,
                          const json_t *content, json_t **ret, struct error *err)
    __attribute__((warn_unused_result));

/* Applies a JSON Patch (RFC 6902). */
enum kube_status kube_patch(struct kube *kube, const struct kube_object *object,
                            const json_t *patch, json_t **ret, struct error *err)
    __attribute__((warn_unused_result));

/* Seconds that the last answer asked to wait (Retry-After); 0 for none. */
unsigned kube_retry_after(const struct kube *kube);

/* Ends a call that is under way, and every later one, with KUBE_UNREACHABLE. From any thread. */
void kube_cancel(struct kube *kube);

#endif
