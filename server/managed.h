/*
 * Mode managed: certificates that look after themselves. A thread keeps the CA in its Secret, our
 * own leaf in memory, and the caBundle of the webhook configurations as they should be, together
 * with any other replica, without a leader: whoever is first wins, the other reads again.
 */
#ifndef SERVER_MANAGED_H
#define SERVER_MANAGED_H

#include "server/keeper.h"
#include "server/kube.h"

struct managed;

/* Starts the thread, which hands each leaf to the keeper. Takes a reference to the configuration;
 * keeper and log are borrowed. Fails for names that Kubernetes does not know and outside of a
 * cluster; what fails later is logged, told by managed_trusted(), and tried again. The caller ends
 * it with managed_free(). */
bool managed_start(struct config *config, const struct kube_pod *pod, struct keeper *keeper,
                   struct log *log, struct managed **ret, struct error *err)
    __attribute__((warn_unused_result));
void managed_free(struct managed *managed);

/* Whether the API server trusts what is served: every entry of every configuration that is there
 * accepts it. When the API server cannot be asked, the last known answer stands. From any thread.
 */
bool managed_trusted(struct managed *managed, struct error *err)
    __attribute__((warn_unused_result));

#endif
