#include "server/listen.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static bool split_bracketed(struct str text, struct str *ret_host, struct str *ret_port)
{
    long end = str_find(text, STR("]:"));
    if (end < 0)
        return false;
    *ret_host = (struct str){text.data + 1, (size_t)end - 1};
    *ret_port = str_skip(text, (size_t)end + 2);
    return true;
}

bool listen_split(const char *address, struct str *ret_host, struct str *ret_port,
                  struct error *err)
{
    struct str text = str_of(address);
    struct str host = {text.data, 0};
    struct str port = STR("");
    long colon = str_find(text, STR(":"));
    bool split = str_starts(text, STR("[")) ? split_bracketed(text, &host, &port) : colon >= 0;
    if (split && !str_starts(text, STR("["))) {
        host.length = (size_t)colon;
        port = str_skip(text, (size_t)colon + 1);
    }
    uint64_t number;
    if (!split || host.length == 0 || !str_number(port, &number) || number > 65535)
        return error_set(err, "'%.200s' is not an address of the form host:port or [v6]:port",
                         address);
    *ret_host = host;
    *ret_port = port;
    return true;
}

static bool fail(struct error *err, const char *address, int code)
{
    char text[128];
    return error_set(err, "cannot listen on %s: %s", address,
                     error_errno(code, text, sizeof(text)));
}

static int open_one(const struct addrinfo *info)
{
    int on = 1;
    int off = 0;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int code = errno;
    close(fd);
    errno = code;
    return -1;
}

bool listen_open(const char *address, int *ret_fd, struct error *err)
{
    struct str host;
    struct str port;
    if (!listen_split(address, &host, &port, err))
        return false;
    autofree char *host_text = xstrndup(host.data, host.length);
    autofree char *port_text = xstrndup(port.data, port.length);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *infos = NULL;
    int code = getaddrinfo(host_text, port_text, &hints, &infos);
    if (code != 0)
        return error_set(err, "cannot listen on %s: %s", address, gai_strerror(code));
    int fd = -1;
    for (const struct addrinfo *info = infos; info && fd < 0; info = info->ai_next)
        fd = open_one(info);
    int cause = errno;
    freeaddrinfo(infos);
    if (fd < 0)
        return fail(err, address, cause);
    *ret_fd = fd;
    return true;
}

void listen_name(int fd, struct buf *name)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    buf_addf(name, address.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

void listen_last_call(int fd)
{
    enum { FLAGS_OFFSET = 13, ALL = UINT32_MAX, NOTHING = 0 }; /* of the TCP header */
    struct sock_filter drop_syn[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_OFFSET),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, NOTHING),
        BPF_STMT(BPF_RET | BPF_K, ALL),
    };
    const struct sock_fprog program = {sizeof(drop_syn) / sizeof(drop_syn[0]), drop_syn};
    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

unsigned listen_waiting(int fd)
{
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return 0;
    return info.tcpi_unacked; /* of a listening socket: the length of its accept queue */
}
