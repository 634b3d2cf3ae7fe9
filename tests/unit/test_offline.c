#include "server/offline.h"

#include "base/file.h"
#include "tests/unit/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PROGRAM_SAYS "harbor-pg-webhook: "
#define POD(name) "kind: Pod\napiVersion: v1\nmetadata: {name: " name "}\n"
#define INCOMPLETE                                                                                 \
    "kind: ConfigMap\napiVersion: v1\nmetadata: {name: harbor-pg-restore, namespace: ns}\n"        \
    "data: {CLONE_SCOPE: a, CLONE_WAL_S3_BUCKET: bucket, CLONE_WAL_BUCKET_SCOPE_SUFFIX: /a}\n"
#define MISSING "data.CLONE_AWS_REGION is missing\n"

static const struct option_row rows[] = {OFFLINE_OPTIONS, {0}};

/* Prints "<context> <number> <label>: <reason>", but nothing for a pod named "silent". */
static bool print(const struct offline_document *document)
{
    if (strstr(document->label, "silent"))
        return false;
    printf("%s %zu %s: %s\n", (const char *)document->context, document->printed, document->label,
           document->verdict->reason);
    return true;
}

struct example {
    const char *words[4]; /* of the command line */
    const char *config;   /* what config.yaml holds */
    const char *input;    /* what "in" and standard input hold */
    int result;
    const char *out;
    const char *err;
};

static const struct example examples[] = {
    /* Nothing can be decided. */
    {{"--config=none"},
     "",
     "",
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS "none: cannot open: No such file or directory\n"},
    {{"--config=config.yaml"},
     "sever: {}\nlog: 1\n",
     "",
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS "config.yaml: sever: unknown key, did you mean 'server'\n" PROGRAM_SAYS
                  "config.yaml: log: a number is not a mapping\n"},
    {{"--profile=x"},
     "",
     "",
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS "there is no restore profile 'x'; there are: enabled\n"},
    {{"--backup-profile=x"},
     "",
     "",
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS "there is no backup profile 'x'; there are: none\n"},
    {{"none"},
     "",
     "",
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS "none: cannot open: No such file or directory\n"},
    {{"in"}, "", "", COMMAND_FAILED, "", PROGRAM_SAYS "in: no document in it\n"},
    {{NULL},
     "",
     "# none\n",
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS "standard input: no document in it\n"},
    {{"in"},
     "",
     POD("p"),
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS "in: Pod default/p: a Pod needs --profile (restore), --backup-profile, or "
                  "both\n"},
    {{"--config=config.yaml", "--profile=enabled", "in"},
     "server: {limits: {jsonDepth: 8}}",
     POD("p, labels: {a: {b: {c: {d: {e: 1}}}}}"),
     COMMAND_FAILED,
     "",
     PROGRAM_SAYS
     "in: Pod default/p: the body is not JSON: byte 383: nested deeper than 8 levels\n"},
    /* Denied: a message says which document it is about only where there are several. */
    {{"in"},
     "",
     INCOMPLETE,
     COMMAND_DENIED,
     "ctx 0 ConfigMap ns/harbor-pg-restore: "
     "incomplete-profile\n",
     "denied (incomplete-profile): " MISSING},
    {{"--profile=enabled"},
     "",
     POD("p") "---\n" INCOMPLETE,
     COMMAND_DENIED,
     "ctx 0 Pod default/p: not-spilo\n"
     "ctx 1 ConfigMap ns/harbor-pg-restore: incomplete-profile\n",
     "denied (incomplete-profile): ConfigMap ns/harbor-pg-restore: " MISSING},
    /* The worst counts, and a bad document does not stop the others. */
    {{"in"},
     "",
     "a: [\n---\n" INCOMPLETE,
     COMMAND_FAILED,
     "ctx 0 ConfigMap ns/harbor-pg-restore: incomplete-profile\n",
     PROGRAM_SAYS "in: document at line 1: line 2, column 1: did not find expected node content "
                  "while parsing a flow node\n"
                  "denied (incomplete-profile): ConfigMap ns/harbor-pg-restore: " MISSING},
    {{"in"},
     "",
     INCOMPLETE "---\nkind: Job\n",
     COMMAND_FAILED,
     "ctx 0 ConfigMap ns/harbor-pg-restore: incomplete-profile\n",
     "denied (incomplete-profile): ConfigMap ns/harbor-pg-restore: " MISSING PROGRAM_SAYS
     "in: document 2: kind is 'Job' of '', expected 'postgresql' of 'acid.zalan.do/v1', 'Pod' or "
     "'ConfigMap' of 'v1'\n"},
    /* Allowed. */
    {{"--profile=unlisted", "--backup-profile=unlisted", "--namespace=other", "-"},
     "",
     POD("silent") "---\n" POD("\"a\\eb\"") "---\n" POD("") "---\n",
     COMMAND_FINE,
     "ctx 0 Pod other/a?b: not-spilo\nctx 1 Pod other/(no name yet): not-spilo\n",
     ""},
};

/* Runs in a folder of its own; the texts that were printed are the caller's to free. */
static int run(const struct example *example, bool quiet, char **out_text, char **err_text)
{
    char *argv[5] = {NULL};
    int argc = 1;
    for (; argc < 5 && example->words[argc - 1]; argc++)
        argv[argc] = xstrdup(example->words[argc - 1]);
    struct error error;
    struct options options;
    assert_true(options_parse(rows, argc, argv, &options, &error));
    assert_true(file_write("config.yaml", str_of(example->config), 0600, &error));
    assert_true(file_write("in", str_of(example->input), 0600, &error));
    assert_non_null(freopen("in", "r", stdin));

    struct capture out = capture_open(stdout);
    struct capture err = capture_open(stderr);
    int result = offline_run(&options, print, "ctx", quiet);
    *err_text = capture_close(&err);
    *out_text = capture_close(&out);
    options_done(&options);
    for (int i = 1; i < argc; i++)
        free(argv[i]);
    return result;
}

static void each_example(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
        char *out, *err;
        int result = run(&examples[i], false, &out, &err);
        assert_string_equal(err, examples[i].err);
        assert_string_equal(out, examples[i].out);
        assert_int_equal(result, examples[i].result);
        free(out);
        free(err);
    }
}

static void quiet_keeps_denials_but_not_mistakes_off_stderr(void **state)
{
    (void)state;
    static const struct example example = {{"in"}, "", INCOMPLETE "---\n[]\n", 0, NULL, NULL};
    char *out, *err;
    assert_int_equal(run(&example, true, &out, &err), COMMAND_FAILED);
    assert_string_equal(err, PROGRAM_SAYS "in: document 2: expected an object\n");
    free(out);
    free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_example),
        cmocka_unit_test(quiet_keeps_denials_but_not_mistakes_off_stderr),
    };
    char folder[] = "/tmp/test_offline.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink("in");
    unlink("config.yaml");
    rmdir(folder);
    return failed;
}
