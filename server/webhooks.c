#include "server/webhooks.h"

#include "base/base64.h"
#include "base/mem.h"

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static const json_t *client_of(const json_t *entry)
{
    return json_object_get(entry, "clientConfig");
}

static bool is_ours(const json_t *entry, const struct webhooks_service *service)
{
    const json_t *called = json_object_get(client_of(entry), "service");
    return str_is(str_of(text_at(called, "namespace")), service->namespace) &&
           str_is(str_of(text_at(called, "name")), service->name);
}

static void add_operation(json_t *patch, const char *operation, const char *path, const char *value)
{
    json_array_append_new(
        patch, json_pack("{s:s, s:s, s:s}", "op", operation, "path", path, "value", value));
}

static void add_entry(json_t *patch, size_t index, const json_t *entry, const char *bundle)
{
    autofree char *name = xasprintf("/webhooks/%zu/name", index);
    autofree char *place = xasprintf("/webhooks/%zu/clientConfig/caBundle", index);
    add_operation(patch, "test", name, text_at(entry, "name"));
    add_operation(patch, "add", place, bundle);
}

json_t *webhooks_patch(const json_t *configuration, const struct webhooks_service *service,
                       struct str bundle)
{
    cleanup(buf_clear) struct buf wanted = BUF(2 * (size_t)CHAIN_PEM_MAX);
    base64_add(&wanted, bundle);
    json_t *patch = json_array();
    const json_t *metadata = json_object_get(configuration, "metadata");
    add_operation(patch, "test", "/metadata/resourceVersion", text_at(metadata, "resourceVersion"));
    const json_t *entries = json_object_get(configuration, "webhooks");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        if (is_ours(entry, service) &&
            !str_is(buf_str(&wanted), text_at(client_of(entry), "caBundle")))
            add_entry(patch, i, entry, buf_str(&wanted).data);
    }
    if (json_array_size(patch) > 1)
        return patch;
    json_decref(patch);
    return NULL;
}

static bool read_bundle(const json_t *entry, struct chain **ret, struct error *err)
{
    struct str text = str_of(text_at(client_of(entry), "caBundle"));
    if (text.length == 0)
        return error_set(err, "caBundle: is empty");
    cleanup(buf_clear) struct buf pem = BUF(CHAIN_PEM_MAX);
    if (!base64_read(text, &pem))
        return error_set(err, "caBundle: is not base64 of at most %u bytes", CHAIN_PEM_MAX);
    return chain_parse((struct pem_text){"caBundle", buf_str(&pem)}, ret, err);
}

bool webhooks_know(const json_t *configuration, const struct webhooks_service *service,
                   const struct authority *authority)
{
    struct error unused;
    const json_t *entries = json_object_get(configuration, "webhooks");
    bool known = true;
    for (size_t i = 0; known && i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        cleanup(chain_drop) struct chain *bundle = NULL;
        known = !is_ours(entry, service) ||
                (read_bundle(entry, &bundle, &unused) && authority_known_to(authority, bundle));
    }
    return known;
}

bool webhooks_accept(const json_t *configuration, const struct webhooks_service *service,
                     const struct chain *leaf, int64_t now, struct error *err)
{
    const json_t *entries = json_object_get(configuration, "webhooks");
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        cleanup(chain_drop) struct chain *bundle = NULL;
        if (is_ours(entry, service) &&
            (!read_bundle(entry, &bundle, err) || !chain_verify(leaf, bundle, now, err)))
            return error_wrap(err, "entry %zu ('%.100s')", i + 1, text_at(entry, "name"));
    }
    return true;
}
