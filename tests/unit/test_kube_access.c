#include "server/kube_access.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/mem.h"
#include "server/yaml.h"
#include "tests/unit/forge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

typedef void (*read_entry)(const struct kube_entry *entry, struct kube_access *access,
                           struct strlist *mistakes);

static const struct forge wish = {.subject = "a", .curve = "P-256", .names = "DNS:a"};

/* Reads a mapping as the one in FILE; gives the mistakes with blanks and a bar between them. */
static char *mistakes_of(read_entry read, const char *file, const char *path, const char *text,
                         struct kube_access *access)
{
    struct error err = {""};
    struct strlist mistakes = {0};
    json_t *tree = yaml_read(str_of(text), &err);
    assert_string_equal(err.text, "");
    read(&(struct kube_entry){file, path, tree}, access, &mistakes);
    json_decref(tree);
    char *all = strlist_join(&mistakes, " | ");
    strlist_clear(&mistakes);
    return all;
}

static void cluster_says(const char *text, const char *expected)
{
    struct kube_access access = {0};
    autofree char *said =
        mistakes_of(kube_access_cluster, "F", "clusters[0].cluster", text, &access);
    assert_string_equal(said, expected);
    kube_access_done(&access);
}

static void user_says(const char *text, const char *expected)
{
    struct kube_access access = {0};
    autofree char *said = mistakes_of(kube_access_user, "F", "users[0].user", text, &access);
    assert_string_equal(said, expected);
    kube_access_done(&access);
}

static char *base64_of(const char *text)
{
    struct buf encoded = BUF(65536);
    base64_add(&encoded, str_of(text));
    return buf_take(&encoded);
}

/* A new folder that ends with its files. */
struct place {
    char folder[32];
    char *file;
};

static void place_open(struct place *place, const char *name, const char *content)
{
    struct error err = {""};
    snprintf(place->folder, sizeof(place->folder), "/tmp/test_access.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    place->file = xasprintf("%s/%s", place->folder, name);
    assert_true(file_write(place->file, str_of(content), 0600, &err));
}

static void place_close(struct place *place)
{
    unlink(place->file);
    rmdir(place->folder);
    free(place->file);
}

static void a_server_is_https_and_nothing_else(void **state)
{
    (void)state;
    static const char *const servers[] = {
        "{}",
        "server:",
        "server: ''",
        "server: https://",
        "server: https:///x",
        "server: http://127.0.0.1:8001",
        "server: 10.0.0.1:6443",
        "server: https://user:canary@host",
        "server: https://host?token=canary",
        "server: https://host#x",
        "server: 'https://a b'",
        "server: \"https://a\\nb\"",
        "server: https://k\xc3\xb6nig",
    };
    for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++)
        cluster_says(servers[i], "F: clusters[0].cluster.server: expected 'https://host:port'");
    cluster_says("server: 6443", "F: clusters[0].cluster.server: is a number, expected text (write "
                                 "it in quotes)");
}

static void what_would_not_be_safe_is_refused(void **state)
{
    (void)state;
    cluster_says("{server: 'https://a', insecure-skip-tls-verify: true}",
                 "F: clusters[0].cluster.insecure-skip-tls-verify: Secrets would go to whoever "
                 "answers, expected certificate-authority or certificate-authority-data with the "
                 "authority of the API server");
    cluster_says("{server: 'https://a', proxy-url: 'http://user:canary@proxy'}",
                 "F: clusters[0].cluster.proxy-url: a proxy is not supported, expected a server "
                 "that can be reached directly");
    cluster_says("{server: 'https://a', tls-server-name: b}",
                 "F: clusters[0].cluster.tls-server-name: is not supported, expected a server that "
                 "is named as its certificate says; an entry in /etc/hosts can give that name an "
                 "address");
    cluster_says("{server: 'https://a', insecure-skip-tls-verify: false, proxy-url: ''}", "");
}

#define INSTEAD                                                                                    \
    "expected a token or a client certificate; 'kubectl create token ACCOUNT' prints a token for " \
    "a user's token or tokenFile"

