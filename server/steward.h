/*
 * One look at everything that mode managed takes care of: the CA in its Secret, our own leaf, and
 * the caBundle of the webhook configurations; and what has to be done about it. Other replicas, and
 * other versions of us, do the same at the same time: whoever writes first wins.
 */
#ifndef SERVER_STEWARD_H
#define SERVER_STEWARD_H

#include "server/keeper.h"
#include "server/kube.h"

struct steward;

/* Takes the names that the configuration (borrowed, as everything here) gives to Secret, Service
 * and webhook configurations; fails for one that Kubernetes does not know. The caller frees. */
bool steward_new(const struct config_managed *config, struct kube *kube, struct keeper *keeper,
                 struct log *log, struct steward **ret, struct error *err)
    __attribute__((warn_unused_result));
void steward_free(struct steward *steward);

/* Looks, and does what is due at `now` (seconds UTC) at the time `clock` (http_clock()); changes
 * are logged. False when something could not be done; the rest was. Not from two threads at once.
 */
bool steward_look(struct steward *steward, int64_t now, uint64_t clock, struct error *err)
    __attribute__((warn_unused_result));

/* Whether the API server trusts what we serve, as far as is known since the last look. */
bool steward_trusted(const struct steward *steward, struct error *err)
    __attribute__((warn_unused_result));

#endif
