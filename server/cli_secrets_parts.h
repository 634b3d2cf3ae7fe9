/* What `secrets backup`, `restore` and `list` have in common. */
#ifndef SERVER_CLI_SECRETS_PARTS_H
#define SERVER_CLI_SECRETS_PARTS_H

#include "certs/cms.h"
#include "server/command.h"
#include "server/kube.h"
#include "server/vault/manifest.h"
#include "server/vault/store.h"

extern const struct command_help secrets_backup_help;
extern const struct command_help secrets_restore_help;
extern const struct command_help secrets_list_help;

/* Rows of the options that say which cluster. */
#define SECRETS_KUBE_OPTIONS                                                                       \
    {"kubeconfig", "FILE", false, "a kubeconfig (KUBECONFIG, ~/.kube/config, the pod's own)"},     \
    {                                                                                              \
        "context", "NAME", false, "its context, instead of the current one"                        \
    }

/* The client that the options, the environment and the pod give; *ret_server is its address. The
 * caller frees both. */
bool secrets_kube(const struct options *options, struct kube **ret, char **ret_server,
                  struct error *err) __attribute__((warn_unused_result));

/* One Secret, or NULL when there is none (KUBE_ABSENT is no failure here). */
enum kube_status secrets_get(struct kube *kube, const char *namespace, const char *name,
                             json_t **ret, struct error *err) __attribute__((warn_unused_result));

/* A file that may hold a key: its content, overwritten in the end, and what messages call it. */
struct secrets_file {
    struct buf content;
    struct pem_text pem; /* absent when there is no such option */
};
bool secrets_file_read(const char *path, struct secrets_file *ret, struct error *err)
    __attribute__((warn_unused_result));
void secrets_file_done(struct secrets_file *file);

/* A private key and its passphrase, by the options of these names. */
struct secrets_key {
    struct secrets_file key;
    struct secrets_file passphrase;
    struct cms_key cms;
};
bool secrets_key_read(const struct options *options, const char *key, const char *passphrase,
                      struct secrets_key *ret, struct error *err)
    __attribute__((warn_unused_result));
void secrets_key_done(struct secrets_key *key);

/* The manifest of the archive with these names' beginning; one of another archive is an error. */
enum source_status secrets_manifest(struct vault_store *store, const char *stem,
                                    struct vault_manifest *ret, struct buf *text, struct error *err)
    __attribute__((warn_unused_result));

/* An archive that was opened. */
struct secrets_archive {
    struct secrets_key key;
    struct secrets_file signer_certificate;
    struct vault_store *store;
    struct vault_payload payload;
};

/* Opens the archive that --from says (of a folder the newest one, of --harborcluster if that is
 * given) with --key, and prints which one it is and whether its origin is proven. The caller ends
 * *ret with secrets_archive_done(), also after a failure. */
bool secrets_archive_open(const struct options *options, struct secrets_archive *archive,
                          struct error *err) __attribute__((warn_unused_result));
void secrets_archive_done(struct secrets_archive *archive);

/* "registry/main", or "registry" when the Secrets were named one by one. The caller frees. */
char *secrets_source(const struct vault_origin *origin) __attribute__((warn_unused_result));

/* Prints the names and keys of a manifest's Secrets, and to whom they are encrypted. */
void secrets_print_inside(const struct vault_manifest *manifest);

#endif
