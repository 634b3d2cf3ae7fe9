#include "server/kube.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static const struct kube_object secret = {"/api/v1/namespaces/ns/secrets", "ca", "get"};

static void outside_of_a_cluster_there_is_no_client(void **state)
{
    (void)state;
    static const struct kube_place places[] = {
        {NULL, "443", NULL},      {"", "443", NULL},       {"10.0.0.1", NULL, NULL},
        {"10.0.0.1", "", NULL},   {"10.0.0.1", "x", NULL}, {"10.0.0.1", "65536", NULL},
        {"10.0.0.1", "4 4", NULL}};
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        struct error err = {""};
        struct kube *kube = NULL;
        assert_false(kube_new(&places[i], &kube, &err));
        assert_null(kube);
        assert_string_equal(err.text,
                            "not in a Kubernetes cluster: expected KUBERNETES_SERVICE_HOST and "
                            "KUBERNETES_SERVICE_PORT in the environment");
    }
}

static char *folder(void **state)
{
    return *state;
}

static int make_folder(void **state)
{
    char *path = xstrdup("/tmp/test_kube.XXXXXX");
    *state = path;
    return mkdtemp(path) ? 0 : -1;
}

static int remove_folder(void **state)
{
    autofree char *path = folder(state);
    autofree char *token = xasprintf("%s/token", path);
    unlink(token);
    return rmdir(path);
}

static void ask(const struct kube_place *place, const char *expected)
{
    struct error err = {""};
    struct kube *kube = NULL;
    json_t *answer = NULL;
    assert_true(kube_new(place, &kube, &err));
    assert_int_equal(kube_get(kube, &secret, &answer, &err), KUBE_UNREACHABLE);
    assert_null(answer);
    assert_int_equal(kube_retry_after(kube), 0);
    assert_string_equal(err.text, expected);
    kube_free(kube);
}

static void without_a_token_nobody_is_asked(void **state)
{
    autofree char *expected =
        xasprintf("secrets/ca: %s/token: cannot open: No such file or directory", folder(state));
    ask(&(struct kube_place){"127.0.0.1", "9", folder(state)}, expected);
}

static void what_is_no_token_is_not_sent(void **state)
{
    struct error err = {""};
    static const char *const texts[] = {"", " \n", "a b", "a\r\nX: y", "t\xc3\xb6ken"};
    autofree char *path = xasprintf("%s/token", folder(state));
    autofree char *expected =
        xasprintf("secrets/ca: %s: is not a token: empty, or with blanks inside", path);
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        assert_true(file_write(path, str_of(texts[i]), 0600, &err));
        ask(&(struct kube_place){"127.0.0.1", "9", folder(state)}, expected);
    }
}

/* Nobody listens on these; the text shows which address was dialled. */
static void where_nobody_listens_is_told(void **state)
{
    struct error err = {""};
    autofree char *path = xasprintf("%s/token", folder(state));
    assert_true(file_write(path, STR("token\n"), 0600, &err));
    ask(&(struct kube_place){"127.0.0.1", "9", folder(state)},
        "secrets/ca: no answer from https://127.0.0.1:9: Couldn't connect to server");
    ask(&(struct kube_place){"::1", "9", folder(state)},
        "secrets/ca: no answer from https://[::1]:9: Couldn't connect to server");
}

static void after_a_cancel_nothing_is_asked(void **state)
{
    struct error err = {""};
    struct kube *kube = NULL;
    json_t *answer = NULL;
    autofree char *path = xasprintf("%s/token", folder(state));
    assert_true(file_write(path, STR("token\n"), 0600, &err));
    assert_true(kube_new(&(struct kube_place){"127.0.0.1", "9", folder(state)}, &kube, &err));
    kube_cancel(kube);
    assert_int_equal(kube_get(kube, &secret, &answer, &err), KUBE_UNREACHABLE);
    assert_string_equal(err.text, "secrets/ca: no answer from https://127.0.0.1:9: stopped");
    kube_free(kube);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outside_of_a_cluster_there_is_no_client),
        WITH_FOLDER(without_a_token_nobody_is_asked),
        WITH_FOLDER(what_is_no_token_is_not_sent),
        WITH_FOLDER(where_nobody_listens_is_told),
        WITH_FOLDER(after_a_cancel_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
