/*
 * Whole decisions: a folder a case. UPDATE_GOLDEN=1 rewrites what is expected; ORACLE_NDJSON names
 * a file for tests/oracle. With arguments, only the cases with these names.
 */
#include "base/file.h"
#include "base/strlist.h"
#include "tests/golden/case.h"
#include "tests/golden/readable.h"
#include "tests/support/input.h"
#include "tests/support/outcome.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (16u * 1024 * 1024)
#define CONFIG_MAX 64

struct loaded {
    char *name;
    struct config *config;
    bool used;
};

struct run {
    const char *root;
    bool update;
    FILE *oracle;
    struct loaded configs[CONFIG_MAX];
    size_t config_count;
    uint64_t reasons; /* bit of each reason that was the answer of a case */
    size_t passed, failed;
};

/* ---- configurations ---- */

static bool load_configs(struct run *run, struct error *err)
{
    autofree char *folder = xasprintf("%s/tests/golden/configs", run->root);
    DIR *dir = opendir(folder);
    if (!dir)
        return error_set(err, "%s: no such folder", folder);
    struct dirent *entry;
    bool ok = true;
    while (ok && (entry = readdir(dir))) {
        struct str name = str_of(entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        if (!str_ends(name, STR(".yaml")) || run->config_count == CONFIG_MAX) {
            ok = error_set(err, "%s/%s: one of at most %d YAML files is expected", folder,
                           entry->d_name, CONFIG_MAX);
            break;
        }
        autofree char *path = xasprintf("%s/%s", folder, entry->d_name);
        cleanup(strlist_clear) struct strlist mistakes = {0};
        struct config *config = config_load(path, RECORDED_AT, &mistakes);
        autofree char *text = strlist_join(&mistakes, "; ");
        if (!config)
            ok = error_set(err, "%s", text);
        else
            run->configs[run->config_count++] =
                (struct loaded){xstrndup(name.data, name.length - 5), config, false};
    }
    closedir(dir);
    return ok;
}

static const struct policy *policy_named(struct run *run, const char *name)
{
    for (size_t i = 0; i < run->config_count; i++) {
        if (strcmp(run->configs[i].name, name) == 0) {
            run->configs[i].used = true;
            return run->configs[i].config->policy;
        }
    }
    return NULL;
}

/* ---- what is expected ---- */

static json_t *expectation(const struct outcome *outcome)
{
    const struct answer *answer = &outcome->answer;
    if (outcome->result.status != 200)
        return json_pack("{s:i, s:s%}", "status", (int)outcome->result.status, "text",
                         outcome->result.reply.data, outcome->result.reply.length);
    json_t *expected =
        json_pack("{s:b, s:s, s:s}", "allowed", answer->allowed, "state",
                  outcome->result.summary.state, "reason", outcome->result.summary.reason);
    if (answer->message)
        json_object_set_new(expected, "message", json_string(answer->message));
    if (answer->warnings)
        json_object_set(expected, "warnings", answer->warnings);
    json_object_set(expected, "auditAnnotations", answer->annotations);
    if (answer->patch)
        json_object_set(expected, "patch", answer->patch);
    return expected;
}

/* The patched object without what no person reads; NULL when nothing changes. */
static json_t *changed_object(const struct outcome *outcome)
{
    if (!outcome->answer.patch)
        return NULL;
    json_t *object = json_deep_copy(outcome->object);
    json_object_del(json_object_get(object, "metadata"), "managedFields");
    return object;
}

/* Compares the tree with a file of the case, or writes the file. No tree means no file. */
static bool compare(const struct run *run, const struct golden_case *golden, const char *file,
                    const json_t *tree, struct error *err)
{
    autofree char *path = xasprintf("%s/%s", golden->folder, file);
    if (run->update && !tree)
        return unlink(path) == 0 || access(path, F_OK) != 0 ||
               error_set(err, "%s cannot be removed", path);
    cleanup(buf_clear) struct buf text = BUF(TEXT_MAX);
    if (tree)
        readable_json(tree, &text);
    if (run->update)
        return file_write(path, buf_str(&text), 0644, err);
    if (!tree)
        return access(path, F_OK) != 0 || error_set(err, "%s is there, but nothing changes", file);
    cleanup(buf_clear) struct buf stored = BUF(TEXT_MAX);
    if (!file_read(path, &stored, err))
        return false;
    if (str_equal(buf_str(&stored), buf_str(&text)))
        return true;
    printf("---- %s/%s is now ----\n%s", golden->name, file, text.data);
    return error_set(err, "%s differs", file);
}

static bool check_files(const struct golden_case *golden, struct error *err)
{
    DIR *dir = opendir(golden->folder);
    struct dirent *entry;
    bool ok = true;
    while (ok && dir && (entry = readdir(dir))) {
        const char *name = entry->d_name;
        if (name[0] != '.' && strcmp(name, "case.json") != 0 &&
            strcmp(name, "expected.json") != 0 && strcmp(name, "object.json") != 0)
            ok = error_set(err, "%s belongs to no case", name);
    }
    if (dir)
        closedir(dir);
    return ok;
}

static void note_reason(struct run *run, const struct outcome *outcome)
{
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        if (strcmp(reason_name((enum reason)i), outcome->result.summary.reason) == 0)
            run->reasons |= UINT64_C(1) << i;
    }
}

