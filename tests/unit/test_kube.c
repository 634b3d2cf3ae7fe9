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

static struct kube *client(const struct kube_pod *pod)
{
    struct error err = {""};
    struct kube_access access;
    assert_true(kube_access_of_pod(pod, &access, &err));
    struct kube *kube = kube_new(&access);
    assert_null(access.server);
    return kube;
}

static void ask(const struct kube_pod *pod, const char *expected)
{
    struct error err = {""};
    struct kube *kube = client(pod);
    json_t *answer = NULL;
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
    ask(&(struct kube_pod){"127.0.0.1", "9", folder(state)}, expected);
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
        ask(&(struct kube_pod){"127.0.0.1", "9", folder(state)}, expected);
    }
}

/* Nobody listens on these; the text shows which address was dialled. */
static void where_nobody_listens_is_told(void **state)
{
    struct error err = {""};
    autofree char *path = xasprintf("%s/token", folder(state));
    assert_true(file_write(path, STR("token\n"), 0600, &err));
    ask(&(struct kube_pod){"127.0.0.1", "9", folder(state)},
        "secrets/ca: no answer from https://127.0.0.1:9: Couldn't connect to server");
    ask(&(struct kube_pod){"::1", "9", folder(state)},
        "secrets/ca: no answer from https://[::1]:9: Couldn't connect to server");
}

static void after_a_cancel_nothing_is_asked(void **state)
{
    struct error err = {""};
    json_t *answer = NULL;
    autofree char *path = xasprintf("%s/token", folder(state));
    assert_true(file_write(path, STR("token\n"), 0600, &err));
    struct kube *kube = client(&(struct kube_pod){"127.0.0.1", "9", folder(state)});
    kube_cancel(kube);
    assert_int_equal(kube_get(kube, &secret, &answer, &err), KUBE_UNREACHABLE);
    assert_string_equal(err.text, "secrets/ca: no answer from https://127.0.0.1:9: stopped");
    kube_free(kube);
}

static void a_token_in_memory_needs_no_file(void **state)
{
    (void)state;
    struct error err = {""};
    struct kube_access access = {.server = xstrdup("https://127.0.0.1:9"), .token = BUF(16)};
    buf_add_text(&access.token, "token");
    struct kube *kube = kube_new(&access);
    assert_null(access.token.data);
    json_t *object = json_object();
    kube_rehearse(kube, true);
    assert_int_equal(kube_create(kube, &secret, object, NULL, &err), KUBE_UNREACHABLE);
    assert_string_equal(err.text,
                        "secrets/ca: no answer from https://127.0.0.1:9: Couldn't connect to "
                        "server");
    json_decref(object);
    kube_free(kube);
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(without_a_token_nobody_is_asked),
        WITH_FOLDER(what_is_no_token_is_not_sent),
        WITH_FOLDER(where_nobody_listens_is_told),
        WITH_FOLDER(after_a_cancel_nothing_is_asked),
        cmocka_unit_test(a_token_in_memory_needs_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
