#include "server/kube_config.h"

#include "base/file.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* A home with the files home/.kube/config, a and b; those without a text are not there. */
struct home {
    char folder[32];
    char *config, *a, *b;
};

static void home_write(const char *path, const char *text)
{
    struct error err = {""};
    if (text)
        assert_true(file_write(path, str_of(text), 0600, &err));
}

static void home_open(struct home *home, const char *config, const char *a, const char *b)
{
    snprintf(home->folder, sizeof(home->folder), "/tmp/test_config.XXXXXX");
    assert_non_null(mkdtemp(home->folder));
    autofree char *kube = xasprintf("%s/.kube", home->folder);
    assert_int_equal(mkdir(kube, 0700), 0);
    home->config = xasprintf("%s/config", kube);
    home->a = xasprintf("%s/a", home->folder);
    home->b = xasprintf("%s/b", home->folder);
    home_write(home->config, config);
    home_write(home->a, a);
    home_write(home->b, b);
}

static void home_close(struct home *home)
{
    autofree char *kube = xasprintf("%s/.kube", home->folder);
    unlink(home->config);
    unlink(home->a);
    unlink(home->b);
    rmdir(kube);
    rmdir(home->folder);
    free(home->config);
    free(home->a);
    free(home->b);
}

/* What it says, with the folder as "~". */
static char *mistakes_of(const struct home *home, const struct kube_question *question,
                         struct kube_access *access)
{
    struct strlist mistakes = {0};
    struct buf said = BUF(65536);
    bool fine = kube_config_read(question, access, &mistakes);
    assert_int_equal(fine, mistakes.count == 0);
    autofree char *all = strlist_join(&mistakes, " | ");
    strlist_clear(&mistakes);
    struct str rest = str_of(all);
    for (long at; (at = str_find(rest, str_of(home->folder))) >= 0;) {
        buf_add(&said, (struct str){rest.data, (size_t)at});
        buf_add_text(&said, "~");
        rest = str_skip(rest, (size_t)at + strlen(home->folder));
    }
    buf_add(&said, rest);
    return buf_take(&said);
}

static void file_says(const char *text, const char *context, const char *expected)
{
    struct home home;
    struct kube_access access = {0};
    home_open(&home, NULL, text, NULL);
    struct kube_question question = {.file = home.a, .context = context};
    autofree char *said = mistakes_of(&home, &question, &access);
    assert_string_equal(said, expected);
    kube_access_done(&access);
    home_close(&home);
}

static void reaches(const struct home *home, const struct kube_question *question,
                    const char *server, const char *token)
{
    struct kube_access access = {0};
    autofree char *said = mistakes_of(home, question, &access);
    assert_string_equal(said, "");
    assert_string_equal(access.server, server);
    assert_true(str_is(buf_str(&access.token), token));
    kube_access_done(&access);
}

#define CLUSTER(name, server)                                                                      \
    "clusters: [{name: " name ", cluster: {server: 'https://" server "'}}]\n"
#define USER(name, token) "users: [{name: " name ", user: {token: " token "}}]\n"
#define CONTEXT(name, cluster, user)                                                               \
    "contexts: [{name: " name ", context: {cluster: " cluster ", user: " user "}}]\n"
#define CURRENT(name) "current-context: " name "\n"

static void without_any_place_there_is_a_way_out(void **state)
{
    (void)state;
    struct home home;
    struct kube_access access = {0};
    home_open(&home, NULL, NULL, NULL);
    struct kube_question question = {.home = home.folder};
    autofree char *said = mistakes_of(&home, &question, &access);
    assert_string_equal(said, "no cluster is named: expected --kubeconfig, KUBECONFIG, "
                              "~/.kube/config, or to run in a pod");
    question.pod = (struct kube_pod){"10.0.0.1", "x", NULL};
    autofree char *half = mistakes_of(&home, &question, &access);
    assert_string_equal(half, "not in a Kubernetes cluster: expected KUBERNETES_SERVICE_HOST and "
                              "KUBERNETES_SERVICE_PORT in the environment");
    question = (struct kube_question){.context = "x", .pod = {"10.0.0.1", "443", NULL}};
    autofree char *context = mistakes_of(&home, &question, &access);
    assert_string_equal(context,
                        "--context: a pod has no contexts, expected --kubeconfig beside it");
    home_close(&home);
}

static void what_is_no_kubeconfig_is_refused(void **state)
{
    (void)state;
    file_says(NULL, NULL, "~/a: cannot open: No such file or directory");
    file_says("", NULL,
              "~/a: is empty, expected a kubeconfig ('kubectl config view --flatten' writes one)");
    file_says("[canary]", NULL,
              "~/a: is a list, expected a kubeconfig ('kubectl config view --flatten' writes one)");
    file_says("a: [", NULL,
              "~/a: line 2, column 1: did not find expected node content while parsing a flow "
              "node");
}

static void a_context_is_needed(void **state)
{
    (void)state;
    file_says("{}", NULL, "~/a: current-context: is not set, expected --context with one of: none");
    file_says(CONTEXT("prod", "c", "u"), NULL,
              "~/a: current-context: is not set, expected --context with one of: prod");
    file_says(CURRENT("test") CONTEXT("prod", "c", "u"), NULL,
              "~/a: current-context: there is no context 'test', expected one of: prod");
    file_says(CURRENT("prod") CONTEXT("prod", "c", "u"), "test",
              "--context: there is no context 'test', expected one of: prod");
    file_says(CURRENT("prod") "contexts: [{name: prod}]", NULL,
              "~/a: contexts[0].context: is not there, expected a mapping");
    file_says(CURRENT("prod") "contexts: [{name: prod, context: canary}]", NULL,
              "~/a: contexts[0].context: text, expected a mapping");
    file_says(CURRENT("prod") "contexts: canary", NULL,
              "~/a: current-context: there is no context 'prod', expected one of: none");
}

