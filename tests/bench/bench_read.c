/*
 * Times doc_read() and jansson's json_loadb() on one file, in turns:
 *     bench_read FILE...
 * Prints the median time of one read over the rounds, in nanoseconds.
 */
#include "base/file.h"
#include "patches/doc.h"

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS 15
#define ROUND_NS 20e6 /* how long a round should last */

typedef bool reader(struct str text);

static bool read_doc(struct str text)
{
    struct error err;
    cleanup(doc_cleanup) struct doc *doc = NULL;
    return doc_read(text, DOC_DEPTH_MAX, &doc, &err);
}

static bool read_jansson(struct str text)
{
    cleanup(json_decrefp) json_t *tree =
        json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    return tree;
}

static const struct {
    const char *name;
    reader *read;
} readers[] = {{"doc", read_doc}, {"jansson", read_jansson}};
#define READERS (sizeof(readers) / sizeof(readers[0]))

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds for each of `times` reads. */
static double time_reads(reader *read, struct str text, unsigned long times)
{
    double start = now_ns();
    for (unsigned long i = 0; i < times; i++)
        if (!read(text))
            return 0;
    return (now_ns() - start) / (double)times;
}

static int compare(const void *left, const void *right)
{
    const double *a = left;
    const double *b = right;
    return (*a > *b) - (*a < *b);
}

static void bench(const char *path, struct str text)
{
    double rounds[READERS][ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < READERS; i++) {
            double once = time_reads(readers[i].read, text, 1);
            double times = ROUND_NS / (once > 1 ? once : 1);
            rounds[i][round] = time_reads(readers[i].read, text, 1 + (unsigned long)times);
        }
    }
    printf("%s: %zu bytes", path, text.length);
    for (size_t i = 0; i < READERS; i++) {
        qsort(rounds[i], ROUNDS, sizeof(rounds[i][0]), compare);
        printf(", %s %.0f ns", readers[i].name, rounds[i][ROUNDS / 2]);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct error err;
        cleanup(buf_clear) struct buf text = BUF(DOC_TEXT_MAX);
        if (!file_read(argv[i], &text, &err)) {
            fprintf(stderr, "bench_read: %s\n", err.text);
            return 1;
        }
        if (!read_doc(buf_str(&text)) || !read_jansson(buf_str(&text))) {
            fprintf(stderr, "bench_read: %s: not JSON\n", argv[i]);
            return 1;
        }
        bench(argv[i], buf_str(&text));
    }
    return 0;
}
