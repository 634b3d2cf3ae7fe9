/* What the kernel tells about this process and what it grants it. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include "base/str.h"

struct process_stats {
    double cpu_seconds;
    uint64_t virtual_bytes;
    uint64_t resident_bytes;
    uint64_t open_fds;
    uint64_t max_fds;
    double start_time; /* seconds since the epoch */
};

/* The numbers now; what cannot be read is 0. */
void process_stats(struct process_stats *ret);

/* CPUs that may be used: the affinity mask, cut by the quota of the cgroup (v2, cpu.max) rounded
 * up; at least 1. */
unsigned process_cpus(void);

/* CPUs granted by the text of a cpu.max ("150000 100000" is 2); 0 for no limit or an unreadable
 * text. */
unsigned process_quota_cpus(struct str cpu_max);

#endif
