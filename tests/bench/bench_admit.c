/*
 * What a decision costs beside jansson's bare parse of the same bytes:
 *     bench_admit CONFIG PROFILE REVIEW...
 * Prints one line for each review: its bytes, then the median nanoseconds of one jansson parse, one
 * doc_read() and one whole admit(), body bytes to reply bytes. The three take turns.
 */
#include "base/file.h"
#include "base/mem.h"
#include "patches/doc.h"
#include "server/admit.h"
#include "server/config.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS 15
#define ROUND_NS 20e6 /* how long a round should last */
#define JSON_DEPTH 64

struct question {
    const struct policy *policy;
    struct admit_target target;
    struct str body;
    int64_t now; /* seconds UTC */
};

typedef bool reader(const struct question *question);

static bool parse_with_jansson(const struct question *question)
{
    struct str body = question->body;
    json_t *tree = json_loadb(body.data, body.length, JSON_REJECT_DUPLICATES, NULL);
    json_decref(tree);
    return tree;
}

static bool read_document(const struct question *question)
{
    struct error err;
    cleanup(doc_cleanup) struct doc *doc = NULL;
    return doc_read(question->body, JSON_DEPTH, &doc, &err);
}

/* True for an answer that patches: anything else would be a cheaper question than is asked. */
static bool decide(const struct question *question)
{
    struct admit_result result;
    admit(question->policy, question->target, question->body, JSON_DEPTH, question->now, &result);
    bool patched = result.status == 200 && result.decided && result.summary.operations > 0;
    admit_result_done(&result);
    return patched;
}

static reader *const readers[] = {parse_with_jansson, read_document, decide};
#define READERS (sizeof(readers) / sizeof(readers[0]))

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds for each of `times` reads; below 0 when one failed. */
static double time_reads(reader *read, const struct question *question, unsigned long times)
{
    double start = now_ns();
    for (unsigned long i = 0; i < times; i++)
        if (!read(question))
            return -1;
    return (now_ns() - start) / (double)times;
}

static int compare(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return (*a > *b) - (*a < *b);
}

static bool bench(const struct question *question)
{
    double rounds[READERS][ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < READERS; i++) {
            double once = time_reads(readers[i], question, 1);
            if (once < 0)
                return false;
            double times = 1 + ROUND_NS / (once + 1);
            rounds[i][round] = time_reads(readers[i], question, (unsigned long)times);
        }
    }
    printf("%zu", question->body.length);
    for (size_t i = 0; i < READERS; i++) {
        qsort(rounds[i], ROUNDS, sizeof(rounds[i][0]), compare);
        printf(" %.0f", rounds[i][ROUNDS / 2]);
    }
    printf("\n");
    return true;
}

static void config_done(struct config **config)
{
    config_unref(*config);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: bench_admit CONFIG PROFILE REVIEW...\n");
        return 2;
    }
    struct question question = {
        .target = {.kind = ADMIT_RESTORE, .profile = str_of(argv[2])},
        .now = time(NULL),
    };
    cleanup(strlist_clear) struct strlist mistakes = {0};
    cleanup(config_done) struct config *config = config_load(argv[1], question.now, &mistakes);
    for (size_t i = 0; i < mistakes.count; i++)
        fprintf(stderr, "%s\n", mistakes.items[i]);
    if (!config)
        return 1;
    question.policy = config->policy;
    for (int i = 3; i < argc; i++) {
        struct error err;
        cleanup(buf_clear) struct buf body = BUF(DOC_TEXT_MAX);
        if (!file_read(argv[i], &body, &err)) {
            fprintf(stderr, "bench_admit: %s\n", err.text);
            return 1;
        }
        question.body = buf_str(&body);
        if (!bench(&question)) {
            fprintf(stderr, "bench_admit: %s: not answered with a patch\n", argv[i]);
            return 1;
        }
    }
    return 0;
}
