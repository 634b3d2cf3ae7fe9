#include "server/cli_secrets.h"

#include "base/mem.h"
#include "certs/secret.h"
#include "server/cli_place.h"
#include "server/cli_secrets_parts.h"
#include "server/vault/guard.h"
#include "server/vault/names.h"
#include "server/vault/plan.h"
#include "server/version.h"

#include <stdio.h>
#include <time.h>

#define RECIPIENTS_MAX 16

/* Everything of one run. */
struct run {
    const struct options *options;
    int64_t now;
    struct vault_owner owner;
    struct chain *recipients[RECIPIENTS_MAX];
    size_t recipient_count;
    struct secrets_key signer;
    struct secrets_file signer_certificate;
    struct kube *kube;
    char *server;
    struct vault_store *store;
    struct vault_names names;
    bool found[VAULT_NAMES_MAX];
    json_t *secrets;
    struct strlist absent;   /* what is to be kept and is not there, or may not be read */
    struct strlist failures; /* what could not be told */
};

static void run_done(struct run *run)
{
    for (size_t i = 0; i < run->recipient_count; i++)
        chain_free(run->recipients[i]);
    secrets_key_done(&run->signer);
    secrets_file_done(&run->signer_certificate);
    kube_free(run->kube);
    free(run->server);
    vault_store_free(run->store);
    vault_names_done(&run->names);
    json_decref(run->secrets);
    strlist_clear(&run->absent);
    strlist_clear(&run->failures);
}

/* ---- before anybody is asked ---- */

static void read_recipient(struct run *run, const char *path)
{
    struct error err;
    struct secrets_file file = {0};
    struct chain *chain = NULL;
    if (!secrets_file_read(path, &file, &err) || !chain_parse(file.pem, &chain, &err)) {
        strlist_add(&run->failures, str_of(err.text));
        secrets_file_done(&file);
        return;
    }
    run->recipients[run->recipient_count++] = chain;
    for (size_t i = 0; i < chain_count(chain); i++)
        if (!cms_check_recipient(chain, i, run->now, &err))
            strlist_addf(&run->failures, "%s: certificate %zu of %zu: %s", path, i + 1,
                         chain_count(chain), err.text);
    secrets_file_done(&file);
}

static bool read_signer(struct run *run, struct error *err)
{
    const char *certificate = options_value(run->options, "signer-cert", 0);
    if (!options_has(run->options, "signer"))
        return true;
    return secrets_key_read(run->options, "signer", "passphrase-file", &run->signer, err) &&
           (!certificate || secrets_file_read(certificate, &run->signer_certificate, err));
}

/* Nothing else is done when a recipient or the signer is of no use. */
static bool read_files(struct run *run, struct error *err)
{
    const char *path;
    for (size_t i = 0; (path = options_value(run->options, "recipient", i)); i++) {
        if (run->recipient_count == RECIPIENTS_MAX)
            return error_set(err, "--recipient: more than %d files", RECIPIENTS_MAX);
        read_recipient(run, path);
    }
    if (run->failures.count) {
        autofree char *all = strlist_join(&run->failures, "; ");
        strlist_clear(&run->failures);
        return error_set(err, "%s", all);
    }
    return read_signer(run, err);
}

static bool open_both(struct run *run, struct error *err)
{
    const struct source_place place = cli_place(run->options, options_value(run->options, "to", 0));
    return vault_store_open(&place, &run->store, err) &&
           secrets_kube(run->options, &run->kube, &run->server, err);
}

/* ---- reading ---- */

/* Without it the names that are computed remain: whoever gave no right to read it wants that. */
static bool read_harbor_cluster(struct run *run, struct error *err)
{
    cleanup(json_decrefp) json_t *harbor_cluster = NULL;
    autofree char *collection =
        xasprintf("/apis/goharbor.io/v1beta1/namespaces/%s/harborclusters", run->owner.namespace);
    const struct kube_object object = {collection, run->owner.harbor_cluster,
                                       "get of this HarborCluster"};
    vault_names_of(&run->names, &run->owner);
    enum kube_status status = kube_get(run->kube, &object, &harbor_cluster, err);
    if (status == KUBE_DONE) {
        vault_names_read(&run->names, harbor_cluster);
        return true;
    }
    if (status != KUBE_FORBIDDEN && status != KUBE_ABSENT)
        return false;
    printf("note: %s; the Secrets that it names itself (the admin password, keys of its storage) "
           "are kept only with --name\n",
           err->text);
    return true;
}

static bool find_names(struct run *run, struct error *err)
{
    const char *name;
    if (run->owner.harbor_cluster && !read_harbor_cluster(run, err))
        return false;
    for (size_t i = 0; (name = options_value(run->options, "name", i)); i++)
        if (!vault_names_add(&run->names, name, "--name", err))
            return error_wrap(err, "--name");
    return true;
}

