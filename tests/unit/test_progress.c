#include "server/archive/progress.h"

#include "base/mem.h"

#include <fcntl.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

static const struct progress_state half = {
    .objects = 3,
    .objects_all = 40,
    .bytes = 1024 * 1024,
    .bytes_all = 2048 * 1024,
    .key = "wal_005/000000010000000000000003.lz4",
};

static void assert_line(const struct progress_state *at, uint64_t nanos, size_t width,
                        const char *expected)
{
    cleanup(buf_clear) struct buf line = BUF(1024);
    progress_line(at, nanos, width, &line);
    assert_string_equal(buf_str(&line).data, expected);
}

/* What was written to a pipe so far. */
static void assert_written(int fd, const char *expected)
{
    char text[1024];
    ssize_t length = read(fd, text, sizeof(text) - 1);
    text[length > 0 ? length : 0] = '\0';
    assert_string_equal(text, expected);
}

static void open_pipe(int fds[2])
{
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
}

static void close_pipe(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static void a_key_steers_no_terminal(void **state)
{
    (void)state;
    struct progress_state evil = half;
    evil.key = "a\033[2Jb\xff";
    assert_line(&evil, 0, 100, "3 of 40 objects, 1.0 MiB of 2.0 MiB: a?[2Jb?");
}

static void the_end_of_a_long_key_is_shown(void **state)
{
    (void)state;
    assert_line(&half, 0, 50, "3 of 40 objects, 1.0 MiB of 2.0 MiB: 000000003.lz4");
    assert_line(&half, 0, 30, "3 of 40 objects, 1.0 MiB of 2.0 MiB");
}

static void says_how_far_it_is_and_how_fast(void **state)
{
    (void)state;
    assert_line(&half, 4 * SECOND, 100,
                "3 of 40 objects, 1.0 MiB of 2.0 MiB, 256.0 KiB/s: "
                "wal_005/000000010000000000000003.lz4");
}

static void nothing_is_written_to_nowhere(void **state)
{
    (void)state;
    struct progress none = {.fd = -1};
    progress_show(&none, &half, 1);
    progress_show(&none, &half, 100 * SECOND);
    progress_end(&none);
}

static void a_file_gets_a_line_every_ten_seconds(void **state)
{
    (void)state;
    int fds[2];
    open_pipe(fds);
    struct progress_state at = half;
    at.key = NULL;
    struct progress progress = progress_to(fds[1]);
    assert_false(progress.terminal);
    progress_show(&progress, &at, SECOND);
    progress_show(&progress, &at, 11 * SECOND - 1);
    assert_written(fds[0], "");
    progress_show(&progress, &at, 11 * SECOND);
    progress_show(&progress, &at, 12 * SECOND);
    progress_end(&progress);
    assert_written(fds[0], "3 of 40 objects, 1.0 MiB of 2.0 MiB, 102.4 KiB/s\n");
    close_pipe(fds);
}

static void a_terminal_has_one_line_that_goes_away(void **state)
{
    (void)state;
    int fds[2];
    open_pipe(fds);
    struct progress_state at = half;
    at.key = NULL;
    struct progress progress = {.fd = fds[1], .terminal = true};
    progress_show(&progress, &at, SECOND);
    progress_end(&progress);
    assert_written(fds[0], "");
    progress_show(&progress, &at, SECOND + SECOND / 5);
    assert_written(fds[0], "\r\033[K3 of 40 objects, 1.0 MiB of 2.0 MiB");
    progress_end(&progress);
    assert_written(fds[0], "\r\033[K");
    close_pipe(fds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_steers_no_terminal),
        cmocka_unit_test(the_end_of_a_long_key_is_shown),
        cmocka_unit_test(says_how_far_it_is_and_how_fast),
        cmocka_unit_test(nothing_is_written_to_nowhere),
        cmocka_unit_test(a_file_gets_a_line_every_ten_seconds),
        cmocka_unit_test(a_terminal_has_one_line_that_goes_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
