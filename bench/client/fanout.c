/* Hold many WebSockets that follow one list, check every offset, stamp every delivery.

   fanout FORMAT PATH GREETINGS
     FORMAT     centrifugo: the protocol of that name, joined when command 2 is answered
                socketio:   Engine.IO 4 with Socket.IO 5, joined when the namespace is
                plain:      any text message with an "offset" counts, joined at the upgrade
     GREETINGS  a file with a text message a line, used in turn, sent after the upgrade; in it a
                tab stands for a newline, $offset for the socket's position. Empty: none

   Commands come as lines on stdin, answers leave as JSON lines on stdout:
     open COUNT AT_ONCE SINCE WITHIN_MS ADDRESS:PORT[,...]
                                                   join, AT_ONCE at a time, from position SINCE
     return MIN_MS MAX_MS ADDRESS:PORT[,...]       from now on who is cut off comes back there, after
                                                   the official JavaScript SDK's random delay
     expect LIVE OFFSET WITHIN_MS                  answer when so many are live and have this offset
     record BASE                                   stamp what is above BASE, forget older stamps
     delays OFFSET:NS ...                          delays since these moments (ns since 1970)
     status · close · quit
   It ends at the end of stdin, too. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stamps.h"
#include "wire.h"

#define MOST 20000u
#define TARGETS 16u
#define BUFFER (1u << 20)
#define SOURCES 8u /* addresses that connections come from: each has 28,000 ports to a target */

enum { CENTRIFUGO, SOCKETIO, PLAIN };
enum { CLOSED, WAITING, CONNECTING, UPGRADING, GREETING, LIVE };

typedef struct {
    int fd;
    unsigned char state, attempts, recovered;
    uint64_t last; /* the last offset it has; 0: none yet */
    uint64_t moment; /* when joining began, or when to come back */
    char *held;
    uint32_t have;
} Conn;

static int format, poller;
static const char *path;
static char **greetings;
static uint32_t greeting_count;
static Conn conns[MOST];
static uint32_t count, next_open, at_once, joining, failed, live;
static struct sockaddr_in targets[TARGETS], homes[TARGETS];
static uint32_t target_count, home_count;
static uint64_t since, opened_at, open_by, home_min, home_max;
static int opening;
static double took[MOST];
static uint32_t took_count;
static uint64_t deliveries, gaps, duplicates, cut, refused, unrecovered;
static char why[200];
static uint64_t expect_offset, expect_by;
static uint32_t expect_live;
static int expecting;
static char buffer[BUFFER + 1];

static void start(uint32_t index, const struct sockaddr_in *to);

static void note(const char *text, size_t size) {
    if (why[0]) return;
    if (size > sizeof why - 1) size = sizeof why - 1;
    for (size_t i = 0; i < size; i++)
        why[i] = text[i] < ' ' || text[i] == '"' || text[i] == '\\' ? ' ' : text[i];
    why[size] = 0;
}

static void end(Conn *c, const char *reason, size_t size) {
    if (c->state == CLOSED || c->state == WAITING) return;
    note(reason, size);
    struct linger hard = {1, 0}; /* a reset: no port stays behind in TIME_WAIT */
    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(c->fd);
    free(c->held);
    c->held = NULL;
    c->have = 0;
    int was = c->state;
    c->state = CLOSED;
    if (was == LIVE) {
        live--;
        cut++;
    } else {
        joining--;
        failed++;
        refused++;
    }
    if (home_count) { /* the SDK's back-off with full jitter */
        uint64_t span = home_min << (c->attempts > 20 ? 20 : c->attempts);
        if (span > home_max) span = home_max;
        uint64_t wait = home_min + (uint64_t)(drand48() * (double)span);
        c->moment = now_ns() + (wait > home_max ? home_max : wait);
        c->state = WAITING;
        if (c->attempts < 255) c->attempts++;
    }
}

static int put(Conn *c, unsigned char kind, const char *payload, size_t size) {
    unsigned char frame[4096];
    if (size > sizeof frame - 16) return 0;
    size_t head = frame_header(frame, kind, size, 1);
    memcpy(frame + head, payload, size);
    if (send(c->fd, frame, head + size, MSG_NOSIGNAL) == (ssize_t)(head + size)) return 1;
    end(c, "send", 4);
    return 0;
}

