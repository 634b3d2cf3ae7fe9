#include "server/kube_access.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/mem.h"
#include "certs/pair.h"
#include "certs/secret.h"
#include "patches/fields.h"

#define KUBELET_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

/* What cannot be used, and the way out. */
struct refusal {
    const char *key;
    const char *why;
};

#define TOKEN_INSTEAD                                                                              \
    "expected a token or a client certificate; 'kubectl create token ACCOUNT' prints a token for " \
    "a user's token or tokenFile"
#define PLUGIN "is a program that kubectl would run, " TOKEN_INSTEAD
#define IMPERSONATION                                                                              \
    "acting as somebody else is not supported, expected a user who may do it himself"

static const struct refusal cluster_refusals[] = {
    {"insecure-skip-tls-verify", "Secrets would go to whoever answers, expected "
                                 "certificate-authority or certificate-authority-data with the "
                                 "authority of the API server"},
    {"proxy-url", "a proxy is not supported, expected a server that can be reached directly"},
    {"tls-server-name", "is not supported, expected a server that is named as its certificate "
                        "says; an entry in /etc/hosts can give that name an address"},
    {NULL},
};

static const struct refusal user_refusals[] = {
    {"exec", PLUGIN},
    {"auth-provider", PLUGIN},
    {"username", "no API server takes passwords any more, " TOKEN_INSTEAD},
    {"as", IMPERSONATION},
    {"as-uid", IMPERSONATION},
    {"as-groups", IMPERSONATION},
    {"as-user-extra", IMPERSONATION},
    {NULL},
};

static void mistake(const struct kube_entry *entry, const char *key, const char *text,
                    struct strlist *mistakes)
{
    strlist_addf(mistakes, "%s: %s.%s: %s", entry->file, entry->path, key, text);
}

/* Set to something that is not the same as leaving it out. */
static bool is_set(const json_t *value)
{
    return value && !json_is_null(value) && !json_is_false(value) &&
           !(json_is_string(value) && !json_string_length(value));
}

static void refuse(const struct kube_entry *entry, const struct refusal *refusals,
                   struct strlist *mistakes)
{
    for (; refusals->key; refusals++)
        if (is_set(json_object_get(entry->fields, refusals->key)))
            mistake(entry, refusals->key, refusals->why, mistakes);
}