static bool judge(struct run *run, const struct golden_case *golden, const struct policy *policy,
                  const struct outcome *outcome, struct error *err)
{
    if (!outcome_holds(policy, golden->path, golden->review, golden->now, outcome, err))
        return false;
    note_reason(run, outcome);
    outcome_write(run->oracle, golden->name, golden->review, outcome);
    json_t *expected = expectation(outcome);
    json_t *object = changed_object(outcome);
    bool ok = compare(run, golden, "expected.json", expected, err);
    ok = ok && compare(run, golden, "object.json", object, err);
    json_decref(expected);
    json_decref(object);
    return ok && check_files(golden, err);
}

static bool run_case(struct run *run, const char *name, struct error *err)
{
    cleanup(case_done) struct golden_case golden;
    if (!case_read(run->root, name, &golden, err))
        return false;
    const struct policy *policy = policy_named(run, golden.config);
    if (!policy)
        return error_set(err, "config: there is no configs/%s.yaml", golden.config);
    cleanup(outcome_done) struct outcome outcome;
    return outcome_ask(policy, golden.path, golden.review, JSON_COMPACT, golden.now, &outcome,
                       err) &&
           judge(run, &golden, policy, &outcome, err);
}

/* ---- all of them ---- */

static void note(struct run *run, const char *name, bool ok, const char *why)
{
    if (ok)
        printf("ok      %s\n", name);
    else
        printf("FAILED  %s: %s\n", name, why);
    run->passed += ok;
    run->failed += !ok;
}

static int is_case(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && entry->d_name[0] != '.' &&
           strcmp(entry->d_name, "configs") != 0 && strcmp(entry->d_name, "bases") != 0;
}

static void run_all(struct run *run)
{
    autofree char *folder = xasprintf("%s/tests/golden", run->root);
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_case, alphasort);
    for (int i = 0; i < count; i++) {
        struct error err = {""};
        note(run, entries[i]->d_name, run_case(run, entries[i]->d_name, &err), err.text);
        free(entries[i]);
    }
    free(entries);
}

/* What the cases leave out: a reason that never decides, a configuration that none uses. */
static void check_whole(struct run *run)
{
    for (unsigned i = 0; i < REASON_COUNT; i++) {
        if (run->reasons & UINT64_C(1) << i)
            continue;
        note(run, reason_name((enum reason)i), false, "no case has this reason");
    }
    for (size_t i = 0; i < run->config_count; i++) {
        if (run->configs[i].used)
            continue;
        note(run, run->configs[i].name, false, "no case uses this configuration");
    }
}

int main(int argc, char **argv)
{
    struct error err = {""};
    const char *oracle = getenv("ORACLE_NDJSON");
    struct run run = {
        .root = SOURCE_ROOT,
        .update = getenv("UPDATE_GOLDEN") != NULL,
        .oracle = oracle ? fopen(oracle, "w") : NULL,
    };
    if (!load_configs(&run, &err)) {
        printf("%s\n0 passed, 1 failed\n", err.text);
        return 1;
    }
    for (int i = 1; i < argc; i++)
        note(&run, argv[i], run_case(&run, argv[i], &err), err.text);
    if (argc == 1) {
        run_all(&run);
        check_whole(&run);
    }
    for (size_t i = 0; i < run.config_count; i++) {
        config_unref(run.configs[i].config);
        free(run.configs[i].name);
    }
    if (run.oracle)
        fclose(run.oracle);
    printf("%zu passed, %zu failed\n", run.passed, run.failed);
    return run.failed || !run.passed ? 1 : 0;
}
