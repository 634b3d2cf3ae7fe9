/* Which paths there are on which port: one table. */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "base/str.h"
#include "server/admit.h"

enum port { PORT_WEBHOOK, PORT_PLAIN };

enum endpoint { ENDPOINT_ADMIT, ENDPOINT_LIVEZ, ENDPOINT_READYZ, ENDPOINT_METRICS };

struct route {
    enum port port;
    const char *allow;   /* the methods, as in the Allow header */
    const char *pattern; /* the label `path` of the metrics; ends with {profile} or is exact */
    enum endpoint endpoint;
    enum admit_kind kind; /* of ENDPOINT_ADMIT */
};

/* The label for every path that is in no row. */
#define ROUTES_OTHER "other"

/* The row for a path as it was sent (nothing is unescaped), NULL when there is none. *ret_profile
 * gets the last segment of a pattern with {profile}: always a DNS label, borrowed from `path`. */
const struct route *routes_find(enum port port, struct str path, struct str *ret_profile);

/* Whether the route takes the method: one of those in `allow`. */
bool routes_allows(const struct route *route, const char *method);

#endif
