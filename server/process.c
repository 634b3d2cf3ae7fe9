#include "server/process.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Cuts the next word off the text. */
static struct str take_word(struct str *text)
{
    *text = str_trim(*text);
    size_t length = 0;
    while (length < text->length && text->data[length] != ' ' && text->data[length] != '\n')
        length++;
    struct str word = {text->data, length};
    *text = str_skip(*text, length);
    return word;
}

static uint64_t take_number(struct str *text)
{
    uint64_t number = 0;
    return str_number(take_word(text), &number) ? number : 0;
}

static uint64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    if (!folder)
        return 0;
    uint64_t count = 0;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count - 1; /* the folder itself */
}

/* proc(5): the name in field 2 may hold blanks, so counting starts behind its parenthesis. */
static void read_stat(struct process_stats *stats)
{
    cleanup(buf_clear) struct buf file = BUF(4096);
    struct error err;
    if (!file_read("/proc/self/stat", &file, &err))
        return;
    struct str text = buf_str(&file);
    const char *end = memrchr(text.data, ')', text.length);
    if (!end)
        return;
    text = str_skip(text, (size_t)(end + 1 - text.data));
    uint64_t numbers[25] = {0};
    for (size_t i = 3; i < 25; i++)
        numbers[i] = take_number(&text);
    double ticks = (double)sysconf(_SC_CLK_TCK);
    struct timespec now;
    struct timespec up;
    clock_gettime(CLOCK_REALTIME, &now);
    clock_gettime(CLOCK_BOOTTIME, &up);
    double boot = (double)(now.tv_sec - up.tv_sec) + (double)(now.tv_nsec - up.tv_nsec) / 1e9;
    stats->cpu_seconds = (double)(numbers[14] + numbers[15]) / ticks;
    stats->start_time = boot + (double)numbers[22] / ticks;
    stats->virtual_bytes = numbers[23];
    stats->resident_bytes = numbers[24] * (uint64_t)sysconf(_SC_PAGESIZE);
}

void process_stats(struct process_stats *ret)
{
    *ret = (struct process_stats){0};
    read_stat(ret);
    ret->open_fds = count_fds();
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        ret->max_fds = limit.rlim_cur;
}

unsigned process_quota_cpus(struct str cpu_max)
{
    uint64_t quota;
    uint64_t period;
    if (!str_number(take_word(&cpu_max), &quota) || !str_number(take_word(&cpu_max), &period) ||
        period == 0 || quota == 0)
        return 0;
    uint64_t cpus = (quota - 1) / period + 1;
    return cpus > 1024 ? 1024 : (unsigned)cpus;
}

/* In a container the own cgroup is the root of what is mounted; outside it is named in
 * /proc/self/cgroup as "0::/path". */
static unsigned cgroup_cpus(void)
{
    struct error err;
    cleanup(buf_clear) struct buf own = BUF(4096);
    cleanup(buf_clear) struct buf limit = BUF(256);
    const char *path = "";
    if (file_read("/proc/self/cgroup", &own, &err) && str_starts(buf_str(&own), STR("0::/"))) {
        own.data[strcspn(own.data, "\n")] = '\0';
        path = own.data + strlen("0::");
    }
    autofree char *file = xasprintf("/sys/fs/cgroup%s/cpu.max", path);
    if (!file_read(file, &limit, &err) && !file_read("/sys/fs/cgroup/cpu.max", &limit, &err))
        return 0;
    return process_quota_cpus(buf_str(&limit));
}

unsigned process_cpus(void)
{
    cpu_set_t set;
    unsigned cpus = 1;
    if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 1)
        cpus = (unsigned)CPU_COUNT(&set);
    unsigned granted = cgroup_cpus();
    return granted && granted < cpus ? granted : cpus;
}
