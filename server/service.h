/*
 * What the two ports do: the routes, the checks that come before a decision, the decision itself,
 * health, numbers, and the log line of each.
 */
#ifndef SERVER_SERVICE_H
#define SERVER_SERVICE_H

#include "server/http.h"
#include "server/keeper.h"
#include "server/log.h"
#include "server/managed.h"
#include "server/metrics.h"
#include "server/routes.h"
#include "server/snapshot.h"

#include <stdatomic.h>

/* Everything borrowed. */
struct service {
    struct log *log;
    struct metrics *metrics;
    struct snapshot *snapshot;
    struct tls *tls;
    struct keeper *keeper;
    struct managed *managed; /* NULL in other modes */
    atomic_bool draining;
};

struct service_port {
    struct service *service;
    enum port port;
};

/* The handler of a port, which it borrows. */
struct http_handler service_handler(struct service_port *port);

/* Whether the process should get requests at `now` (seconds UTC); adds one line for each reason
 * why not. */
bool service_ready(const struct service *service, int64_t now, struct buf *why);

#endif