static void keep(struct run *run, size_t index, const json_t *secret)
{
    struct error err;
    json_t *kept = vault_secret_kept(secret, &err);
    if (!kept) {
        strlist_addf(&run->failures, "secrets/%s: %s", run->names.items[index].name, err.text);
        return;
    }
    struct vault_decision decision = vault_decide(kept, NULL, false);
    if (decision.action == VAULT_REFUSED)
        strlist_addf(&run->failures, "secrets/%s: %s; leave it out", run->names.items[index].name,
                     decision.reason);
    run->found[index] = true;
    json_array_append_new(run->secrets, kept);
}

/* Whether it was only the HarborCluster that asked for this Secret. */
static bool only_referred(const struct vault_name *name)
{
    return name->named && name->part == VAULT_PARTS && strcmp(name->why, "--name") != 0;
}

static void read_secret(struct run *run, size_t index, bool *ret_go_on)
{
    struct error err;
    cleanup(json_decrefp) json_t *secret = NULL;
    const struct vault_name *name = &run->names.items[index];
    enum kube_status status =
        secrets_get(run->kube, run->owner.namespace, name->name, &secret, &err);
    *ret_go_on = status == KUBE_DONE || status == KUBE_FORBIDDEN;
    if (status == KUBE_DONE && secret)
        keep(run, index, secret);
    else if (status == KUBE_FORBIDDEN && only_referred(name)) {
        run->found[index] = true; /* as far as is known */
        strlist_addf(&run->absent,
                     "%s: is not in this archive, but %s names it; allow it in the "
                     "Role, or keep it elsewhere",
                     err.text, name->why);
    } else if (status != KUBE_DONE)
        strlist_add(&run->failures, str_of(err.text));
}

/* Everything is read before anything is written. */
static bool read_all(struct run *run, struct error *err)
{
    bool go_on = true;
    run->secrets = json_array();
    if (!find_names(run, err))
        return false;
    for (size_t i = 0; i < run->names.count && go_on; i++)
        read_secret(run, i, &go_on);
    if (run->failures.count) {
        for (size_t i = 0; i < run->failures.count; i++)
            command_failed(run->failures.items[i]);
        return error_set(err, "nothing was written: not every Secret could be read");
    }
    if (!json_array_size(run->secrets))
        return error_set(err,
                         "nothing was written: none of the %zu Secrets is in namespace '%s'; "
                         "are the names right?",
                         run->names.count, run->owner.namespace);
    vault_names_absent(&run->names, run->found, &run->owner, &run->absent);
    return true;
}

/* ---- writing ---- */

struct bytes {
    struct buf sealed;
    struct buf manifest;
    struct buf signature;
};

static void bytes_done(struct bytes *bytes)
{
    buf_clear(&bytes->sealed);
    buf_clear(&bytes->manifest);
    buf_clear(&bytes->signature);
}

static bool seal(struct run *run, const struct vault_payload *payload, struct buf *sealed,
                 struct error *err)
{
    cleanup(secret_clear) struct buf plain = BUF(CMS_PLAIN_MAX);
    return vault_payload_write(payload, &plain, err) &&
           cms_encrypt((const struct chain *const *)run->recipients, run->recipient_count,
                       buf_str(&plain), sealed, err);
}

static bool make(struct run *run, const char *archive, struct bytes *bytes,
                 struct vault_manifest *manifest, struct error *err)
{
    char created[CHAIN_TIME_SIZE];
    struct vault_payload payload;
    const struct vault_origin origin = {
        .created = chain_time(run->now, created),
        .tool = VERSION,
        .cluster = options_get(run->options, "cluster", run->server),
        .namespace = run->owner.namespace,
        .harbor_cluster = run->owner.harbor_cluster,
    };
    bytes->sealed = BUF(CMS_SEALED_MAX);
    bytes->manifest = BUF(VAULT_MANIFEST_MAX);
    bytes->signature = BUF(CMS_SIGNATURE_MAX);
    vault_payload_new(&origin, json_incref(run->secrets), &payload);
    bool sealed = seal(run, &payload, &bytes->sealed, err);
    if (sealed)
        vault_manifest_new(&payload, archive, buf_str(&bytes->sealed),
                           (const struct chain *const *)run->recipients, run->recipient_count,
                           &run->absent, manifest);
    vault_payload_done(&payload);
    if (!sealed)
        return false;
    if (!vault_manifest_write(manifest, &bytes->manifest))
        return error_set(err, "the manifest is larger than %u bytes", VAULT_MANIFEST_MAX);
    return !options_has(run->options, "signer") ||
           cms_sign(run->signer.cms, run->signer_certificate.pem, buf_str(&bytes->manifest),
                    run->now, &bytes->signature, err);
}

