#include "server/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct route *found(enum port port, const char *path, struct str *profile)
{
    *profile = STR_NONE;
    return routes_find(port, str_of(path), profile);
}

static void other_paths_are_none(void **state)
{
    (void)state;
    const char *const wrong[] = {"",
                                 "/",
                                 "/v1",
                                 "/v1/postgresqls/",
                                 "//v1/postgresqls",
                                 "/v1/postgresqlsx",
                                 "/V1/postgresqls",
                                 "/v1/%70ostgresqls",
                                 "/v1/pods/restore",
                                 "/v1/pods/restore/",
                                 "/v1/pods/restore/dr/",
                                 "/v1/pods/restore/dr/x",
                                 "/v1/pods/restore/DR",
                                 "/v1/pods/restore/a_b",
                                 "/v1/pods/restore/-a",
                                 "/v1/pods/restore/a.b",
                                 "/v1/pods/restore/%61",
                                 "/v1/pods/restore/{profile}",
                                 "/v1/pods/clone/dr",
                                 "/livez",
                                 "/metrics"};
    struct str profile;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        if (found(PORT_WEBHOOK, wrong[i], &profile))
            fail_msg("'%s' was found", wrong[i]);
    assert_null(found(PORT_PLAIN, "/v1/postgresqls", &profile));
    assert_null(found(PORT_PLAIN, "/livez/", &profile));
}

static void every_path_has_its_row(void **state)
{
    (void)state;
    const struct {
        enum port port;
        const char *path;
        const char *pattern;
        enum endpoint endpoint;
        enum admit_kind kind;
        const char *profile;
    } rows[] = {
        {PORT_WEBHOOK, "/v1/postgresqls", "/v1/postgresqls", ENDPOINT_ADMIT, ADMIT_POSTGRESQL,
         NULL},
        {PORT_WEBHOOK, "/v1/pods/restore/dr-2026-11", "/v1/pods/restore/{profile}", ENDPOINT_ADMIT,
         ADMIT_RESTORE, "dr-2026-11"},
        {PORT_WEBHOOK, "/v1/pods/restore/unlisted", "/v1/pods/restore/{profile}", ENDPOINT_ADMIT,
         ADMIT_RESTORE, "unlisted"},
        {PORT_WEBHOOK, "/v1/pods/backup/generation-2", "/v1/pods/backup/{profile}", ENDPOINT_ADMIT,
         ADMIT_BACKUP, "generation-2"},
        {PORT_WEBHOOK, "/v1/configmaps", "/v1/configmaps", ENDPOINT_ADMIT, ADMIT_CONFIGMAP, NULL},
        {PORT_PLAIN, "/livez", "/livez", ENDPOINT_LIVEZ, 0, NULL},
        {PORT_PLAIN, "/readyz", "/readyz", ENDPOINT_READYZ, 0, NULL},
        {PORT_PLAIN, "/metrics", "/metrics", ENDPOINT_METRICS, 0, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str profile;
        const struct route *route = found(rows[i].port, rows[i].path, &profile);
        assert_non_null(route);
        assert_string_equal(route->pattern, rows[i].pattern);
        assert_int_equal(route->endpoint, rows[i].endpoint);
        assert_int_equal(route->kind, rows[i].kind);
        assert_true(rows[i].profile ? str_is(profile, rows[i].profile) : !profile.data);
    }
}

static void methods_are_exact(void **state)
{
    (void)state;
    struct str profile;
    const struct route *decide = found(PORT_WEBHOOK, "/v1/postgresqls", &profile);
    const struct route *look = found(PORT_PLAIN, "/readyz", &profile);
    assert_false(routes_allows(decide, "GET"));
    assert_false(routes_allows(decide, "post"));
    assert_false(routes_allows(decide, "POSTS"));
    assert_false(routes_allows(decide, ""));
    assert_false(routes_allows(look, "GET, HEAD"));
    assert_false(routes_allows(look, "POST"));
    assert_true(routes_allows(decide, "POST"));
    assert_true(routes_allows(look, "GET"));
    assert_true(routes_allows(look, "HEAD"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_paths_are_none),
        cmocka_unit_test(every_path_has_its_row),
        cmocka_unit_test(methods_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
