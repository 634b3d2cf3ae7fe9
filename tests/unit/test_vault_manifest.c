#include "server/vault/manifest.h"

#include "tests/unit/forge.h"
#include "tests/unit/vault_fixture.h"

#define ARCHIVE "20261120T020000Z-1f2e3d4c.cms"
#define SEALED STR("sealed")

static struct vault_manifest manifest_of(const struct vault_payload *payload)
{
    struct vault_manifest manifest;
    struct strlist absent = {0};
    strlist_add(&absent, STR("b: is not there"));
    vault_manifest_new(payload, ARCHIVE, SEALED, NULL, 0, &absent, &manifest);
    strlist_clear(&absent);
    return manifest;
}

static void names_of_objects(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "20261120T020000Z-1f2e3d4c.cms",
        "20261120T020000Z-1f2e3d4.manifest.json",
        "20261120T020000Z-1F2E3D4C.manifest.json",
        "20261120t020000z-1f2e3d4c.manifest.json",
        "x0261120T020000Z-1f2e3d4c.manifest.json",
        "/20261120T020000Z-1f2e3d4c.manifest.json",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        assert_null(vault_stem_of(str_of(wrong[i])).data);
    assert_true(str_is(vault_stem_of(STR("20261120T020000Z-1f2e3d4c.manifest.json")),
                       "20261120T020000Z-1f2e3d4c"));
    struct salt salt;
    char stem[VAULT_STEM_SIZE];
    char other[VAULT_STEM_SIZE];
    assert_true(salt_fill(&salt));
    vault_stem(FORGE_NOW, &salt, stem);
    assert_true(str_starts(str_of(stem), STR("20260921T141320Z-")));
    autofree char *name = xasprintf("%s" VAULT_MANIFEST_END, stem);
    assert_true(str_is(vault_stem_of(str_of(name)), stem));
    assert_true(salt_fill(&salt));
    assert_string_not_equal(vault_stem(FORGE_NOW, &salt, other), stem);
}

static void read_is_refused(const char *text, const char *expected)
{
    struct error err = {""};
    struct vault_manifest untouched = {0};
    assert_false(vault_manifest_read(str_of(text), &untouched, &err));
    assert_string_equal(err.text, expected);
    assert_null(untouched.json);
}

#define DAMAGED "is damaged, or no manifest of this program"

static void what_is_no_manifest_is_refused(void **state)
{
    (void)state;
    read_is_refused("", "is not a manifest: no JSON object");
    read_is_refused("[1]", "is not a manifest: no JSON object");
    read_is_refused("{}", "is of format 0, expected 1");
    read_is_refused("{\"format\": 2}", "is of format 2, expected 1");
    read_is_refused("{\"format\": 1}", DAMAGED);
}

/* Each part of a good one taken away, or made something else. */
static void every_part_of_a_manifest_is_needed(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *value;
    } changes[] = {
        {"created", "1"},
        {"tool", "'\\u0007'"},
        {"cluster", "''"},
        {"namespace", "'A'"},
        {"harborCluster", "'a/b'"},
        {"archive", "{}"},
        {"archive", "{'name': '../x', 'size': 1, 'sha256': 'x'}"},
        {"archive", "{'name': 'x', 'size': 1, 'sha256': 'x'}"},
        {"archive", "{'name': 'x', 'size': -1, 'sha256': "
                    "'0000000000000000000000000000000000000000000000000000000000000000'}"},
        {"archive", "{'name': 'x', 'size': '1', 'sha256': "
                    "'0000000000000000000000000000000000000000000000000000000000000000'}"},
        {"recipients", "{}"},
        {"recipients", "[1]"},
        {"secrets", "[{'name': 'a', 'type': 't'}]"},
        {"secrets", "[{'name': 'a\\nb', 'type': 't', 'keys': []}]"},
        {"absent", "[1]"},
    };
    struct vault_payload payload = vault_two();
    struct vault_manifest manifest = manifest_of(&payload);
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        json_t *copy = json_deep_copy(manifest.json);
        autofree char *wrapped = xasprintf("[%s]", changes[i].value);
        json_t *value = vault_json(wrapped);
        json_object_set(copy, changes[i].key, json_array_get(value, 0));
        autofree char *text = json_dumps(copy, 0);
        read_is_refused(text, DAMAGED);
        json_decref(value);
        json_decref(copy);
    }
    vault_manifest_done(&manifest);
    vault_payload_done(&payload);
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    struct error err = {""};
    struct buf text = BUF(VAULT_MANIFEST_MAX);
    struct vault_payload payload = vault_two();
    struct vault_manifest manifest = manifest_of(&payload);
    struct vault_manifest again;
    assert_true(vault_manifest_write(&manifest, &text));
    assert_true(vault_manifest_read(buf_str(&text), &again, &err));
    assert_true(json_equal(manifest.json, again.json));
    assert_string_equal(again.archive, ARCHIVE);
    assert_int_equal(again.size, 6);
    assert_true(vault_manifest_tells(&again, &payload, &err));
    vault_manifest_done(&manifest);
    vault_manifest_done(&again);
    vault_payload_done(&payload);
    buf_clear(&text);
}

