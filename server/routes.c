#include "server/routes.h"

static const struct route routes[] = {
    {PORT_WEBHOOK, "POST", "/v1/postgresqls", ENDPOINT_ADMIT, ADMIT_POSTGRESQL},
    {PORT_WEBHOOK, "POST", "/v1/pods/restore/{profile}", ENDPOINT_ADMIT, ADMIT_RESTORE},
    {PORT_WEBHOOK, "POST", "/v1/pods/backup/{profile}", ENDPOINT_ADMIT, ADMIT_BACKUP},
    {PORT_WEBHOOK, "POST", "/v1/configmaps", ENDPOINT_ADMIT, ADMIT_CONFIGMAP},
    {PORT_PLAIN, "GET, HEAD", "/livez", ENDPOINT_LIVEZ, 0},
    {PORT_PLAIN, "GET, HEAD", "/readyz", ENDPOINT_READYZ, 0},
    {PORT_PLAIN, "GET, HEAD", "/metrics", ENDPOINT_METRICS, 0},
};

static bool matches(struct str pattern, struct str path, struct str *profile)
{
    struct str variable = STR("{profile}");
    if (!str_ends(pattern, variable))
        return str_equal(pattern, path);
    pattern.length -= variable.length;
    if (!str_starts(path, pattern))
        return false;
    struct str rest = str_skip(path, pattern.length);
    if (!str_is_dns_label(rest))
        return false;
    *profile = rest;
    return true;
}

const struct route *routes_find(enum port port, struct str path, struct str *ret_profile)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
        if (routes[i].port == port && matches(str_of(routes[i].pattern), path, ret_profile))
            return &routes[i];
    return NULL;
}

bool routes_allows(const struct route *route, const char *method)
{
    struct str rest = str_of(route->allow);
    struct str wanted = str_of(method);
    for (;;) {
        long comma = str_find(rest, STR(", "));
        struct str one = {rest.data, comma < 0 ? rest.length : (size_t)comma};
        if (str_equal(one, wanted))
            return true;
        if (comma < 0)
            return false;
        rest = str_skip(rest, (size_t)comma + 2);
    }
}
