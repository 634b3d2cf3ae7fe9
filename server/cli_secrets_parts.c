#include "server/cli_secrets_parts.h"

#include "base/file.h"
#include "base/mem.h"
#include "certs/secret.h"
#include "server/kube_config.h"

#include <stdio.h>

/* ---- the cluster ---- */

bool secrets_kube(const struct options *options, struct kube **ret, char **ret_server,
                  struct error *err)
{
    struct kube_access access = {0};
    cleanup(strlist_clear) struct strlist mistakes = {0};
    struct kube_question question = kube_question_of_environment();
    question.file = options_value(options, "kubeconfig", 0);
    question.context = options_value(options, "context", 0);
    if (!kube_config_read(&question, &access, &mistakes)) {
        autofree char *all = strlist_join(&mistakes, "; ");
        kube_access_done(&access);
        return error_set(err, "%s", all);
    }
    *ret_server = xstrdup(access.server);
    *ret = kube_new(&access);
    return true;
}

enum kube_status secrets_get(struct kube *kube, const char *namespace, const char *name,
                             json_t **ret, struct error *err)
{
    autofree char *collection = xasprintf("/api/v1/namespaces/%s/secrets", namespace);
    const struct kube_object object = {collection, name, "get of this Secret"};
    enum kube_status status = kube_get(kube, &object, ret, err);
    if (status != KUBE_ABSENT)
        return status;
    *ret = NULL;
    return KUBE_DONE;
}

/* ---- files ---- */

bool secrets_file_read(const char *path, struct secrets_file *ret, struct error *err)
{
    ret->content = BUF(CHAIN_PEM_MAX);
    /* In one piece: a buffer that grows leaves copies behind. */
    if (!buf_reserve(&ret->content, CHAIN_PEM_MAX) || !file_read(path, &ret->content, err))
        return false;
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    ret->pem = (struct pem_text){name, buf_str(&ret->content)};
    return true;
}

void secrets_file_done(struct secrets_file *file)
{
    secret_clear(&file->content);
    *file = (struct secrets_file){0};
}

bool secrets_key_read(const struct options *options, const char *key, const char *passphrase,
                      struct secrets_key *ret, struct error *err)
{
    const char *path = options_value(options, passphrase, 0);
    if (!secrets_file_read(options_value(options, key, 0), &ret->key, err) ||
        (path && !secrets_file_read(path, &ret->passphrase, err)))
        return false;
    ret->cms.pem = ret->key.pem;
    if (!path)
        return true;
    struct str text = ret->passphrase.pem.text;
    const char *end = memchr(text.data, '\n', text.length);
    ret->cms.passphrase = (struct str){text.data, end ? (size_t)(end - text.data) : text.length};
    return true;
}

void secrets_key_done(struct secrets_key *key)
{
    secrets_file_done(&key->key);
    secrets_file_done(&key->passphrase);
}

/* ---- manifests ---- */

/* Names say which archive is the newest, and a signature remains right under every name. */
static bool check_name(const struct vault_manifest *manifest, const char *stem, struct error *err)
{
    autofree char *name = xasprintf("%s" VAULT_ARCHIVE_END, stem);
    return strcmp(manifest->archive, name) == 0 ||
           error_set(err,
                     "describes %.253s, so it is a copy under another name; name that archive "
                     "instead, or give the copy its old name",
                     manifest->archive);
}

enum source_status secrets_manifest(struct vault_store *store, const char *stem,
                                    struct vault_manifest *ret, struct buf *text, struct error *err)
{
    *text = BUF(VAULT_MANIFEST_MAX);
    autofree char *name = xasprintf("%s" VAULT_MANIFEST_END, stem);
    autofree char *full = vault_store_name(store, name);
    cleanup(vault_manifest_done) struct vault_manifest manifest = {0};
    enum source_status status = vault_store_get(store, name, text, err);
    if (status != SOURCE_DONE)
        return status;
    if (!vault_manifest_read(buf_str(text), &manifest, err) || !check_name(&manifest, stem, err)) {
        error_wrap_(err, "%s", full);
        return SOURCE_UNKNOWN;
    }
    *ret = manifest;
    manifest = (struct vault_manifest){0};
    return SOURCE_DONE;
}

char *secrets_source(const struct vault_origin *origin)
{
    return origin->harbor_cluster ? xasprintf("%s/%s", origin->namespace, origin->harbor_cluster)
                                  : xstrdup(origin->namespace);
}

/* The widest of the names. */
static int width_of(const json_t *secrets)
{
    size_t width = 0;
    for (size_t i = 0; i < json_array_size(secrets); i++) {
        const json_t *name = json_object_get(json_array_get(secrets, i), "name");
        width = json_string_length(name) > width ? json_string_length(name) : width;
    }
    return (int)width;
}

/* "  name  key, key" */
static void print_keys(const json_t *secret, int width)
{
    const json_t *keys = json_object_get(secret, "keys");
    printf("  %-*s  ", width, json_string_value(json_object_get(secret, "name")));
    for (size_t i = 0; i < json_array_size(keys); i++)
        printf("%s%s", i ? ", " : "", json_string_value(json_array_get(keys, i)));
    printf("%s\n", json_array_size(keys) ? "" : "(no keys)");
}

void secrets_print_inside(const struct vault_manifest *manifest)
{
    int width = width_of(manifest->secrets);
    for (size_t i = 0; i < json_array_size(manifest->secrets); i++)
        print_keys(json_array_get(manifest->secrets, i), width);
    for (size_t i = 0; i < json_array_size(manifest->recipients); i++) {
        const json_t *recipient = json_array_get(manifest->recipients, i);
        printf("encrypted to '%s', serial %s\n",
               json_string_value(json_object_get(recipient, "subject")),
               json_string_value(json_object_get(recipient, "serial")));
    }
}