/* The manifest comes last: what has none is no archive yet. */
static bool put_all(struct run *run, const char *stem, const struct bytes *bytes, struct error *err)
{
    autofree char *archive = xasprintf("%s" VAULT_ARCHIVE_END, stem);
    autofree char *manifest = xasprintf("%s" VAULT_MANIFEST_END, stem);
    autofree char *signature = xasprintf("%s" VAULT_SIGNATURE_END, stem);
    if (!vault_store_put(run->store, archive, buf_str(&bytes->sealed), err))
        return error_wrap(err, "nothing was written");
    if ((!bytes->signature.length ||
         vault_store_put(run->store, signature, buf_str(&bytes->signature), err)) &&
        vault_store_put(run->store, manifest, buf_str(&bytes->manifest), err))
        return true;
    return error_wrap(err,
                      "%s was written, its manifest was not, so nobody takes it for an "
                      "archive; run this again",
                      archive);
}

static void print_written(const struct run *run, const struct vault_manifest *manifest)
{
    autofree char *source = secrets_source(&manifest->origin);
    autofree char *name = vault_store_name(run->store, manifest->archive);
    size_t count = json_array_size(manifest->secrets);
    printf("%zu Secret%s of %s at %s\n", count, count == 1 ? "" : "s", source,
           manifest->origin.cluster);
    secrets_print_inside(manifest);
    printf("written to %s%s\n", name,
           options_has(run->options, "signer") ? ", signed" : ", not signed (--signer)");
    for (size_t i = 0; i < run->absent.count; i++)
        printf("finding: %s\n", run->absent.items[i]);
}

static bool write_archive(struct run *run, struct error *err)
{
    struct salt salt;
    char text[VAULT_STEM_SIZE];
    cleanup(bytes_done) struct bytes bytes = {0};
    cleanup(vault_manifest_done) struct vault_manifest manifest = {0};
    if (!salt_fill(&salt))
        return error_set(err, "no randomness for the archive's name");
    const char *stem = vault_store_stem(run->store);
    stem = stem ? stem : vault_stem(run->now, &salt, text);
    autofree char *archive = xasprintf("%s" VAULT_ARCHIVE_END, stem);
    if (!make(run, archive, &bytes, &manifest, err) || !put_all(run, stem, &bytes, err))
        return false;
    print_written(run, &manifest);
    return true;
}

/* ---- the command ---- */

static bool check_usage(const struct options *options, struct error *err)
{
    const char *namespace = options_value(options, "namespace", 0);
    const char *harbor_cluster = options_value(options, "harborcluster", 0);
    const char *cluster = options_get(options, "cluster", "x");
    const struct source_place place = cli_place(options, options_get(options, "to", ""));
    if (!options_has(options, "recipient"))
        return error_set(err, "--recipient is missing, expected a file of certificates");
    if (!options_has(options, "to"))
        return error_set(err, "--to is missing, expected s3://bucket/folder, a folder or a file "
                              "that ends with " VAULT_ARCHIVE_END);
    if (!namespace)
        return error_set(err, "--namespace is missing, expected that of the Secrets");
    if (!str_is_dns_label(str_of(namespace)))
        return error_set(err, "--namespace: '%s' is not the name of a namespace", namespace);
    if (!harbor_cluster && !options_has(options, "name"))
        return error_set(err, "expected --harborcluster or --name");
    if (harbor_cluster && !vault_is_name(harbor_cluster))
        return error_set(err, "--harborcluster: '%.253s' is not the name of one", harbor_cluster);
    if (options_has(options, "signer-cert") && !options_has(options, "signer"))
        return error_set(err, "--signer-cert needs --signer");
    if (!vault_is_line(cluster))
        return error_set(err, "--cluster: expected a line of text in UTF-8");
    return cli_place_complete(&place, "to", err);
}

static int backup(struct run *run)
{
    struct error err;
    if (!vault_guard(&err) || !read_files(run, &err) || !open_both(run, &err) ||
        !read_all(run, &err) || !write_archive(run, &err))
        return command_failed(err.text);
    return run->absent.count ? COMMAND_FINDINGS : COMMAND_FINE;
}

int cli_secrets_backup(int argc, char **argv)
{
    int result;
    struct error err;
    cleanup(options_done) struct options options = {0};
    if (!command_options(&secrets_backup_help, argc, argv, 0, &options, &result))
        return result;
    if (!check_usage(&options, &err))
        return command_usage_error(secrets_backup_help.name, err.text);
    cleanup(run_done) struct run run = {.options = &options, .now = time(NULL)};
    run.owner = (struct vault_owner){options_value(&options, "namespace", 0),
                                     options_value(&options, "harborcluster", 0)};
    return backup(&run);
}
