/*
 * A small client of the Kubernetes API server, from inside the cluster: single objects by name,
 * as JSON. HTTPS with the cluster's CA only, no proxy, no redirect; token and CA are files that the
 * kubelet renews. The token is never told.
 */
#ifndef SERVER_KUBE_H
#define SERVER_KUBE_H

#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

/* Largest answer, in bytes: what etcd takes for one object, and managedFields. */
#define KUBE_ANSWER_MAX (4u * 1024 * 1024)

enum kube_status {
    KUBE_DONE,
    KUBE_UNREACHABLE,  /* no answer: network, TLS, time, or an answer that is none */
    KUBE_UNAUTHORIZED, /* 401 */
    KUBE_FORBIDDEN,    /* 403 */
    KUBE_ABSENT,       /* 404 */
    KUBE_CONFLICT,     /* 409; 410; 422 for a patch: the object is not what the caller knew */
    KUBE_BUSY,         /* 429, 503 */
    KUBE_REFUSED,      /* anything else */
};

/* One object; texts borrowed. Both parts are safe in a path. */
struct kube_object {
    const char *collection; /* "/api/v1/namespaces/x/secrets" */
    const char *name;
    const char *verbs; /* what RBAC has to allow, for messages: "get and update of this Secret" */
};

/* Where the API server is and who we are. */
struct kube_place {
    const char *host;   /* a name or an address, IPv6 without brackets */
    const char *port;   /* decimal */
    const char *folder; /* holds the files token and ca.crt; NULL = where the kubelet puts them */
};

struct kube;

/* Does not talk to anybody yet. Fails when the place is incomplete (not in a cluster). One thread
 * at a time uses it. The caller frees. */
bool kube_new(const struct kube_place *place, struct kube **ret, struct error *err)
    __attribute__((warn_unused_result));
void kube_free(struct kube *kube);

/* Asks; on KUBE_DONE *ret is the object as the API server has it now (the caller lets go).
 * Otherwise the error says "secrets/name: " and what happened, in the API server's own words where
 * there are some. */
enum kube_status kube_get(struct kube *kube, const struct kube_object *object, json_t **ret,
                          struct error *err) __attribute__((warn_unused_result));

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
