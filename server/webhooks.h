/*
 * Webhook configurations (admissionregistration.k8s.io/v1) as JSON: which entries call our Service,
 * whom these trust, and the patch that makes them trust us. Pure.
 */
#ifndef SERVER_WEBHOOKS_H
#define SERVER_WEBHOOKS_H

#include "base/buf.h"
#include "certs/authority.h"

#include <jansson.h>

/* The Service whose entries are ours; other entries are none of our business. */
struct webhooks_service {
    const char *namespace;
    const char *name;
};

/* The JSON Patch (a new reference) that gives every entry of ours this bundle (PEM) and touches
 * nothing else; it applies only to the very version and entries that were looked at. NULL when all
 * have it. */
json_t *webhooks_patch(const json_t *configuration, const struct webhooks_service *service,
                       struct str bundle) __attribute__((warn_unused_result));

/* Whether every entry of ours trusts the CA that signs. */
bool webhooks_know(const json_t *configuration, const struct webhooks_service *service,
                   const struct authority *authority);

/* Whether every entry of ours accepts this server's certificate at `now` (seconds UTC). The error
 * names the first that does not, as "entry 2 ('name')". */
bool webhooks_accept(const json_t *configuration, const struct webhooks_service *service,
                     const struct chain *leaf, int64_t now, struct error *err)
    __attribute__((warn_unused_result));

#endif
