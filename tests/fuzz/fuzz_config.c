/* Arbitrary bytes as a configuration file, and as YAML that is read, written and read again. */
#include "base/mem.h"
#include "server/config.h"
#include "server/yaml.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1795140000 /* 2026-11-20T02:00:00Z */
#define WRITTEN_MAX (16u * 1024 * 1024)

static void check_texts(const struct strlist *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        for (const char *c = mistakes->items[i]; *c; c++)
            fuzz_check((unsigned char)*c >= 0x20 && *c != 0x7f, "a message is one printable line");
}

static void check_entries(const struct entry_list *entries, const struct profile_problems *problems)
{
    bool sound = !problems->missing.count && !problems->wrong.count;
    fuzz_check(sound == (entries->count > 0), "an environment if and only if nothing is wrong");
    for (size_t i = 0; i < entries->count; i++) {
        const struct entry *entry = &entries->items[i];
        json_t *json = json_loads(entry->json, JSON_REJECT_DUPLICATES, NULL);
        const char *name = json_string_value(json_object_get(json, "name"));
        fuzz_check(name && str_is(str_of(name), entry->name), "an entry's JSON has its name");
        fuzz_check(str_find(str_of(entry->value), STR("$(")) < 0, "nothing to expand");
        json_decref(json);
        for (size_t other = 0; other < i; other++)
            fuzz_check(strcmp(entries->items[other].name, entry->name) != 0, "a name comes once");
    }
}

static void check_policy(const struct policy *policy)
{
    struct strlist problems = {0};
    policy_problems(policy, &problems);
    check_texts(&problems);
    strlist_clear(&problems);
    for (size_t i = 0; i < policy->restore_count; i++)
        check_entries(&policy->restores[i].entries, &policy->restores[i].problems);
    for (size_t i = 0; i < policy->backup_count; i++)
        check_entries(&policy->backups[i].entries, &policy->backups[i].problems);
    fuzz_check(policy_restore(policy, STR(POLICY_PROFILE_ENABLED)), "enabled is built in");
}

static void check_config(struct str text)
{
    struct strlist mistakes = {0};
    struct config *config = config_parse("fuzz", text, NOW, &mistakes);
    fuzz_check(!config == (mistakes.count > 0), "a configuration or mistakes");
    check_texts(&mistakes);
    if (config)
        check_policy(config->policy);
    config_unref(config);
    strlist_clear(&mistakes);
}

static void check_yaml(struct str text)
{
    struct error err;
    json_t *tree = yaml_read(text, &err);
    if (!tree)
        return;
    struct buf written = BUF(WRITTEN_MAX);
    yaml_write(tree, &written);
    json_t *again = yaml_read(buf_str(&written), &err);
    fuzz_check(written.failed || json_equal(tree, again), "what is written reads back the same");
    buf_clear(&written);
    json_decref(again);
    json_decref(tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    check_config(text);
    check_yaml(text);
    return 0;
}
