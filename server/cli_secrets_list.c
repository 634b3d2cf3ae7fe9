#include "server/cli_secrets.h"

#include "base/mem.h"
#include "server/cli_place.h"
#include "server/cli_secrets_parts.h"
#include "server/vault/names.h"

#include <stdio.h>

static const char list_usage[] = "expected --from, or --namespace and --harborcluster";

/* What a look at a folder has found. */
struct look {
    size_t archives;
    size_t unreadable;
    size_t incomplete;
};

static void print_archive(const struct vault_manifest *manifest, bool is_signed)
{
    autofree char *source = secrets_source(&manifest->origin);
    size_t absent = json_array_size(manifest->absent);
    printf("%s  %s  %s  %zu Secrets, %s", manifest->origin.created, manifest->archive, source,
           json_array_size(manifest->secrets), is_signed ? "signed" : "not signed");
    if (absent)
        printf(", %zu finding%s", absent, absent == 1 ? "" : "s");
    printf("\n");
}

static void list_archive(struct vault_store *store, const struct vault_listing *listing,
                         struct str stem, struct look *look)
{
    struct error err;
    cleanup(buf_clear) struct buf text = {0};
    cleanup(vault_manifest_done) struct vault_manifest manifest = {0};
    autofree char *name = xstrndup(stem.data, stem.length);
    autofree char *signature = xasprintf("%s" VAULT_SIGNATURE_END, name);
    look->archives++;
    if (secrets_manifest(store, name, &manifest, &text, &err) != SOURCE_DONE) {
        command_failed(err.text);
        look->unreadable++;
        return;
    }
    print_archive(&manifest, vault_listing_has(listing, signature));
    if (vault_listing_has(listing, manifest.archive))
        return;
    printf("finding: %s: is not there any more, only its manifest is\n", manifest.archive);
    look->incomplete++;
}

/* A backup that was interrupted leaves an archive without a manifest. */
static void list_orphan(const struct vault_listing *listing, struct str name, struct look *look)
{
    if (!str_ends(name, STR(VAULT_ARCHIVE_END)))
        return;
    autofree char *manifest = xasprintf("%.*s" VAULT_MANIFEST_END,
                                        (int)(name.length - strlen(VAULT_ARCHIVE_END)), name.data);
    if (vault_listing_has(listing, manifest))
        return;
    printf("finding: %.*s: has no manifest: a backup was interrupted, or is under way\n",
           STR_ARG(name));
    look->incomplete++;
}

static int list_folder(struct vault_store *store)
{
    struct error err;
    struct look look = {0};
    cleanup(vault_listing_done) struct vault_listing listing = {0};
    if (!vault_store_list(store, &listing, &err))
        return command_failed(err.text);
    for (size_t i = 0; i < listing.count; i++) {
        struct str name = str_of(listing.names[i]);
        struct str stem = vault_stem_of(name);
        if (!vault_is_line(listing.names[i]))
            continue;
        if (stem.data)
            list_archive(store, &listing, stem, &look);
        else
            list_orphan(&listing, name, &look);
    }
    if (!look.archives && !look.incomplete) {
        autofree char *text = vault_listing_empty(store, &listing, "");
        printf("finding: %s\n", text);
    }
    if (look.unreadable)
        return COMMAND_FAILED;
    return look.incomplete || !look.archives ? COMMAND_FINDINGS : COMMAND_FINE;
}

static int list_one(struct vault_store *store, const char *stem)
{
    struct error err;
    cleanup(buf_clear) struct buf text = {0};
    cleanup(buf_clear) struct buf signature = BUF(CMS_SIGNATURE_MAX);
    cleanup(vault_manifest_done) struct vault_manifest manifest = {0};
    autofree char *name = xasprintf("%s" VAULT_SIGNATURE_END, stem);
    enum source_status status = secrets_manifest(store, stem, &manifest, &text, &err);
    if (status == SOURCE_ABSENT) {
        autofree char *manifest_name = xasprintf("%s" VAULT_MANIFEST_END, stem);
        autofree char *full = vault_store_name(store, manifest_name);
        error_set_(&err, "%s: is not there", full);
    }
    if (status != SOURCE_DONE)
        return command_failed(err.text);
    status = vault_store_get(store, name, &signature, &err);
    if (status == SOURCE_UNKNOWN)
        return command_failed(err.text);
    print_archive(&manifest, status == SOURCE_DONE);
    printf("of %s, by version %s\n", manifest.origin.cluster, manifest.origin.tool);
    secrets_print_inside(&manifest);
    for (size_t i = 0; i < json_array_size(manifest.absent); i++)
        printf("finding: %s\n", json_string_value(json_array_get(manifest.absent, i)));
    return json_array_size(manifest.absent) ? COMMAND_FINDINGS : COMMAND_FINE;
}

/* What a Role has to allow: the computed names, one a line. */
static int list_names(const struct options *options)
{
    const struct vault_owner owner = {options_value(options, "namespace", 0),
                                      options_value(options, "harborcluster", 0)};
    cleanup(vault_names_done) struct vault_names names = {0};
    if (!owner.namespace || !str_is_dns_label(str_of(owner.namespace)) || !owner.harbor_cluster ||
        !vault_is_name(owner.harbor_cluster))
        return command_usage_error(secrets_list_help.name, list_usage);
    vault_names_of(&names, &owner);
    for (size_t i = 0; i < names.count; i++)
        printf("%s\n", names.items[i].name);
    return COMMAND_FINE;
}

int cli_secrets_list(int argc, char **argv)
{
    int result;
    struct error err;
    cleanup(options_done) struct options options = {0};
    cleanup(vault_store_drop) struct vault_store *store = NULL;
    if (!command_options(&secrets_list_help, argc, argv, 0, &options, &result))
        return result;
    const char *from = options_value(&options, "from", 0);
    if (!from)
        return list_names(&options);
    if (options_has(&options, "namespace") || options_has(&options, "harborcluster"))
        return command_usage_error(secrets_list_help.name, list_usage);
    const struct source_place place = cli_place(&options, from);
    if (!cli_place_complete(&place, "from", &err))
        return command_usage_error(secrets_list_help.name, err.text);
    if (!vault_store_open(&place, &store, &err))
        return command_failed(err.text);
    const char *stem = vault_store_stem(store);
    return stem ? list_one(store, stem) : list_folder(store);
}