static void joined(Conn *c, uint64_t at) {
    if (c->state == LIVE) return;
    c->state = LIVE;
    c->attempts = 0;
    joining--;
    live++;
    if (took_count < MOST) took[took_count++] = (double)(at - c->moment) / 1e6;
}

static void delivered(Conn *c, uint64_t offset, uint64_t at) {
    if (c->last && offset <= c->last) {
        duplicates++;
        return;
    }
    if (c->last && offset != c->last + 1) gaps++;
    c->last = offset;
    deliveries++;
    stamp(offset, at);
}

struct reply {
    Conn *c;
    uint64_t at, position;
    int publications;
};

static void reply_offset(void *of, int depth, uint64_t offset) {
    struct reply *r = of;
    if (depth == 2) r->position = offset;
    if (depth == 4) {
        r->publications++;
        delivered(r->c, offset, r->at);
    }
}

static int begins(const char *text, size_t size, const char *with) {
    size_t n = strlen(with);
    return size >= n && !memcmp(text, with, n);
}

static void centrifugo(Conn *c, const char *text, size_t size, uint64_t at) {
    if (size == 2) {
        put(c, TEXT, "{}", 2);
    } else if (begins(text, size, "{\"push\":{\"channel\":\"list:")) {
        const char *quote = memchr(text + 25, '"', size - 25);
        size_t rest = quote ? (size_t)(text + size - quote) : 0;
        if (begins(quote, rest, "\",\"pub\":")) delivered(c, last_offset(quote, rest), at);
        else if (begins(quote, rest, "\",\"unsubscribe\":")) end(c, text, size);
    } else if (begins(text, size, "{\"id\":2,\"subscribe\"")) {
        struct reply r = {c, at, 0, 0};
        int asked = c->last != 0;
        each_offset(text, size, reply_offset, &r);
        if (asked && !memmem(text, size, "\"recovered\":true", 16)) {
            unrecovered++;
            c->last = r.position;
        } else if (!asked && !r.publications) {
            c->last = r.position;
        }
        joined(c, at);
    } else if (memmem(text, size, "\"error\":", 8)) {
        end(c, text, size);
    }
}

static void socketio(Conn *c, const char *text, size_t size, uint64_t at) {
    if (text[0] == '0') put(c, TEXT, "40", 2);
    else if (text[0] == '2') put(c, TEXT, "3", 1);
    else if (begins(text, size, "42")) delivered(c, last_offset(text, size), at);
    else if (begins(text, size, "40")) joined(c, at);
    else if (size) end(c, text, size);
}

static void plain(Conn *c, const char *text, size_t size, uint64_t at) {
    uint64_t offset = last_offset(text, size);
    if (offset) delivered(c, offset, at);
}

/* Take a text frame: of several messages joined by newlines, except where newlines are text. */
static void message(Conn *c, const char *text, size_t size, uint64_t at) {
    if (format == SOCKETIO) {
        socketio(c, text, size, at);
        return;
    }
    for (const char *stop = text + size; text < stop && c->state >= GREETING;) {
        const char *line = memchr(text, '\n', (size_t)(stop - text));
        if (!line) line = stop;
        (format == PLAIN ? plain : centrifugo)(c, text, (size_t)(line - text), at);
        text = line + 1;
    }
}

static void greet(Conn *c) {
    char text[4000];
    const char *line = greetings[(uint32_t)(c - conns) % greeting_count];
    const char *mark = strstr(line, "$offset");
    size_t size;
    if (mark)
        size = (size_t)snprintf(text, sizeof text, "%.*s%llu%s", (int)(mark - line), line,
                                (unsigned long long)c->last, mark + 7);
    else
        size = (size_t)snprintf(text, sizeof text, "%s", line);
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\t') text[i] = '\n';
    put(c, TEXT, text, size);
}

