#include "server/cli_secrets_parts.h"

#include "base/mem.h"
#include "certs/secret.h"
#include "server/cli_place.h"

#include <stdio.h>

/* Whether the archive is of the HarborCluster that was asked for; every one is when none was. */
static bool wanted(const struct options *options, const struct vault_origin *origin)
{
    const char *asked = options_value(options, "harborcluster", 0);
    const char *is = origin->harbor_cluster;
    return !asked || (is && strcmp(asked, is) == 0);
}

/* The newest archive of a folder that is wanted. The caller frees. */
static bool find_newest(struct secrets_archive *archive, const struct options *options,
                        char **ret_stem, struct error *err)
{
    cleanup(vault_listing_done) struct vault_listing listing = {0};
    if (!vault_store_list(archive->store, &listing, err))
        return false;
    for (size_t i = listing.count; i-- > 0;) {
        struct str stem = vault_stem_of(str_of(listing.names[i]));
        cleanup(buf_clear) struct buf text = {0};
        struct vault_manifest manifest = {0};
        autofree char *name = xstrndup(stem.data ? stem.data : "", stem.length);
        if (!stem.data)
            continue;
        if (secrets_manifest(archive->store, name, &manifest, &text, err) != SOURCE_DONE)
            return false;
        bool found = wanted(options, &manifest.origin);
        vault_manifest_done(&manifest);
        if (!found)
            continue;
        *ret_stem = TAKE(name);
        return true;
    }
    autofree char *text =
        vault_listing_empty(archive->store, &listing,
                            options_has(options, "harborcluster") ? " of that HarborCluster" : "");
    return error_set(err, "%s", text);
}

/* Says whether it is known who wrote the archive; a signature that does not fit ends everything. */
static bool check_origin(struct secrets_archive *archive, const char *stem, struct str manifest,
                         struct error *err)
{
    cleanup(buf_clear) struct buf signature = BUF(CMS_SIGNATURE_MAX);
    autofree char *name = xasprintf("%s" VAULT_SIGNATURE_END, stem);
    autofree char *full = vault_store_name(archive->store, name);
    if (!archive->signer_certificate.pem.text.data) {
        printf("origin not proven: whoever can write there can have made this archive; "
               "--signer-cert checks its signature\n");
        return true;
    }
    enum source_status status = vault_store_get(archive->store, name, &signature, err);
    if (status == SOURCE_ABSENT)
        return error_set(err,
                         "%s: is not there, so the archive is not signed; without "
                         "--signer-cert it is restored all the same",
                         full);
    if (status != SOURCE_DONE)
        return false;
    if (!cms_verify((struct pem_text){full, buf_str(&signature)}, archive->signer_certificate.pem,
                    manifest, err))
        return false;
    printf("origin proven: signed by the holder of %s\n", archive->signer_certificate.pem.name);
    return true;
}

static bool decrypt(struct secrets_archive *archive, struct pem_text sealed, struct error *err)
{
    cleanup(secret_clear) struct buf plain = BUF(CMS_PLAIN_MAX);
    return cms_decrypt(sealed, archive->key.cms, &plain, err) &&
           (vault_payload_read(buf_str(&plain), &archive->payload, err) ||
            error_wrap(err, "%s", sealed.name));
}

/* An archive without its manifest can still be restored, if nobody asked for proof. */
static bool read_manifest(struct secrets_archive *archive, const char *stem,
                          struct vault_manifest *manifest, struct error *err)
{
    cleanup(buf_clear) struct buf text = {0};
    switch (secrets_manifest(archive->store, stem, manifest, &text, err)) {
    case SOURCE_DONE:
        return check_origin(archive, stem, buf_str(&text), err);
    case SOURCE_ABSENT:
        if (archive->signer_certificate.pem.text.data)
            return error_set(err, "%s: has no manifest, so there is nothing that is signed", stem);
        printf("origin not proven: %s has no manifest\n", stem);
        return true;
    default:
        return false;
    }
}

static bool check_wanted(const struct options *options, const struct vault_origin *origin,
                         struct error *err)
{
    autofree char *source = secrets_source(origin);
    return wanted(options, origin) || error_set(err, "is of %s, not of the HarborCluster '%.253s'",
                                                source, options_value(options, "harborcluster", 0));
}

static bool read_archive(const struct options *options, struct secrets_archive *archive,
                         const char *stem, struct error *err)
{
    cleanup(vault_manifest_done) struct vault_manifest manifest = {0};
    cleanup(buf_clear) struct buf sealed = BUF(CMS_SEALED_MAX);
    autofree char *name = xasprintf("%s" VAULT_ARCHIVE_END, stem);
    autofree char *full = vault_store_name(archive->store, name);
    printf("archive %s\n", full);
    if (!read_manifest(archive, stem, &manifest, err))
        return false;
    enum source_status status = vault_store_get(archive->store, name, &sealed, err);
    if (status == SOURCE_ABSENT)
        return error_set(err, "%s: there is no such archive", full);
    if (status != SOURCE_DONE)
        return false;
    if (manifest.json && !vault_manifest_fits(&manifest, buf_str(&sealed), err))
        return error_wrap(err, "%s", full);
    if (!decrypt(archive, (struct pem_text){full, buf_str(&sealed)}, err))
        return false;
    bool told = !manifest.json || vault_manifest_tells(&manifest, &archive->payload, err);
    return (told && check_wanted(options, &archive->payload.origin, err)) ||
           error_wrap(err, "%s", full);
}

bool secrets_archive_open(const struct options *options, struct secrets_archive *archive,
                          struct error *err)
{
    autofree char *newest = NULL;
    const char *certificate = options_value(options, "signer-cert", 0);
    const struct source_place place = cli_place(options, options_value(options, "from", 0));
    if (!secrets_key_read(options, "key", "passphrase-file", &archive->key, err) ||
        (certificate && !secrets_file_read(certificate, &archive->signer_certificate, err)) ||
        !vault_store_open(&place, &archive->store, err))
        return false;
    const char *stem = vault_store_stem(archive->store);
    if (!stem && !find_newest(archive, options, &newest, err))
        return false;
    return read_archive(options, archive, stem ? stem : newest, err);
}

void secrets_archive_done(struct secrets_archive *archive)
{
    secrets_key_done(&archive->key);
    secrets_file_done(&archive->signer_certificate);
    vault_store_free(archive->store);
    vault_payload_done(&archive->payload);
}
