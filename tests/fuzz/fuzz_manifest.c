/* A manifest, or what came out of an encrypted archive: whatever bytes they are, they are refused
 * with a text or read, and what was read is written as the same again and holds nothing that a
 * terminal would not show. */
#include "base/mem.h"
#include "certs/cms.h"
#include "certs/secret.h"
#include "server/vault/manifest.h"
#include "server/vault/pairs.h"
#include "server/vault/plan.h"
#include "tests/fuzz/fuzz.h"

static void try_manifest(struct str text)
{
    struct error err = {""};
    struct vault_manifest manifest;
    struct vault_manifest again;
    cleanup(buf_clear) struct buf written = BUF(2 * VAULT_MANIFEST_MAX);
    if (!vault_manifest_read(text, &manifest, &err)) {
        fuzz_check(err.text[0], "a refusal has a text");
        return;
    }
    fuzz_check(vault_is_line(manifest.archive) && vault_is_line(manifest.origin.cluster),
               "texts of a manifest are lines");
    if (vault_manifest_write(&manifest, &written)) {
        fuzz_check(vault_manifest_read(buf_str(&written), &again, &err), "it is read again");
        fuzz_check(json_equal(manifest.json, again.json), "and is the same");
        vault_manifest_done(&again);
    }
    vault_manifest_done(&manifest);
}

static void judge(const struct vault_payload *payload)
{
    cleanup(strlist_clear) struct strlist lines = {0};
    const struct vault_owner owner = {payload->origin.namespace, payload->origin.harbor_cluster};
    struct vault_held held[VAULT_NAMES_MAX];
    size_t count = json_array_size(payload->secrets);
    const struct salt salt = {{0}};
    for (size_t i = 0; i < count; i++) {
        const json_t *secret = json_array_get(payload->secrets, i);
        held[i] = (struct vault_held){.name = vault_secret_name(secret), .secret = secret};
        enum vault_action action = vault_decide(secret, secret, false).action;
        fuzz_check(action == VAULT_SAME || action == VAULT_REFUSED, "it is the same as itself");
        vault_changes(secret, secret, &salt, &lines);
    }
    fuzz_check(lines.count == 0, "nothing of it differs from itself");
    vault_pairs(held, count, &owner, &lines);
}

static void try_payload(struct str text)
{
    struct error err = {""};
    struct vault_payload payload;
    struct vault_payload again;
    cleanup(secret_clear) struct buf written = BUF(2 * CMS_PLAIN_MAX);
    if (!vault_payload_read(text, &payload, &err)) {
        fuzz_check(err.text[0], "a refusal has a text");
        return;
    }
    judge(&payload);
    if (vault_payload_write(&payload, &written, &err)) {
        fuzz_check(vault_payload_read(buf_str(&written), &again, &err), "it is read again");
        fuzz_check(json_equal(payload.json, again.json), "and is the same");
        vault_payload_done(&again);
    }
    vault_payload_done(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {size ? (const char *)data : "", size};
    try_manifest(text);
    try_payload(text);
    return 0;
}