/* Take what came; give how much of it is used up. */
static size_t taken(Conn *c, char *data, size_t have, uint64_t at) {
    size_t used = 0;
    if (c->state == UPGRADING) {
        char *stop = memmem(data, have, "\r\n\r\n", 4);
        if (!stop) return 0;
        if (!begins(data, have, "HTTP/1.1 101")) {
            char *body = stop + 4 < data + have ? stop + 4 : data; /* a problem says more */
            end(c, body, (size_t)(data + have - body));
            return have;
        }
        used = (size_t)(stop + 4 - data);
        c->state = GREETING;
        if (greeting_count) greet(c);
        else if (format == PLAIN) joined(c, at);
    }
    unsigned char kind;
    const char *payload;
    size_t size, whole;
    while (c->state >= GREETING &&
           frame_read((unsigned char *)data + used, have - used, &kind, &payload, &size, &whole)) {
        used += whole;
        if (kind == TEXT) message(c, payload, size, at);
        else if (kind == PING) put(c, PONG, payload, size);
        else if (kind == CLOSE) end(c, size > 2 ? payload + 2 : "close", size > 2 ? size - 2 : 5);
        else if (kind != PONG) end(c, "a frame of another kind", 23);
    }
    return used;
}

static void readable(Conn *c) {
    if (c->have) memcpy(buffer, c->held, c->have);
    ssize_t got = recv(c->fd, buffer + c->have, BUFFER - c->have, 0);
    uint64_t at = now_ns();
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN) return;
        const char *reason = got ? strerror(errno) : "end of stream";
        end(c, reason, strlen(reason));
        return;
    }
    size_t have = c->have + (size_t)got, used = taken(c, buffer, have, at);
    if (c->state < CONNECTING) return;
    free(c->held);
    c->held = NULL;
    c->have = (uint32_t)(have - used);
    if (c->have) {
        c->held = malloc(c->have);
        memcpy(c->held, buffer + used, c->have);
    }
}

static void writable(Conn *c) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        end(c, strerror(error), strlen(strerror(error)));
        return;
    }
    char request[600];
    int n = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: lockstep.example\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n%s\r\n",
                     path, format == CENTRIFUGO ? "Sec-WebSocket-Protocol: centrifuge-json\r\n" : "");
    struct epoll_event event = {EPOLLIN, {.u32 = (uint32_t)(c - conns)}};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
    c->state = UPGRADING;
    if (send(c->fd, request, (size_t)n, MSG_NOSIGNAL) != n) end(c, "send", 4);
}

static void start(uint32_t index, const struct sockaddr_in *to) {
    Conn *c = &conns[index];
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    c->state = CONNECTING;
    c->moment = now_ns();
    joining++;
    struct sockaddr_in from = {.sin_family = AF_INET};
    from.sin_addr.s_addr = htonl(0x7f000002u + index % SOURCES);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {EPOLLOUT, {.u32 = index}};
    if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&from, sizeof from) ||
        (connect(c->fd, (const struct sockaddr *)to, sizeof *to) && errno != EINPROGRESS) ||
        epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event))
        end(c, strerror(errno), strlen(strerror(errno)));
}

#include "commands.h"

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: fanout centrifugo|socketio|plain PATH GREETINGS\n");
        return 2;
    }
    format = !strcmp(argv[1], "centrifugo") ? CENTRIFUGO : !strcmp(argv[1], "socketio") ? SOCKETIO
                                                                                      : PLAIN;
    path = argv[2];
    read_greetings(argv[3]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    srand48((long)now_ns() ^ getpid());
    poller = epoll_create1(EPOLL_CLOEXEC);
    fcntl(0, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {EPOLLIN, {.u32 = MOST}};
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
    static struct epoll_event events[512];
    for (uint64_t ticked = 0;;) {
        int busy = opening || expecting || home_count;
        int n = epoll_wait(poller, events, 512, busy ? 5 : -1);
        for (int i = 0; i < n; i++) {
            uint32_t index = events[i].data.u32;
            if (index == MOST) {
                if (!commands()) return 0;
                continue;
            }
            Conn *c = &conns[index];
            if (c->state == CONNECTING) writable(c);
            else if (c->state > CONNECTING) readable(c);
        }
        uint64_t now = now_ns();
        if (opening) open_more(now);
        if (now - ticked > 5000000u) {
            ticked = now;
            tick(now);
        }
    }
}