static void both_ends_of_a_context_are_needed(void **state)
{
    (void)state;
    file_says(CURRENT("prod") "contexts: [{name: prod, context: {}}]", NULL,
              "~/a: contexts[0].context.cluster: expected the name of a cluster | "
              "~/a: contexts[0].context.user: expected the name of a user");
    file_says(CURRENT("prod") CONTEXT("prod", "c", "u") CLUSTER("x", "a") USER("y", "canary"), NULL,
              "~/a: contexts[0].context.cluster: there is no cluster 'c', expected one of: x | "
              "~/a: contexts[0].context.user: there is no user 'u', expected one of: y");
    file_says(CURRENT("prod") CONTEXT("prod", "c", "u") "clusters: [{name: x}, {name: c}]\n"
                                                        "users: [{name: u, user: [canary]}]\n",
              NULL,
              "~/a: clusters[1].cluster: is not there, expected a mapping | "
              "~/a: users[0].user: a list, expected a mapping");
}

static void all_mistakes_are_told_at_once(void **state)
{
    (void)state;
    file_says(CURRENT("prod") CONTEXT("prod", "c", "u")
                  CLUSTER("c", "user:canary@a") "users: [{name: u, user: {token: can ary}}]\n",
              NULL,
              "~/a: clusters[0].cluster.server: expected 'https://host:port' | "
              "~/a: users[0].user.token: is not a token: empty, or with blanks inside");
}

#define WHOLE(server, token)                                                                       \
    CURRENT("x") CONTEXT("x", "c", "u") CLUSTER("c", server) USER("u", token)

static void the_first_place_counts(void **state)
{
    (void)state;
    struct home home;
    home_open(&home, WHOLE("home", "t1"), WHOLE("a", "t2"), WHOLE("b", "t3"));
    struct kube_question question = {home.a, NULL, home.b, home.folder, {"pod", "443", "/f"}};
    reaches(&home, &question, "https://a", "t2");
    question.file = "";
    reaches(&home, &question, "https://b", "t3");
    question.kubeconfig = "";
    reaches(&home, &question, "https://home", "t1");
    question.home = home.a;
    struct kube_access access = {0};
    autofree char *said = mistakes_of(&home, &question, &access);
    assert_string_equal(said, "");
    assert_string_equal(access.server, "https://pod:443");
    assert_string_equal(access.token_file, "/f/token");
    kube_access_done(&access);
    home_close(&home);
}

static void files_are_merged_as_kubectl_does(void **state)
{
    (void)state;
    struct home home;
    home_open(&home, NULL, CURRENT("x") USER("u", "first") "clusters: []\n",
              CURRENT("y") CONTEXT("x", "c", "u") CLUSTER("c", "b") USER("u", "second"));
    autofree char *list = xasprintf("/nowhere/config::%s:%s", home.a, home.b);
    struct kube_question question = {.kubeconfig = list};
    reaches(&home, &question, "https://b", "first");
    question.context = "y";
    struct kube_access access = {0};
    autofree char *said = mistakes_of(&home, &question, &access);
    assert_string_equal(said, "--context: there is no context 'y', expected one of: x");
    home_close(&home);
}

static void a_list_of_files_needs_one(void **state)
{
    (void)state;
    struct home home;
    struct kube_access access = {0};
    home_open(&home, NULL, NULL, NULL);
    struct kube_question question = {.kubeconfig = "/nowhere/a:/nowhere/b"};
    autofree char *said = mistakes_of(&home, &question, &access);
    assert_string_equal(said, "KUBECONFIG: none of its files is there: /nowhere/a:/nowhere/b");
    home_close(&home);
}

static void a_list_of_files_has_an_end(void **state)
{
    (void)state;
    struct home home;
    struct kube_access access = {0};
    struct buf list = BUF(65536);
    home_open(&home, NULL, WHOLE("a", "t"), NULL);
    for (size_t i = 0; i <= KUBE_CONFIG_FILES_MAX; i++)
        buf_addf(&list, "%s:", home.a);
    struct kube_question question = {.kubeconfig = list.data};
    autofree char *said = mistakes_of(&home, &question, &access);
    assert_string_equal(said, "KUBECONFIG: has 65 files, expected at most 64");
    buf_clear(&list);
    home_close(&home);
}

static void the_environment_asks(void **state)
{
    (void)state;
    setenv("KUBECONFIG", "k", 1);
    setenv("HOME", "h", 1);
    setenv("KUBERNETES_SERVICE_HOST", "a", 1);
    unsetenv("KUBERNETES_SERVICE_PORT");
    struct kube_question question = kube_question_of_environment();
    assert_null(question.file);
    assert_null(question.context);
    assert_string_equal(question.kubeconfig, "k");
    assert_string_equal(question.home, "h");
    assert_string_equal(question.pod.host, "a");
    assert_null(question.pod.port);
    assert_null(question.pod.folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_any_place_there_is_a_way_out),
        cmocka_unit_test(what_is_no_kubeconfig_is_refused),
        cmocka_unit_test(a_context_is_needed),
        cmocka_unit_test(both_ends_of_a_context_are_needed),
        cmocka_unit_test(all_mistakes_are_told_at_once),
        cmocka_unit_test(the_first_place_counts),
        cmocka_unit_test(files_are_merged_as_kubectl_does),
        cmocka_unit_test(a_list_of_files_needs_one),
        cmocka_unit_test(a_list_of_files_has_an_end),
        cmocka_unit_test(the_environment_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
