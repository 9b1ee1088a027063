/* The limit: one message written to every socket by a loop of send(), and nothing else.

   sendloop PORT BYTES
     Takes WebSockets on 127.0.0.1:PORT. Each line "publish COUNT" on stdin writes COUNT text
     messages of BYTES bytes, joined by newlines in one frame, to every socket; the answer on stdout
     is "OFFSET:NS ..." for each, the moment before the first send(). It ends at the end of stdin. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define MOST 20000

/* The measuring client does not check what its key became. */
static const char ACCEPT[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                             "Connection: Upgrade\r\n\r\n";

static int sockets[MOST], count, place[MOST + 64];
static unsigned long long offset;

static void publish(unsigned long together, size_t bytes) {
    char *frame = malloc(together * (bytes + 1) + 16), *payload = frame + 16, *at = payload;
    for (unsigned long i = 0; i < together; i++) {
        if (i) *at++ = '\n';
        int head = sprintf(at, "{\"text\":\"");
        char tail[48];
        int n = sprintf(tail, "\",\"offset\":%llu}", offset + i + 1);
        memset(at + head, 'x', bytes - (size_t)head - (size_t)n);
        memcpy(at + bytes - n, tail, (size_t)n);
        at += bytes;
    }
    size_t size = (size_t)(at - payload);
    unsigned char header[16];
    size_t head = frame_header(header, TEXT, size, 0);
    memcpy(payload - head, header, head);
    uint64_t moment = now_ns();
    for (int i = 0; i < count; i++)
        if (send(sockets[i], payload - head, head + size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) continue;
    for (unsigned long i = 0; i < together; i++)
        printf("%s%llu:%llu", i ? " " : "", ++offset, (unsigned long long)moment);
    printf("\n");
    fflush(stdout);
    free(frame);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: sendloop PORT BYTES\n");
        return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    size_t bytes = (size_t)atoi(argv[2]);
    if (bytes < 80) bytes = 80;
    int one = 1, door = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 4096)) {
        perror("listen");
        return 1;
    }
    int poller = epoll_create1(0);
    struct epoll_event event = {EPOLLIN, {.fd = door}};
    epoll_ctl(poller, EPOLL_CTL_ADD, door, &event);
    event.data.fd = 0;
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event);
    printf("ready\n");
    fflush(stdout);
    static struct epoll_event events[256];
    static char data[65536];
    for (;;) {
        int n = epoll_wait(poller, events, 256, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == door) {
                int taken = accept4(door, NULL, NULL, SOCK_NONBLOCK);
                if (taken < 0) continue;
                if (taken >= MOST + 64) {
                    close(taken);
                    continue;
                }
                setsockopt(taken, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                place[taken] = -1;
                event.data.fd = taken;
                epoll_ctl(poller, EPOLL_CTL_ADD, taken, &event);
            } else if (fd == 0) {
                char line[100] = {0};
                if (read(0, line, sizeof line - 1) <= 0) return 0;
                unsigned long together = strtoul(line + 8, NULL, 10);
                publish(together ? together : 1, bytes);
            } else if (recv(fd, data, sizeof data, 0) <= 0) {
                close(fd);
                if (place[fd] >= 0) { /* the last one takes its place */
                    sockets[place[fd]] = sockets[--count];
                    place[sockets[place[fd]]] = place[fd];
                }
            } else if (place[fd] < 0 && count < MOST) {
                place[fd] = count;
                sockets[count++] = fd;
                if (send(fd, ACCEPT, sizeof ACCEPT - 1, MSG_NOSIGNAL) < 0) continue;
            }
        }
    }
}
