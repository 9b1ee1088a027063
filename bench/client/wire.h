/* The bytes of WebSocket (RFC 6455) and of JSON, as far as measuring needs them. */
#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT = 0x81, CLOSE = 0x88, PING = 0x89, PONG = 0x8a };

static inline uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Write a frame's header to `to`; give its length. A client's frame has the all-zero masking key,
   a legal one, which leaves the payload as it is. */
static inline size_t frame_header(unsigned char *to, unsigned char kind, size_t size, int client) {
    size_t at = 2;
    unsigned char mask = client ? 0x80 : 0;
    to[0] = kind;
    if (size < 126) {
        to[1] = (unsigned char)(mask | size);
    } else if (size < 65536) {
        to[1] = mask | 126;
        to[2] = (unsigned char)(size >> 8);
        to[3] = (unsigned char)size;
        at = 4;
    } else {
        to[1] = mask | 127;
        for (int i = 0; i < 8; i++) to[2 + i] = (unsigned char)((uint64_t)size >> (56 - 8 * i));
        at = 10;
    }
    if (client) {
        memset(to + at, 0, 4);
        at += 4;
    }
    return at;
}

/* Read the unmasked frame at `data`: 1 with kind, payload and size set, 0 when it is not whole. */
static inline int frame_read(const unsigned char *data, size_t have, unsigned char *kind,
                             const char **payload, size_t *size, size_t *whole) {
    if (have < 2) return 0;
    size_t head = 2, n = data[1] & 0x7f;
    if (n == 126) {
        if (have < 4) return 0;
        n = (size_t)data[2] << 8 | data[3];
        head = 4;
    } else if (n == 127) {
        if (have < 10) return 0;
        n = 0;
        for (int i = 0; i < 8; i++) n = n << 8 | data[2 + i];
        head = 10;
    }
    if (have - head < n || have < head) return 0;
    *kind = data[0];
    *payload = (const char *)data + head;
    *size = n;
    *whole = head + n;
    return 1;
}

static inline uint64_t digits(const char *p, const char *end) {
    uint64_t value = 0;
    while (p < end && *p >= '0' && *p <= '9') value = value * 10 + (uint64_t)(*p++ - '0');
    return value;
}

/* Give the number after the last `"offset":` of a message, 0 when there is none: what a
   publication holds may have offsets of its own, and those come before. */
static inline uint64_t last_offset(const char *text, size_t size) {
    static const char name[] = "\"offset\":";
    const size_t n = sizeof name - 1;
    for (const char *p = text + size; p-- > text;) {
        if (*p == '"' && (size_t)(text + size - p) > n && !memcmp(p, name, n))
            return digits(p + n, text + size);
    }
    return 0;
}

/* Call `found(of, depth, offset)` for each key "offset" of a reply that stands `depth` braces and
   brackets deep. */
static inline void each_offset(const char *text, size_t size,
                               void (*found)(void *of, int depth, uint64_t offset), void *of) {
    static const char name[] = "\"offset\":";
    const size_t n = sizeof name - 1;
    int depth = 0;
    for (const char *p = text, *end = text + size; p < end; p++) {
        if (*p == '{' || *p == '[') {
            depth++;
        } else if (*p == '}' || *p == ']') {
            depth--;
        } else if (*p == '"') {
            if ((size_t)(end - p) > n && !memcmp(p, name, n)) found(of, depth, digits(p + n, end));
            for (p++; p < end && *p != '"'; p++)
                if (*p == '\\') p++;
        }
    }
}

#endif