static void programs_and_passwords_are_refused(void **state)
{
    (void)state;
    user_says("{exec: {command: aws, env: [{name: A, value: canary}]}}",
              "F: users[0].user.exec: is a program that kubectl would run, " INSTEAD);
    user_says("{auth-provider: {name: gcp}}",
              "F: users[0].user.auth-provider: is a program that kubectl would run, " INSTEAD);
    user_says("{username: a, password: canary}",
              "F: users[0].user.username: no API server takes passwords any more, " INSTEAD);
    user_says("{token: t, as: root, as-groups: [a], as-uid: b, as-user-extra: {c: [d]}}",
              "F: users[0].user.as: acting as somebody else is not supported, expected a user who "
              "may do it himself | "
              "F: users[0].user.as-uid: acting as somebody else is not supported, expected a user "
              "who may do it himself | "
              "F: users[0].user.as-groups: acting as somebody else is not supported, expected a "
              "user who may do it himself | "
              "F: users[0].user.as-user-extra: acting as somebody else is not supported, expected "
              "a user who may do it himself");
    user_says("{}", "F: users[0].user: says nothing by which to log in, " INSTEAD);
    user_says("{token: ''}", "F: users[0].user: says nothing by which to log in, " INSTEAD);
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    static const char *const tokens[] = {"token: ' '", "token: can ary", "token: \"can\\nary\"",
                                         "token: k\xc3\xb6nig"};
    for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++)
        user_says(tokens[i],
                  "F: users[0].user.token: is not a token: empty, or with blanks inside");
    user_says("token: 17",
              "F: users[0].user.token: is a number, expected text (write it in quotes)");
    user_says("{tokenFile: [a]}",
              "F: users[0].user.tokenFile: is a list, expected text (write it in quotes)");
    user_says("{tokenFile: /nowhere/token}", "F: users[0].user.tokenFile: /nowhere/token: cannot "
                                             "open: No such file or directory");
}

static void a_token_file_is_looked_at_at_once(void **state)
{
    (void)state;
    struct place place;
    struct kube_access access = {0};
    place_open(&place, "token", " \n");
    autofree char *config = xasprintf("%s/config", place.folder);
    autofree char *said =
        mistakes_of(kube_access_user, config, "users[0].user", "tokenFile: token", &access);
    autofree char *expected = xasprintf("%s: users[0].user.tokenFile: is not a token: empty, or "
                                        "with blanks inside",
                                        config);
    assert_string_equal(said, expected);
    kube_access_done(&access);
    place_close(&place);
}

static void what_is_no_certificate_is_refused(void **state)
{
    (void)state;
    cluster_says("{server: 'https://a', certificate-authority-data: '*canary*'}",
                 "F: clusters[0].cluster.certificate-authority-data: is not base64");
    cluster_says("{server: 'https://a', certificate-authority-data: Y2FuYXJ5}",
                 "F: clusters[0].cluster.certificate-authority-data: holds no certificate, "
                 "expected PEM with '-----BEGIN CERTIFICATE-----'");
    cluster_says("{server: 'https://a', certificate-authority: /nowhere/ca.crt}",
                 "F: clusters[0].cluster.certificate-authority: /nowhere/ca.crt: cannot open: No "
                 "such file or directory");
    user_says("{client-certificate-data: Y2FuYXJ5}",
              "F: users[0].user.client-certificate-data: has no client-key or client-key-data "
              "beside it");
    user_says("{client-key-data: Y2FuYXJ5}",
              "F: users[0].user.client-key-data: has no client-certificate or "
              "client-certificate-data beside it");
    user_says("{client-certificate-data: Y2FuYXJ5, client-key-data: Y2FuYXJ5}",
              "F: users[0].user.client-certificate-data: holds no certificate, expected PEM with "
              "'-----BEGIN CERTIFICATE-----'");
    user_says("{client-certificate-data: [], client-key-data: 1}",
              "F: users[0].user.client-certificate-data: is a list, expected text (write it in "
              "quotes) | F: users[0].user.client-key-data: is a number, expected text (write it in "
              "quotes)");
}

static void the_key_belongs_to_the_certificate(void **state)
{
    (void)state;
    struct forged one = forge(wish, NULL);
    struct forged other = forge(wish, NULL);
    autofree char *certificate = base64_of(one.certificate_pem);
    autofree char *key = base64_of(other.key_pem);
    autofree char *text =
        xasprintf("{client-certificate-data: %s, client-key-data: %s}", certificate, key);
    user_says(text, "F: users[0].user.client-key-data: is not the key of the first certificate "
                    "('CN=a') in F: users[0].user.client-certificate-data");
    forged_done(&one);
    forged_done(&other);
}

