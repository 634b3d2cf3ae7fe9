#include "server/watch.h"

#include "base/file.h"
#include "base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct place {
    char folder[64];
    char path[128];
    struct watch *watch;
    uint64_t now;
};

static char *inside(const struct place *place, const char *name)
{
    return xasprintf("%s/%s", place->folder, name);
}

static void write_file(const struct place *place, const char *name, const char *text)
{
    struct error err;
    autofree char *path = inside(place, name);
    assert_true(file_write(path, str_of(text), 0600, &err));
}

/* As the kubelet mounts: the file is a link through ..data to a folder with a version. */
static void publish(const struct place *place, const char *version, const char *text)
{
    autofree char *folder = inside(place, version);
    autofree char *name = xasprintf("%s/file", version);
    autofree char *next = inside(place, "..next");
    autofree char *data = inside(place, "..data");
    assert_int_equal(mkdir(folder, 0700), 0);
    write_file(place, name, text);
    assert_int_equal(symlink(version, next), 0);
    assert_int_equal(rename(next, data), 0);
}

static int set_up(void **state)
{
    struct place *place = xcalloc(1, sizeof(*place));
    snprintf(place->folder, sizeof(place->folder), "/tmp/test_watch.XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof(place->path), "%s/file", place->folder);
    place->watch = watch_new();
    place->now = 1000;
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    const char *const names[] = {"v1/file", "v1", "v2/file", "v2", "..data", "file", "other"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        autofree char *path = inside(place, names[i]);
        remove(path);
    }
    rmdir(place->folder);
    watch_free(place->watch);
    free(place);
    return 0;
}

static void begin(struct place *place)
{
    const char *const paths[] = {place->path, "", NULL};
    watch_files(place->watch, paths, 3);
}

static bool event_came(const struct place *place)
{
    struct pollfd fd = {watch_fd(place->watch), POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
}

/* Whether a change is told once it has held still. */
static bool changed(struct place *place)
{
    bool at_once = watch_changed(place->watch, place->now);
    place->now += WATCH_SETTLE_MS;
    bool later = watch_changed(place->watch, place->now);
    assert_false(at_once);
    return later;
}

static void no_change_is_told_of_none(void **state)
{
    struct place *place = *state;
    begin(place);
    assert_false(changed(place));
    write_file(place, "file", "a");
    begin(place);
    assert_false(changed(place));
    write_file(place, "other", "a");
    assert_false(changed(place));
}

static void what_still_moves_is_not_told(void **state)
{
    struct place *place = *state;
    write_file(place, "file", "a");
    begin(place);
    for (int i = 0; i < 5; i++) {
        write_file(place, "file", "b");
        place->now += WATCH_SETTLE_MS - 1;
        assert_false(watch_changed(place->watch, place->now));
        assert_true(watch_is_unsettled(place->watch));
    }
    assert_true(changed(place));
    assert_false(watch_is_unsettled(place->watch));
    assert_false(changed(place));
}

static void a_file_that_comes_and_goes_is_told(void **state)
{
    struct place *place = *state;
    begin(place);
    write_file(place, "file", "a");
    assert_true(event_came(place));
    assert_true(changed(place));
    assert_int_equal(unlink(place->path), 0);
    assert_true(event_came(place));
    assert_true(changed(place));
    assert_false(changed(place));
    assert_false(event_came(place));
}

static void a_swapped_link_is_told_every_time(void **state)
{
    struct place *place = *state;
    publish(place, "v1", "a");
    assert_int_equal(symlink("..data/file", place->path), 0);
    begin(place);
    publish(place, "v2", "a");
    assert_true(event_came(place));
    assert_true(changed(place));
    autofree char *folder = inside(place, "v1");
    autofree char *file = inside(place, "v1/file");
    unlink(file);
    rmdir(folder);
    publish(place, "v1", "b");
    assert_true(event_came(place));
    assert_true(changed(place));
}

static void a_file_written_in_place_is_told(void **state)
{
    struct place *place = *state;
    write_file(place, "file", "a");
    begin(place);
    FILE *file = fopen(place->path, "a");
    assert_non_null(file);
    fputs("more", file);
    fclose(file);
    assert_true(event_came(place));
    assert_true(changed(place));
}

static void other_files_replace_the_old_ones(void **state)
{
    struct place *place = *state;
    write_file(place, "file", "a");
    begin(place);
    autofree char *other = inside(place, "other");
    const char *const paths[] = {other};
    watch_files(place->watch, paths, 1);
    write_file(place, "file", "b");
    assert_false(changed(place));
    write_file(place, "other", "b");
    assert_true(changed(place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_change_is_told_of_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_still_moves_is_not_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_comes_and_goes_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_swapped_link_is_told_every_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_written_in_place_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_files_replace_the_old_ones, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
