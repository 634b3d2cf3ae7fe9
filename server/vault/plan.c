#include "server/vault/plan.h"

#include "base/base64.h"
#include "base/mem.h"
#include "certs/cms.h"
#include "certs/secret.h"
#include "patches/fields.h"

#define TOKEN_TYPE "kubernetes.io/service-account-token"

bool vault_value(const json_t *secret, const char *key, struct buf *ret)
{
    const json_t *value = json_object_get(json_object_get(secret, "data"), key);
    struct str text = {json_string_value(value), json_string_length(value)};
    *ret = BUF(CMS_PLAIN_MAX);
    return json_is_string(value) && buf_reserve(ret, text.length) && base64_read(text, ret);
}

static bool same_value(const json_t *a, const json_t *b, const char *key)
{
    cleanup(secret_clear) struct buf left = {0};
    cleanup(secret_clear) struct buf right = {0};
    return vault_value(a, key, &left) && vault_value(b, key, &right) &&
           digest_same(buf_str(&left), buf_str(&right));
}

static bool has_key(const json_t *secret, const char *key)
{
    return json_object_get(json_object_get(secret, "data"), key) != NULL;
}

static bool same_data(const json_t *a, const json_t *b)
{
    json_t *data = json_object_get(a, "data");
    if (json_object_size(data) != json_object_size(json_object_get(b, "data")))
        return false;
    bool same = true; /* every key is looked at: how long it takes tells nothing */
    for (void *at = json_object_iter(data); at; at = json_object_iter_next(data, at))
        same = same_value(a, b, json_object_iter_key(at)) && same;
    return same;
}

struct vault_decision vault_decide(const json_t *archived, const json_t *live, bool overwrite)
{
    const char *type = vault_secret_type(archived);
    if (strcmp(type, TOKEN_TYPE) == 0)
        return (struct vault_decision){VAULT_REFUSED,
                                       "is a token of a service account, which the cluster issues "
                                       "itself; a restored one opens nothing"};
    if (!live)
        return (struct vault_decision){VAULT_CREATE, NULL};
    if (json_object_get(json_object_get(live, "metadata"), "deletionTimestamp"))
        return (struct vault_decision){VAULT_REFUSED,
                                       "is being deleted; run this again once it is gone"};
    bool same_type = strcmp(type, vault_secret_type(live)) == 0;
    if (same_type && same_data(archived, live))
        return (struct vault_decision){VAULT_SAME, NULL};
    if (!same_type)
        return (struct vault_decision){VAULT_REFUSED,
                                       "is of another type, which cannot be changed; delete it by "
                                       "hand first, if the archived one is the right one"};
    if (json_is_true(json_object_get(live, "immutable")))
        return (struct vault_decision){VAULT_REFUSED,
                                       "is immutable and differs; delete it by hand first, if the "
                                       "archived one is the right one"};
    if (!overwrite)
        return (struct vault_decision){VAULT_DIFFERS,
                                       "is there with another content and stays as it is; "
                                       "--overwrite with its name replaces it"};
    return (struct vault_decision){VAULT_OVERWRITE, NULL};
}

json_t *vault_object(const json_t *archived, const json_t *live, const char *name,
                     const char *namespace)
{
    json_t *object = json_deep_copy(live ? live : archived);
    if (live) {
        json_object_set_new(object, "data", json_deep_copy(json_object_get(archived, "data")));
        return object;
    }
    json_t *metadata = json_object_get(object, "metadata");
    json_object_set_new(metadata, "name", json_string(name));
    json_object_set_new(metadata, "namespace", json_string(namespace));
    return object;
}

static void add_change(const json_t *archived, const json_t *live, const char *key,
                       const struct salt *salt, struct strlist *lines)
{
    char before[DIGEST_SHORT_SIZE];
    char after[DIGEST_SHORT_SIZE];
    cleanup(secret_clear) struct buf there = {0};
    cleanup(secret_clear) struct buf kept = {0};
    if (!vault_value(live, key, &there)) {
        strlist_addf(lines, "+ %s", key);
        return;
    }
    if (vault_value(archived, key, &kept) && !digest_same(buf_str(&there), buf_str(&kept)))
        strlist_addf(lines, "~ %s (hash of this run: there %s, archived %s)", key,
                     digest_salted(salt, buf_str(&there), before),
                     digest_salted(salt, buf_str(&kept), after));
}

void vault_changes(const json_t *archived, const json_t *live, const struct salt *salt,
                   struct strlist *lines)
{
    json_t *data = json_object_get(archived, "data");
    for (void *at = json_object_iter(data); at; at = json_object_iter_next(data, at))
        add_change(archived, live, json_object_iter_key(at), salt, lines);
    data = json_object_get(live, "data");
    for (void *at = json_object_iter(data); at; at = json_object_iter_next(data, at))
        if (!has_key(archived, json_object_iter_key(at)))
            strlist_addf(lines, "- %s", json_object_iter_key(at));
    if (strcmp(vault_secret_type(archived), vault_secret_type(live)) != 0)
        strlist_addf(lines, "~ type (there %.100s, archived %.100s)", vault_secret_type(live),
                     vault_secret_type(archived));
}
