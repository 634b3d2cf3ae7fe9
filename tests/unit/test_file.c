#include "base/file.h"

#include "base/mem.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* Tests run in a folder of their own, which is empty when each one starts. */
static int enter_folder(void **state)
{
    char folder[] = "/tmp/test_file.XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0)
        return -1;
    *state = xstrdup(folder);
    return 0;
}

static int leave_folder(void **state)
{
    autofree char *folder = *state;
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *folder = opendir(".");
    assert_non_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count - 2; /* "." and ".." */
}

static void names_what_cannot_be_read(void **state)
{
    (void)state;
    struct error err;
    cleanup(buf_clear) struct buf buf = BUF(100);
    assert_false(file_read("absent", &buf, &err));
    assert_string_equal(err.text, "absent: cannot open: No such file or directory");
    assert_false(file_read(".", &buf, &err));
    assert_string_equal(err.text, ".: cannot read: Is a directory");
}

static void refuses_a_file_beyond_the_limit(void **state)
{
    (void)state;
    struct error err;
    cleanup(buf_clear) struct buf buf = BUF(3);
    assert_true(file_write("f", STR("1234"), 0600, &err));
    assert_false(file_read("f", &buf, &err));
    assert_string_equal(err.text, "f: larger than 3 bytes");
    assert_int_equal(unlink("f"), 0);
}

static void names_what_cannot_be_written(void **state)
{
    (void)state;
    struct error err;
    assert_false(file_write("absent/f", STR("x"), 0600, &err));
    assert_string_equal(err.text, "absent/f: cannot create: No such file or directory");
    assert_int_equal(mkdir("folder", 0700), 0);
    assert_false(file_write("folder", STR("x"), 0600, &err));
    assert_string_equal(err.text, "folder: cannot write: Is a directory");
    assert_int_equal(count_files(), 1);
    assert_int_equal(rmdir("folder"), 0);
}

static void keeps_the_old_file_when_the_disk_is_full(void **state)
{
    (void)state;
    struct error err;
    assert_true(file_write("f", STR("old"), 0600, &err));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit tight = {4, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    bool written = file_write("f", STR("new and longer"), 0600, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

    assert_false(written);
    assert_string_equal(err.text, "f: cannot write: File too large");
    cleanup(buf_clear) struct buf buf = BUF(100);
    assert_true(file_read("f", &buf, &err));
    assert_string_equal(buf.data, "old");
    assert_int_equal(count_files(), 1);
    assert_int_equal(unlink("f"), 0);
}

static void reads_what_it_wrote(void **state)
{
    (void)state;
    struct error err;
    autofree char *large = xmalloc(100000);
    memset(large, 'x', 100000);
    assert_true(file_write("f", STR("before"), 0644, &err));
    assert_true(file_write("f", (struct str){large, 100000}, 0640, &err));
    struct stat status;
    assert_int_equal(stat("f", &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);

    cleanup(buf_clear) struct buf buf = BUF(100001);
    buf_add_char(&buf, '>');
    assert_true(file_read("f", &buf, &err));
    assert_int_equal(buf.length, 100001);
    assert_memory_equal(buf.data + 1, large, 100000);
    assert_int_equal(count_files(), 1);
    assert_int_equal(unlink("f"), 0);
}

static void a_new_file_replaces_nothing(void **state)
{
    (void)state;
    struct error err;
    cleanup(buf_clear) struct buf buf = BUF(100);
    assert_false(file_create("absent/f", STR("x"), 0600, &err));
    assert_string_equal(err.text, "absent/f: cannot create: No such file or directory");
    assert_true(file_create("f", STR("first"), 0600, &err));
    assert_false(file_create("f", STR("second"), 0600, &err));
    assert_string_equal(err.text, "f: is there already and is not replaced");
    assert_true(file_read("f", &buf, &err));
    assert_string_equal(buf.data, "first");
    assert_int_equal(count_files(), 1);
    assert_int_equal(unlink("f"), 0);
}

/* Reads "-" with standard input at the file. */
static bool read_standard_input(const char *path, struct buf *buf, struct error *err)
{
    int before = dup(STDIN_FILENO);
    FILE *file = freopen(path, "r", stdin);
    assert_non_null(file);
    bool read = file_read("-", buf, err);
    assert_true(dup2(before, STDIN_FILENO) >= 0);
    close(before);
    return read;
}

static void reads_standard_input(void **state)
{
    (void)state;
    struct error err;
    cleanup(buf_clear) struct buf buf = BUF(5);
    assert_true(file_write("f", STR("input"), 0600, &err));
    assert_true(read_standard_input("f", &buf, &err));
    assert_string_equal(buf.data, "input");
    assert_false(read_standard_input("f", &buf, &err));
    assert_string_equal(err.text, "standard input: larger than 5 bytes");
    assert_false(read_standard_input(".", &buf, &err));
    assert_string_equal(err.text, "standard input: cannot read: Is a directory");
    assert_int_equal(unlink("f"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_cannot_be_read),
        cmocka_unit_test(refuses_a_file_beyond_the_limit),
        cmocka_unit_test(names_what_cannot_be_written),
        cmocka_unit_test(keeps_the_old_file_when_the_disk_is_full),
        cmocka_unit_test(reads_what_it_wrote),
        cmocka_unit_test(a_new_file_replaces_nothing),
        cmocka_unit_test(reads_standard_input),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