/* Whoever reads manifests learns names and keys, and nothing about values. */
static void a_manifest_tells_nothing_about_values(void **state)
{
    (void)state;
    struct buf text = BUF(VAULT_MANIFEST_MAX);
    struct vault_payload payload = vault_two();
    struct vault_manifest manifest = manifest_of(&payload);
    assert_true(vault_manifest_write(&manifest, &text));
    char hash[DIGEST_SIZE];
    assert_true(str_find(buf_str(&text), STR("canary")) < 0);
    assert_true(str_find(buf_str(&text), STR("Y2FuYXJ5")) < 0);
    assert_true(str_find(buf_str(&text), str_of(digest_text(STR("canary"), hash))) < 0);
    assert_true(str_find(buf_str(&text), str_of(digest_text(STR("Y2FuYXJ5"), hash))) < 0);
    assert_true(str_find(buf_str(&text), STR("\"password\"")) >= 0);
    vault_manifest_done(&manifest);
    vault_payload_done(&payload);
    buf_clear(&text);
}

static void other_bytes_do_not_fit(void **state)
{
    (void)state;
    struct error err = {""};
    struct vault_payload payload = vault_two();
    struct vault_manifest manifest = manifest_of(&payload);
    assert_false(vault_manifest_fits(&manifest, STR("seale"), &err));
    assert_string_equal(err.text, "has 5 bytes, its manifest says 6; it is truncated or another's");
    assert_false(vault_manifest_fits(&manifest, STR("Sealed"), &err));
    assert_string_equal(err.text, "has another SHA-256 than its manifest says; it was altered");
    assert_true(vault_manifest_fits(&manifest, SEALED, &err));
    vault_manifest_done(&manifest);
    vault_payload_done(&payload);
}

static void a_manifest_of_something_else_is_noticed(void **state)
{
    (void)state;
    struct error err = {""};
    struct vault_payload payload = vault_two();
    struct vault_manifest manifest = manifest_of(&payload);
    json_t *data = json_object_get(json_array_get(payload.secrets, 1), "data");
    json_object_del(data, "postgresql-password");
    assert_false(vault_manifest_tells(&manifest, &payload, &err));
    assert_string_equal(err.text, "is not the archive that its manifest describes: names, times or "
                                  "keys differ");
    vault_manifest_done(&manifest);
    vault_payload_done(&payload);
}

static void recipients_are_named(void **state)
{
    (void)state;
    struct error err;
    struct forged made = forge((struct forge){.subject = "offline", .curve = "P-256"}, NULL);
    struct chain *chain;
    assert_true(chain_parse((struct pem_text){"r", str_of(made.certificate_pem)}, &chain, &err));
    struct vault_payload payload = vault_two();
    struct vault_manifest manifest;
    vault_manifest_new(&payload, ARCHIVE, SEALED, (const struct chain *const[]){chain}, 1,
                       &(struct strlist){0}, &manifest);
    const json_t *recipient = json_array_get(manifest.recipients, 0);
    assert_string_equal(json_string_value(json_object_get(recipient, "subject")), "CN=offline");
    assert_string_equal(json_string_value(json_object_get(recipient, "serial")), "1267");
    vault_manifest_done(&manifest);
    vault_payload_done(&payload);
    chain_free(chain);
    forged_done(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_objects),
        cmocka_unit_test(what_is_no_manifest_is_refused),
        cmocka_unit_test(every_part_of_a_manifest_is_needed),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_manifest_tells_nothing_about_values),
        cmocka_unit_test(other_bytes_do_not_fit),
        cmocka_unit_test(a_manifest_of_something_else_is_noticed),
        cmocka_unit_test(recipients_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
