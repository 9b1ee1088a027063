/* When each publication reached each socket, and what that says about delays. */
#ifndef STAMPS_H
#define STAMPS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 200000u

typedef struct {
    uint64_t *at;
    uint32_t count, room;
} Row;

static struct {
    Row *rows;
    uint64_t base; /* offsets up to this one are not stamped */
    uint32_t count;
    uint32_t expected; /* sockets, to make room at once */
    int on;
} stamps;

static void stamps_begin(uint64_t base, uint32_t expected) {
    for (uint32_t i = 0; i < stamps.count; i++) free(stamps.rows[i].at);
    free(stamps.rows);
    memset(&stamps, 0, sizeof stamps);
    stamps.base = base;
    stamps.expected = expected ? expected : 1;
    stamps.on = 1;
}

static void stamp(uint64_t offset, uint64_t at) {
    if (!stamps.on || offset <= stamps.base || offset - stamps.base > MOST_ROWS) return;
    uint32_t index = (uint32_t)(offset - stamps.base - 1);
    if (index >= stamps.count) {
        uint32_t count = index + 64;
        stamps.rows = realloc(stamps.rows, count * sizeof(Row));
        memset(stamps.rows + stamps.count, 0, (count - stamps.count) * sizeof(Row));
        stamps.count = count;
    }
    Row *row = &stamps.rows[index];
    if (row->count == row->room) {
        row->room = row->room ? row->room * 2 : stamps.expected;
        row->at = realloc(row->at, row->room * sizeof(uint64_t));
    }
    row->at[row->count++] = at;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double share(const double *sorted, size_t count, double percent) {
    if (!count) return 0;
    double exact = (double)count * percent / 100;
    size_t index = (size_t)exact;
    if ((double)index < exact) index++;
    return sorted[index ? index - 1 : 0];
}

/* Print the delays of the publications in `line`, "OFFSET:NS OFFSET:NS ...": over all deliveries,
   and of each publication's last delivery. Milliseconds. */
static void stamps_print(char *line) {
    size_t room = 1024, count = 0, lasts_room = 64, lasts = 0;
    double *delays = malloc(room * sizeof(double)), *last = malloc(lasts_room * sizeof(double));
    unsigned long publications = 0, unseen = 0;
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
        char *rest;
        uint64_t offset = strtoull(word, &rest, 10), sent = strtoull(rest + 1, NULL, 10);
        publications++;
        Row *row = NULL;
        if (offset > stamps.base && offset - stamps.base <= stamps.count)
            row = &stamps.rows[offset - stamps.base - 1];
        if (!row || !row->count) {
            unseen++;
            continue;
        }
        if (count + row->count > room) {
            room = (count + row->count) * 2;
            delays = realloc(delays, room * sizeof(double));
        }
        double slowest = -1e18;
        for (uint32_t i = 0; i < row->count; i++) {
            double delay = ((double)row->at[i] - (double)sent) / 1e6;
            delays[count++] = delay;
            if (delay > slowest) slowest = delay;
        }
        if (lasts == lasts_room) last = realloc(last, (lasts_room *= 2) * sizeof(double));
        last[lasts++] = slowest;
    }
    qsort(delays, count, sizeof(double), by_size);
    qsort(last, lasts, sizeof(double), by_size);
    printf("{\"event\":\"delays\",\"publications\":%lu,\"unseen\":%lu,\"deliveries\":%zu,"
           "\"p50\":%.4f,\"p95\":%.4f,\"p99\":%.4f,\"p999\":%.4f,\"max\":%.4f,"
           "\"last_p50\":%.4f,\"last_max\":%.4f}\n",
           publications, unseen, count, share(delays, count, 50), share(delays, count, 95),
           share(delays, count, 99), share(delays, count, 99.9), share(delays, count, 100),
           share(last, lasts, 50), share(last, lasts, 100));
    free(delays);
    free(last);
}

#endif
