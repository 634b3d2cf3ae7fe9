/*
 * What lies beside an archive and can be read without a key: what is inside, of when and where, and
 * the hash of the encrypted bytes. No value, no length and no hash of a value is in it: a password
 * that can be guessed could be tried out on its hash, and equal hashes would tell which Secrets
 * share one. Pure.
 */
#ifndef SERVER_VAULT_MANIFEST_H
#define SERVER_VAULT_MANIFEST_H

#include "certs/chain.h"
#include "certs/digest.h"
#include "server/vault/payload.h"

#define VAULT_MANIFEST_MAX (1024u * 1024)

/* Ends of the names of the three objects of one archive: "20261120T020000Z-1f2e3d4c.cms". */
#define VAULT_ARCHIVE_END ".cms"
#define VAULT_MANIFEST_END ".manifest.json"
#define VAULT_SIGNATURE_END ".manifest.sig"

/* Room for "20261120T020000Z-1f2e3d4c" and a NUL. */
#define VAULT_STEM_SIZE 26

/* Writes the common beginning of the names of a new archive: when, and `salt`'s first bytes, so
 * that no two are the same. Names sort by time. Returns the text. */
const char *vault_stem(int64_t now, const struct salt *salt, char text[VAULT_STEM_SIZE]);

/* The stem of an object's name, when it is that of a manifest; else absent. */
struct str vault_stem_of(struct str name);

struct vault_manifest {
    json_t *json; /* owned; the rest is borrowed from it */
    struct vault_origin origin;
    const char *archive;      /* the name of the encrypted object */
    uint64_t size;            /* its bytes */
    const char *sha256;       /* of these */
    const json_t *recipients; /* [{subject, serial, sha256}] */
    const json_t *secrets;    /* [{name, type, keys: [...]}] */
    const json_t *absent;     /* texts: what should have been there, and was not */
};

/* Describes the encrypted bytes of a payload. `ret` is to be freed with vault_manifest_done(). */
void vault_manifest_new(const struct vault_payload *payload, const char *archive, struct str sealed,
                        const struct chain *const *recipients, size_t recipient_count,
                        const struct strlist *absent, struct vault_manifest *ret);

/* Adds its text; and reads it again, strictly. */
bool vault_manifest_write(const struct vault_manifest *manifest, struct buf *text)
    __attribute__((warn_unused_result));
bool vault_manifest_read(struct str text, struct vault_manifest *ret, struct error *err)
    __attribute__((warn_unused_result));
void vault_manifest_done(struct vault_manifest *manifest);

/* Whether the encrypted bytes are those that it describes. */
bool vault_manifest_fits(const struct vault_manifest *manifest, struct str sealed,
                         struct error *err) __attribute__((warn_unused_result));

/* Whether what came out of them is, too: the same origin, names, types and keys. */
bool vault_manifest_tells(const struct vault_manifest *manifest,
                          const struct vault_payload *payload, struct error *err)
    __attribute__((warn_unused_result));

#endif