/* A text field; NULL when it is not there, empty, or a mistake. */
static const char *text_of(const struct kube_entry *entry, const char *key,
                           struct strlist *mistakes)
{
    const json_t *value = json_object_get(entry->fields, key);
    if (!value || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return json_string_length(value) ? json_string_value(value) : NULL;
    autofree char *text =
        xasprintf("is %s, expected text (write it in quotes)", field_type_name(value));
    mistake(entry, key, text, mistakes);
    return NULL;
}

/* A path as the file's reader means it: relative to the file. The caller frees. */
static char *path_of(const struct kube_entry *entry, const char *path)
{
    const char *slash = strrchr(entry->file, '/');
    if (*path == '/' || !slash)
        return xstrdup(path);
    return xasprintf("%.*s/%s", (int)(slash - entry->file), entry->file, path);
}

static bool read_file(const struct kube_entry *entry, const char *key, const char *path,
                      struct buf *ret, struct strlist *mistakes)
{
    struct error err;
    autofree char *full = path_of(entry, path);
    if (file_read(full, ret, &err))
        return true;
    mistake(entry, key, err.text, mistakes);
    return false;
}

/* Go's reader, which kubectl uses, does not mind line ends. */
static bool read_base64(const char *text, struct buf *ret)
{
    size_t length = strlen(text); /* one reservation: growing would leave copies behind */
    struct buf line = BUF(2 * KUBE_PEM_MAX);
    if (!buf_reserve(&line, length) || !buf_reserve(ret, length))
        return false;
    for (const char *at = text; *at; at += strcspn(at, "\r\n"), at += strspn(at, "\r\n"))
        buf_add(&line, (struct str){at, strcspn(at, "\r\n")});
    bool done = !line.failed && base64_read(buf_str(&line), ret) && !ret->failed;
    secret_clear(&line);
    return done;
}

/* Content that is there as <name>-data, or else in the file that <name> tells. Gives the key that
 * it came from, NULL when neither is set or a mistake was found. */
static const char *read_content(const struct kube_entry *entry, const char *const keys[2],
                                struct buf *ret, struct strlist *mistakes)
{
    size_t before = mistakes->count;
    const char *path = text_of(entry, keys[0], mistakes);
    const char *data = text_of(entry, keys[1], mistakes);
    if (mistakes->count > before)
        return NULL;
    if (!data)
        return path && read_file(entry, keys[0], path, ret, mistakes) ? keys[0] : NULL;
    if (read_base64(data, ret) && ret->length)
        return keys[1];
    mistake(entry, keys[1], "is not base64", mistakes);
    return NULL;
}

static const char *const authority_keys[2] = {"certificate-authority",
                                              "certificate-authority-data"};
static const char *const certificate_keys[2] = {"client-certificate", "client-certificate-data"};
static const char *const key_keys[2] = {"client-key", "client-key-data"};

/* Only https, and nothing in it but host, port and path: a password would end in messages. */
static bool is_server(struct str url)
{
    struct str rest = str_skip(url, strlen("https://"));
    if (!str_starts(url, STR("https://")) || !rest.length || *rest.data == '/')
        return false;
    for (size_t i = 0; i < rest.length; i++)
        if (rest.data[i] <= ' ' || rest.data[i] > '~' || strchr("@?#\\\"", rest.data[i]))
            return false;
    return true;
}

static void read_server(const struct kube_entry *entry, struct kube_access *access,
                        struct strlist *mistakes)
{
    size_t before = mistakes->count;
    const char *server = text_of(entry, "server", mistakes);
    if (mistakes->count > before)
        return;
    if (!server || !is_server(str_of(server))) {
        mistake(entry, "server", "expected 'https://host:port'", mistakes);
        return;
    }
    size_t length = strlen(server);
    while (server[length - 1] == '/')
        length--;
    access->server = xstrndup(server, length);
}

/* "FILE: clusters[0].cluster.certificate-authority", as the certs call a text; the caller frees. */
static char *name_of(const struct kube_entry *entry, const char *key)
{
    return xasprintf("%s: %s.%s", entry->file, entry->path, key);
}

void kube_access_cluster(const struct kube_entry *entry, struct kube_access *access,
                         struct strlist *mistakes)
{
    refuse(entry, cluster_refusals, mistakes);
    read_server(entry, access, mistakes);
    access->ca = BUF(KUBE_PEM_MAX);
    const char *key = read_content(entry, authority_keys, &access->ca, mistakes);
    if (!key)
        return;
    struct error err;
    cleanup(chain_drop) struct chain *chain = NULL;
    autofree char *name = name_of(entry, key);
    if (!chain_parse((struct pem_text){name, buf_str(&access->ca)}, &chain, &err))
        strlist_add(mistakes, str_of(err.text));
}

static void read_certificate(const struct kube_entry *entry, struct kube_access *access,
                             struct strlist *mistakes)
{
    struct error err;
    size_t before = mistakes->count;
    access->certificate = BUF(KUBE_PEM_MAX);
    access->key = BUF(KUBE_PEM_MAX);
    const char *of = read_content(entry, certificate_keys, &access->certificate, mistakes);
    const char *key = read_content(entry, key_keys, &access->key, mistakes);
    if (mistakes->count > before || (!of && !key))
        return;
    if (!of || !key) {
        mistake(entry, of ? of : key,
                of ? "has no client-key or client-key-data beside it"
                   : "has no client-certificate or client-certificate-data beside it",
                mistakes);
        return;
    }
    autofree char *of_name = name_of(entry, of);
    autofree char *key_name = name_of(entry, key);
    if (!pair_matches((struct pem_text){of_name, buf_str(&access->certificate)},
                      (struct pem_text){key_name, buf_str(&access->key)}, &err))
        strlist_add(mistakes, str_of(err.text));
}

bool kube_token_valid(struct str token)
{
    for (size_t i = 0; i < token.length; i++)
        if (token.data[i] <= ' ' || token.data[i] > '~')
            return false;
    return token.length > 0;
}

#define NO_TOKEN "is not a token: empty, or with blanks inside"

static void read_token(const struct kube_entry *entry, struct kube_access *access,
                       struct strlist *mistakes)
{
    const char *file = text_of(entry, "tokenFile", mistakes);
    const char *token = text_of(entry, "token", mistakes);
    access->token = BUF(KUBE_TOKEN_MAX);
    if (file) {
        struct buf content = BUF(KUBE_TOKEN_MAX);
        if (read_file(entry, "tokenFile", file, &content, mistakes) &&
            !kube_token_valid(str_trim(buf_str(&content))))
            mistake(entry, "tokenFile", NO_TOKEN, mistakes);
        secret_clear(&content);
        access->token_file = path_of(entry, file);
        return;
    }
    if (token && kube_token_valid(str_trim(str_of(token))))
        buf_add(&access->token, str_trim(str_of(token)));
    else if (token)
        mistake(entry, "token", NO_TOKEN, mistakes);
}

void kube_access_user(const struct kube_entry *entry, struct kube_access *access,
                      struct strlist *mistakes)
{
    size_t before = mistakes->count;
    refuse(entry, user_refusals, mistakes);
    read_certificate(entry, access, mistakes);
    read_token(entry, access, mistakes);
    if (mistakes->count == before && !access->certificate.length && !access->token.length &&
        !access->token_file)
        strlist_addf(mistakes, "%s: %s: says nothing by which to log in, " TOKEN_INSTEAD,
                     entry->file, entry->path);
}

bool kube_access_of_pod(const struct kube_pod *pod, struct kube_access *ret, struct error *err)
{
    uint64_t port;
    if (!pod->host || !*pod->host || !str_number(str_of(pod->port), &port) || port > 65535)
        return error_set(err, "not in a Kubernetes cluster: expected KUBERNETES_SERVICE_HOST and "
                              "KUBERNETES_SERVICE_PORT in the environment");
    const char *folder = pod->folder ? pod->folder : KUBELET_FOLDER;
    bool v6 = strchr(pod->host, ':') != NULL;
    *ret = (struct kube_access){0};
    ret->server =
        xasprintf("https://%s%s%s:%s", v6 ? "[" : "", pod->host, v6 ? "]" : "", pod->port);
    ret->ca_file = xasprintf("%s/ca.crt", folder);
    ret->token_file = xasprintf("%s/token", folder);
    return true;
}

void kube_access_done(struct kube_access *access)
{
    free(access->server);
    free(access->ca_file);
    free(access->token_file);
    buf_clear(&access->ca);
    buf_clear(&access->certificate);
    secret_clear(&access->key);
    secret_clear(&access->token);
    *access = (struct kube_access){0};
}