static void data_wins_and_may_be_wrapped(void **state)
{
    (void)state;
    struct kube_access access = {0};
    struct forged made = forge(wish, NULL);
    autofree char *data = base64_of(made.certificate_pem);
    autofree char *text = xasprintf("server: https://host:6443/k8s//\n"
                                    "certificate-authority: /nowhere\n"
                                    "certificate-authority-data: |\n  %.20s\n  %s\n",
                                    data, data + 20);
    autofree char *said =
        mistakes_of(kube_access_cluster, "F", "clusters[0].cluster", text, &access);
    assert_string_equal(said, "");
    assert_string_equal(access.server, "https://host:6443/k8s");
    assert_true(str_is(buf_str(&access.ca), made.certificate_pem));
    assert_null(access.ca_file);
    kube_access_done(&access);
    assert_null(access.server);
    forged_done(&made);
}

static void files_are_relative_to_the_kubeconfig(void **state)
{
    (void)state;
    struct place place;
    struct kube_access access = {0};
    struct forged made = forge(wish, NULL);
    autofree char *both = xasprintf("%s%s", made.certificate_pem, made.key_pem);
    place_open(&place, "pair.pem", both);
    autofree char *config = xasprintf("%s/config", place.folder);
    autofree char *said =
        mistakes_of(kube_access_user, config, "users[0].user",
                    "{client-certificate: pair.pem, client-key: pair.pem}", &access);
    assert_string_equal(said, "");
    assert_true(str_is(buf_str(&access.certificate), both));
    assert_true(str_is(buf_str(&access.key), both));
    kube_access_done(&access);
    forged_done(&made);
    place_close(&place);
}

static void a_token_file_wins_over_a_token(void **state)
{
    (void)state;
    struct place place;
    struct kube_access access = {0};
    place_open(&place, "token", "abc\n");
    autofree char *config = xasprintf("%s/config", place.folder);
    autofree char *said = mistakes_of(kube_access_user, config, "users[0].user",
                                      "{tokenFile: token, token: old}", &access);
    assert_string_equal(said, "");
    assert_string_equal(access.token_file, place.file);
    assert_int_equal(access.token.length, 0);
    kube_access_done(&access);
    place_close(&place);
}

static void a_token_loses_the_space_around_it(void **state)
{
    (void)state;
    struct kube_access access = {0};
    autofree char *said =
        mistakes_of(kube_access_user, "F", "users[0].user", "token: \"abc\\n\"", &access);
    assert_string_equal(said, "");
    assert_true(str_is(buf_str(&access.token), "abc"));
    kube_access_done(&access);
}

static void outside_of_a_cluster_there_is_no_pod(void **state)
{
    (void)state;
    static const struct kube_pod pods[] = {{NULL, "443", NULL},      {"", "443", NULL},
                                           {"10.0.0.1", NULL, NULL}, {"10.0.0.1", "", NULL},
                                           {"10.0.0.1", "x", NULL},  {"10.0.0.1", "65536", NULL},
                                           {"10.0.0.1", "4 4", NULL}};
    for (size_t i = 0; i < sizeof(pods) / sizeof(*pods); i++) {
        struct error err = {""};
        struct kube_access access = {0};
        assert_false(kube_access_of_pod(&pods[i], &access, &err));
        assert_null(access.server);
        assert_string_equal(err.text,
                            "not in a Kubernetes cluster: expected KUBERNETES_SERVICE_HOST and "
                            "KUBERNETES_SERVICE_PORT in the environment");
    }
}

static void a_pod_has_its_files(void **state)
{
    (void)state;
    struct error err = {""};
    struct kube_access access;
    assert_true(kube_access_of_pod(&(struct kube_pod){"fd00::1", "443", NULL}, &access, &err));
    assert_string_equal(access.server, "https://[fd00::1]:443");
    assert_string_equal(access.ca_file, "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
    assert_string_equal(access.token_file, "/var/run/secrets/kubernetes.io/serviceaccount/token");
    kube_access_done(&access);
    assert_true(kube_access_of_pod(&(struct kube_pod){"api", "6443", "/f"}, &access, &err));
    assert_string_equal(access.server, "https://api:6443");
    assert_string_equal(access.ca_file, "/f/ca.crt");
    kube_access_done(&access);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_https_and_nothing_else),
        cmocka_unit_test(what_would_not_be_safe_is_refused),
        cmocka_unit_test(programs_and_passwords_are_refused),
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(a_token_file_is_looked_at_at_once),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(the_key_belongs_to_the_certificate),
        cmocka_unit_test(data_wins_and_may_be_wrapped),
        cmocka_unit_test(files_are_relative_to_the_kubeconfig),
        cmocka_unit_test(a_token_file_wins_over_a_token),
        cmocka_unit_test(a_token_loses_the_space_around_it),
        cmocka_unit_test(outside_of_a_cluster_there_is_no_pod),
        cmocka_unit_test(a_pod_has_its_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
